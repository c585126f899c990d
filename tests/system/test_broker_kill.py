"""A broker that dies again and again: the short form of tools/soak_broker.py."""

import pytest

from system.identity_rig import needs_mosquitto
from system.kill_rig import run

pytestmark = needs_mosquitto


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
def test_nodes__broker_killed_five_times__nothing_lost_nothing_doubled(tls) -> None:
    # Up for long enough that nodes and collector are back: a kill within the milliseconds between
    # mosquitto's acknowledgement and its saving may lose a report while nobody listens
    # (docs/reliability.md).
    found = run(kills=5, seed=1, nodes=2, up_s=(1.5, 3.0), down_s=(0.0, 0.5), tls=tls)
    assert found.kills == 5
    assert found.reports > 20
    assert found.twice == 0
    assert found.lost == 0, found.gaps
    assert found.dropped == 0
