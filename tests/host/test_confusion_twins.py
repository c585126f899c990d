"""tools/confusion_twins.py: recordings through twin, driver, capture and the node's own envelope.

The recordings are no part of the repository: what needs them skips where they are absent.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nodewright.offline import choose_runtime

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
sys.path.append(str(ROOT / "tools"))

confusion: Any = importlib.import_module("confusion")
twins: Any = importlib.import_module("confusion_twins")
capture: Any = importlib.import_module("twin_capture")

ORDERS = {"bpfo": 3.0516, "bpfi": 4.9484, "bsf": 1.99, "ftf": 0.381}
SENSORS = confusion.SENSORS

with_recordings = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings at {DATA}")


def point(samples: np.ndarray, rate_hz: float = 20_000.0) -> Any:
    return confusion.Point(
        "made", "healthy", rate_hz, 30.0, ORDERS, samples.reshape(len(samples), -1)
    )


def test_board__every_sample_another__blocks_in_a_row_to_the_digit(tmp_path: Path) -> None:
    # An ADXL345 leaves the last bit out at its highest rate.
    for chip, odr_hz, range_g, away in (("kx134", 25_600, 16, 0.51), ("adxl345", 3200, 16, 1.51)):
        counted = np.arange(12_000) * 2.7e-3 - 15.0
        wave = np.column_stack((counted, -counted))
        board = capture.Board(
            chip, wave, tmp_path, odr_hz=odr_hz, range_g=range_g, clock_error_ppm=5000, noise=False
        )
        assert board.holds(1) == 2
        found = board.capture(2)
        assert found.valid and not found.clipped and found.digits.shape == (2, 2, 4096)
        # The clock's error is in the rate, within what capture can tell in 1.3 s or less.
        assert found.rate_hz == pytest.approx(1.005 * odr_hz, rel=2e-4)
        first = board.sensor.settling_samples
        for axis in (0, 1):
            exact = wave[first : first + 8192, axis] / found.g_per_digit
            assert np.max(np.abs(found.digits[axis].reshape(-1) - exact)) < away, (chip, axis)


def test_board__decimated__half_the_rate_and_no_alias(tmp_path: Path) -> None:
    at_s = np.arange(30_000) / 26_667
    wave = np.column_stack([np.sin(2 * np.pi * hertz * at_s) for hertz in (3000.0, 11_000.0)])
    board = capture.Board(
        "iis3dwb", wave, tmp_path, odr_hz=26_667, range_g=2, noise=False, clock_error_ppm=0
    )
    assert board.holds(2) == 3
    found = board.capture(2, decimate=2)
    assert found.valid and found.rate_hz == pytest.approx(26_667 / 2, rel=2e-4)
    heights = np.std(found.digits.reshape(2, -1), axis=1) * np.sqrt(2) * found.g_per_digit
    assert heights[0] == pytest.approx(1.0, rel=0.005) and heights[1] < 0.002


def test_wave_of__tones__what_the_chips_filter_leaves_at_its_own_rate() -> None:
    at_s = np.arange(96_000) / 48_000.0
    for name, hertz, share in (
        ("adxl345", 300.0, 1.0),
        ("adxl345", 2500.0, 0.0),
        ("kx134", 4000.0, 1.0),
        ("kx134", 9000.0, 0.0),
        ("kx134-full", 9000.0, 1.0),
        ("iis3dwb-full", 6300.0, 0.707),
        ("iis3dwb-full", 1000.0, 1.0),
    ):
        sensor = SENSORS[name]
        wave = twins.wave_of(point(np.sin(2 * np.pi * hertz * at_s), 48_000.0), sensor)
        own_hz = sensor.rate_hz * (1 + twins.CLOCK_ERROR_PPM[sensor.chip] * 1e-6)
        assert len(wave) == pytest.approx(2.0 * own_hz, rel=0.02)
        middle = wave[200:-200, 0]
        assert np.std(middle) * np.sqrt(2) == pytest.approx(share, abs=0.01), (name, hertz)


def test_range_for__peaks__the_least_with_a_tenth_to_spare() -> None:
    for chip, peak_g, range_g in (
        ("kx134", 7.2, 8),
        ("kx134", 7.4, 16),
        ("kx134", 90.0, 64),
        ("iis3dwb", 0.1, 2),
        ("iis3dwb", 15.0, 16),
    ):
        assert twins.range_for(np.array([[0.0], [-peak_g]]), chip) == range_g, (chip, peak_g)


def test_own_noise__each_sensor__of_its_density_and_bandwidth(tmp_path: Path) -> None:
    for name in ("adxl345", "kx134", "kx134-full", "iis3dwb-full"):
        sensor = SENSORS[name]
        row = confusion.chips.ROWS[sensor.chip]
        width_hz = confusion.chips.bandwidth_hz(sensor.chip, sensor.rate_hz)
        expected = row["noise_g_rthz"] * np.sqrt(width_hz)
        # The table has the noisiest axis, and the record is of x.
        least = 0.45 if name == "adxl345" else 0.95
        noise_g = twins.own_noise_g(sensor, choose_runtime(), tmp_path)
        assert least < noise_g / expected < 1.05, (name, noise_g, expected)


def test_judged__blows_on_one_axis_of_three__its_verdict_for_every_k() -> None:
    random, rate_hz = np.random.default_rng(4), 20_000.0
    at_s = np.arange(4 * 4096) / rate_hz
    for race, said in (("bpfo", "outer race"), ("bpfi", "inner race"), (None, "none")):
        axes = random.normal(0, 300, (3, len(at_s)))
        if race:
            since_s = np.mod(at_s, 1 / (ORDERS[race] * 30.0))
            axes[1] += 5000 * np.exp(-since_s * 2000) * np.sin(2 * np.pi * 6000 * since_s)
        digits = np.rint(axes).astype(np.int16).reshape(3, 4, 4096)
        heard = twins.Heard(
            point(np.zeros(9), rate_hz), 16, capture.Captured(digits, 5e-4, rate_hz, True, 0)
        )
        for blocks, verdicts in ((8, 1), (2, 2), (1, 4)):
            found = twins.judged([heard, heard], blocks, choose_runtime())
            assert [its.said for its in found] == [said] * 2 * verdicts, (race, blocks)
            assert all(not its.differs and its.label == "healthy" for its in found)
        cells = twins.count(found)["healthy"]
        assert cells == {said: 8}


@with_recordings
def test_hear_and_judge__recordings_by_rule__as_labelled_and_as_the_reference(
    tmp_path: Path,
) -> None:
    recorded = sorted(confusion.points(DATA), key=lambda its: its.name)
    of_48 = [its for its in recorded if its.rate_hz > 40_000]
    inner = next(its for its in of_48 if its.label == "inner race")
    healthy = next(its for its in of_48 if its.label == "healthy")
    for name, said in (("kx134-full", ["inner race", "none"]), ("adxl345", ["withheld"] * 2)):
        heard = [twins.hear(its, SENSORS[name], tmp_path) for its in (inner, healthy)]
        assert all(its.captured.valid and not its.captured.clipped for its in heard)
        found = twins.judged(heard, 8, choose_runtime())
        assert [its.said for its in found] == said and not any(its.differs for its in found)
        told = twins.impulsive(heard, choose_runtime())
        # At 3.2 kHz the blows' ring is gone, and their kurtosis with it.
        assert told["inner race"] == [name == "kx134-full", 1] and told["healthy"] == [0, 1]


def test_kept__twins__each_sensor_whole_and_node_and_reference_agree() -> None:
    kept = json.loads(confusion.KEPT.read_text())
    by_formula = {row["sensor"]: row for row in kept["sensors"]}
    assert [row["sensor"] for row in kept["twins"]["sensors"]] == [
        sensor.title for sensor in SENSORS.values()
    ]
    for row in kept["twins"]["sensors"]:
        assert row["differ"] == 0 and set(row["counts"]) == set(twins.PLANS)
        counts = row["counts"]["first 8"]
        assert sum(sum(cells.values()) for cells in counts.values()) == row["recordings"]
        assert row["recordings"] == by_formula[row["sensor"]]["recordings"]
        assert sum(row["ranges_g"].values()) == row["recordings"]
        for label in ("inner race", "outer race"):
            assert counts[label].keys() <= {"none", "withheld", label}, (row["sensor"], label)
