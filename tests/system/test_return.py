"""Nodes that return after an outage, all at once: the short form of tools/bench_return.py."""

from pathlib import Path

from system.identity_rig import needs_mosquitto
from system.return_rig import run


@needs_mosquitto
def test_nodes__forty_return_after_an_outage__all_current_and_nothing_lost(tmp_path: Path) -> None:
    found = run(tmp_path, 40, outage_s=0.5, interval_s=0.5, processes=1)
    assert (found.lost, found.dropped) == (0, 0)
    assert found.reports >= 40 * 5
    # What was acknowledged in the last two seconds, and no more than that.
    assert 0 < found.again <= 40 * 16
    assert found.doubles <= found.again + 40 * 4
