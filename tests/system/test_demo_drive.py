"""The demo's motor end to end: starts, runs, loses a phase, stops; hours and starts are kept."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodewright import boards
from nodewright.data import firmware_dir
from nodewright.demo import drive, machines, plan
from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.result import DemoResult
from nodewright.image import compiler, files
from nodewright.page import build, gather
from system.test_demo import node, play


@pytest.fixture
def one_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """One accelerometer beside it, not all."""
    first = machines.instruments()[:1]
    monkeypatch.setattr(plan, "instruments", lambda: first)


def _values(result: DemoResult, feature: str) -> list[Any]:
    points = node(result, drive.NAME)["points"]
    return [point["value"] for point in points if point["feature"] == feature]


@pytest.mark.usefixtures("one_other")
def test_demo_drive__its_whole_story__told_and_every_value_right() -> None:
    result = play(every_sensor=True, tls=True)  # as the command line has it
    assert result.ok, result.failures
    told = node(result, drive.NAME)
    assert told["sensor"] == {
        "chip": "adc",
        "bus": None,
        "odr_hz": 2000,
        "inputs": 3,
        "samples": 1024,
    }
    words = ["started", "running", "lost", "stopped", "power", "started"]
    assert [text.split()[0].strip(":") for text in told["story"]] == words
    assert told["lost"] == 0 and told["sent"] >= 8
    (peak, *_) = _values(result, "cur_inrush_a")
    assert abs(peak / drive.inrush_a() - 1) < 0.1
    assert max(_values(result, "cur_unbalance_pct")) > 99
    assert {point["channel"] for point in told["points"]} == {"l1", "l2", "l3"}
    kept = result.kept[drive.NAME]
    assert any("phase_lost" in str(report["marked"]) for report in kept.reports.values())
    page = build(gather(result, datetime.now(UTC), "a host"))
    assert "clamp l1" in page and "power cut" in page and "current from" in page


_FORGETS = """

Motor.save_if_due = lambda self, ticks_ms: False
"""


@pytest.mark.usefixtures("one_other")
def test_demo_drive__hours_that_are_not_kept__fails_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = tmp_path / "firmware"
    shutil.copytree(firmware_dir(), firmware)
    with (firmware / "node" / "motor.py").open("a") as source:
        source.write(_FORGETS)
    for module in (compiler, files):
        monkeypatch.setattr(module, "firmware_dir", lambda: firmware)
    result = play(every_sensor=True)
    assert [text for text in result.failures if "as before the power cut" in text], result.failures


def test_plan__codes_of_the_converter__become_amperes_without_its_wide_codes() -> None:
    made = plan.make_plans(boards.load("virtual"), 0, 10.0, 1, every_sensor=True)[-1]
    assert isinstance(made, DrivePlan)
    codes = np.array([[0, 511, 512], [513, 2048, 4095]], np.int16)
    amps = made.physical(codes)
    full_a = drive.FULL_SCALE_V * drive.PER_VOLT
    assert amps[0, 0] == 0 and abs(amps[1, 2] / full_a - 1) < 1e-3
    step_a = amps[0, 1] / 511
    assert amps[1, 0] - amps[0, 1] == pytest.approx(11 * step_a)  # ten for the wide one
    assert amps[0, 2] - amps[0, 1] == pytest.approx(5.5 * step_a)
