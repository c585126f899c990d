"""Random faults of a sensor, each counted: the short form of tools/soak_faults.py."""

import pytest

from runner import tools
from system.fault_ledger import Ledger


# Of seed 12 three kinds last too long, or leave too much behind, to meet nobody.
@pytest.mark.parametrize(
    ("every_ms", "minutes", "kinds", "seed"), [(355, 0.7, 6, 5), (4000, 0.5, 2, 12)]
)
def test_node__random_faults__each_that_met_it_is_told_and_counted(every_ms, minutes, kinds, seed):
    found = tools.load("soak_faults").soak(minutes, seed, every_ms, most_apart_ms=1500)
    assert not found.problems
    assert len(found.met) >= 6 and len(found.ledger.counted) >= kinds


def fault(kind, from_ms, to_ms):
    return {"chip": "acc", "kind": kind, "from_ms": from_ms, "to_ms": to_ms}


def test_ledger__two_faults_and_one_report__one_is_missing():
    ledger = Ledger(400, 400)
    ledger.tell(1000, {"bus_error"})
    faults = [fault("nack", 1100, 1110), fault("unplugged", 1300, 1301)]
    missing = ledger.judge(faults, {("nack", 1100): 1, ("unplugged", 1300): 0})
    assert len(missing) == 1 and missing[0].startswith("unplugged")


def test_ledger__nothing_asked_while_it_lasted__met_nobody():
    ledger = Ledger(400, 400)
    assert ledger.judge([fault("nack", 100, 110)], {("nack", 100): 0}) == []
    assert ledger.unmet["nack"] == 1 and ledger.longest_unmet_ms["nack"] == 10


def test_ledger__frozen_for_a_few_samples__too_short_to_tell_and_longer_is_missing():
    ledger = Ledger(400, 400)
    faults = [fault("stuck", 100, 110), fault("stuck", 900, 990)]
    missing = ledger.judge(faults, {("stuck", 100): 8, ("stuck", 900): 60})
    assert len(missing) == 1 and ledger.short["stuck"] == 1
