"""A thousand nodes do not come back at once: what tools/sim_return.py computes, bounded."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

_TOOL = Path(__file__).parents[2] / "tools" / "sim_return.py"


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sim_return", _TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", [1, 2])
def test_thousand_nodes__broker_gone_for_any_time__at_most_half_within_a_second(
    seed: int,
) -> None:
    tool = _tool()
    pause_ms = tool.pauses()
    for outage_s in tool.OUTAGES_S:
        found = tool.simulate(pause_ms, outage_s, 1000, seed)
        assert found.busiest <= 500, (outage_s, found)
        assert found.all_s <= 15.0, (outage_s, found)
        if outage_s >= 10:  # by then they are spread over the longest pause
            assert found.busiest <= 200, (outage_s, found)


def test_one_node__broker_gone_for_a_moment__back_within_three_seconds() -> None:
    tool = _tool()
    found = tool.simulate(tool.pauses(), 0.0, 1000, 1)
    assert found.all_s <= 3.0 and found.mean_s <= 1.6, found
