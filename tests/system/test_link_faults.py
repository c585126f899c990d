"""Whole nodes on links that are slow, trickle, break, refuse, freeze, or end in silence."""

import socket
from collections.abc import Iterator

import pytest

from system.identity_rig import needs_mosquitto
from system.link_rig import FAULTS, KEEPALIVE_S, Fault, Outcome, run

pytestmark = [
    needs_mosquitto,
    pytest.mark.xdist_group("link-faults"),  # one run for all of them
    pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="no TCP_INFO here"),
]


_BUSY_S = 3.0  # six nodes at once on a busy host; by itself: test_mqtt_links.py


@pytest.fixture(scope="module")
def outcomes() -> Iterator[dict[str, Outcome]]:
    yield {found.fault: found for found in run()}


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_node__link_that_does_so__nothing_lost_nothing_doubled_and_the_cause_told(
    outcomes: dict[str, Outcome], fault: Fault
) -> None:
    found = outcomes[fault.name]
    assert (found.lost, found.dropped, found.twice) == (0, 0, 0), found
    assert found.meanwhile >= 2 and found.reports >= found.meanwhile + 4, found
    if fault.told:
        assert found.connects >= 2 and fault.told & set(found.causes), found
    else:
        assert (found.connects, found.causes) == (1, {}), found
    if fault.silent:
        # Virtual boards are ahead of the clock: it may well be sooner.
        assert 0 < found.found_s < 1.5 * KEEPALIVE_S + _BUSY_S, found
