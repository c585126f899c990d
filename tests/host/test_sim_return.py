"""A thousand nodes do not come back at once: what tools/sim_return.py computes, bounded."""

import pytest

from runner import tools


@pytest.mark.parametrize("seed", [1, 2])
def test_thousand_nodes__broker_gone_for_any_time__at_most_half_within_a_second(
    seed: int,
) -> None:
    tool = tools.load("sim_return")
    pause_ms = tool.pauses()
    for outage_s in tool.OUTAGES_S:
        found = tool.simulate(pause_ms, outage_s, 1000, seed)
        assert found.busiest <= 500, (outage_s, found)
        assert found.all_s <= 15.0, (outage_s, found)
        if outage_s >= 10:  # by then they are spread over the longest pause
            assert found.busiest <= 200, (outage_s, found)


def test_one_node__broker_gone_for_a_moment__back_within_three_seconds() -> None:
    tool = tools.load("sim_return")
    found = tool.simulate(tool.pauses(), 0.0, 1000, 1)
    assert found.all_s <= 3.0 and found.mean_s <= 1.6, found
