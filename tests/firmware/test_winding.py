"""The hint at shorted turns: what is told, what is withheld, and why."""

from node import winding


def tell(neg_seq_pct, supply_pct=None, running=True, why=None):
    rows = ({}, {}, {})
    if neg_seq_pct is None:
        rows[1][winding.OF] = why
    else:
        rows[0][winding.OF] = neg_seq_pct
    winding.tell(running, 7.0, supply_pct, rows)
    return [row.get(winding.KEY) for row in rows]


def test_tell__as_measured_healthy_and_shorted__no_hint_and_a_hint():
    # Healthy motors' most, the least with a fifth of the turns shorted: docs/performance.md
    assert tell(3.3) == [0.0, None, None]
    assert tell(15.7) == [1.0, None, "no_voltage"]
    assert tell(15.7, supply_pct=0.5) == [1.0, None, None]


def test_tell__a_supply_that_may_be_the_cause__withheld():
    assert tell(15.7, supply_pct=1.0) == [None, "supply", None]
    assert tell(6.9, supply_pct=1.0) == [0.0, None, None]
    assert tell(100.0, supply_pct=3.0) == [1.0, None, None]


def test_tell__motor_that_does_not_run__withheld():
    assert tell(15.7, running=False) == [None, "standing", None]
    assert tell(15.7, running=None) == [None, "not_seen", None]


def test_tell__negative_sequence_withheld__for_its_reason():
    for why in ("not_together", "clamp", "unsteady", "too_short", "no_phases"):
        assert tell(None, why=why) == [None, why, None]
        assert tell(None, why=why, running=False) == [None, "standing", None]
