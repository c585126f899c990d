"""The reference of currents against what is known without it, and the node against it."""

import json
import math
import os
from array import array
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from node import winding
from nodewright import reference
from nodewright.offline import choose_runtime
from nodewright.offline_current import Record, run
from nodewright.reference.current import inrush
from runner import tools

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("NODEWRIGHT_DATA", ROOT.parent / "shared" / "data"))
DOUBTFUL = ("SC_A0_B2_C0_002.npy", "SC_A1_B0_C0_002.npy")  # labelled faulty, look healthy


def sine(
    hz: float, amplitude: float, phase: float = 0.3, rate_hz: float = 8000.0
) -> NDArray[np.float64]:
    turns = hz * np.arange(1024) / rate_hz
    return np.asarray(amplitude * np.sin(2.0 * np.pi * turns + phase), np.float64)


@pytest.mark.parametrize("hz", [45.0, 50.0, 52.7, 60.0, 65.0])
def test_currents__sine_of_any_phase__level_and_frequency(hz: float) -> None:
    for phase in np.linspace(0.0, 6.0, 7):
        found = reference.currents([sine(hz, 10.0, phase) + 3.0], 8000.0, rate_ppm=10.0)[0]
        assert found.values["cur_rms_a"] == pytest.approx(10.0 / math.sqrt(2.0), rel=2e-4)
        assert found.values["cur_fund_a"] == pytest.approx(10.0 / math.sqrt(2.0), rel=1e-4)
        assert found.values["cur_freq_hz"] == pytest.approx(hz, abs=0.015)
        assert found.values["cur_thd_pct"] < 0.02


def test_currents__harmonics__thd_as_they_were_put_in() -> None:
    wave = sine(50.0, 10.0) + sine(250.0, 3.0, 1.0) + sine(350.0, 1.0, 2.0)
    found = reference.currents([wave], 8000.0)[0]
    assert found.values["cur_thd_pct"] == pytest.approx(10.0 * math.sqrt(10.0), abs=0.02)
    assert found.withheld["cur_freq_hz"] == "rate"
    assert found.values["cur_thd_order"] == 15.0


def test_currents__voltage_later_than_its_current__power_of_one_instant() -> None:
    for delay_us in (0.0, 100.0, -250.0):
        lag = 2.0 * np.pi * 50.0 * delay_us * 1e-6
        pair = [sine(50.0, 10.0, -1.2)], [sine(50.0, 325.0, lag)]
        found = reference.currents(
            pair[0], 8000.0, voltages=pair[1], rate_ppm=1.0, delays_us=(0.0, delay_us)
        )[0]
        assert found.values["cur_power_w"] == pytest.approx(1625.0 * math.cos(1.2), rel=1e-3)


def test_inrush__a_start_of_six_times__peak_and_ten_cycles() -> None:
    after = np.arange(2000) - 200
    level = np.where(after < 0, 0.0, np.where(after < 400, 60.0, 10.0))
    found, _ = inrush(level * np.sin(2.0 * np.pi * after / 40.0) + 5.0, 2000.0, 50.0)
    assert found.values["cur_inrush_a"] == pytest.approx(60.0, rel=1e-3)
    assert found.values["cur_inrush_ms"] == pytest.approx(200.0, abs=20.0)


def test_inrush__node__the_same_as_the_reference() -> None:
    from node.inrush import KEYS, Inrush  # the source, under the mocks

    rng = np.random.default_rng(5)
    for _ in range(20):
        after = np.arange(2048) - int(rng.integers(30, 900))
        fall = 1.0 + rng.uniform(0.0, 6.0) * np.exp(-after.clip(0) / rng.uniform(20.0, 400.0))
        wave = np.where(after < 0, 0.0, 900.0 * fall * np.sin(2.0 * np.pi * after / 40.0))
        digits = np.round(wave + rng.normal(0.0, 1.0, 2048) + 2048).astype(np.int16)
        out: dict[str, float] = {}
        withheld: dict[str, str] = {}
        Inrush(2048).compute(
            array("h", digits.tolist()), 0.01, 2000.0, 50.0, KEYS, out, withheld, 0.01
        )
        expected, _ = inrush(digits * 0.01, 2000.0, 50.0, 0.01)
        assert withheld == expected.withheld
        assert out == pytest.approx(expected.values, rel=1e-5)


@pytest.mark.parametrize("backend", ["viper", "ulab"])
def test_node__currents_that_are_known__as_accurate_as_promised(backend: str) -> None:
    accuracy = tools.load("accuracy_current")
    runtime = choose_runtime(None if backend == "viper" else "cpython")
    made = list(accuracy.cases(16, 11))
    truth, against = accuracy.Tally(), accuracy.Tally()
    told = run([case.record for case in made], runtime, backend=backend)
    for case, values in zip(made, told, strict=True):
        accuracy.judge(case, values, truth, against)
    assert against.differ == []
    assert truth.ok, truth.worst
    assert against.ok, against.worst
    assert set(truth.worst) == set(accuracy._TRUTH)
    assert set(against.worst) == set(accuracy._REFERENCE)


@pytest.mark.parametrize("backend", ["viper", "ulab"])
def test_node__shafts_of_motors__the_truth_and_the_reference_s(backend: str) -> None:
    accuracy = tools.load("accuracy_current")
    made = list(accuracy.motors(9, 5))
    truth, against = accuracy.Tally(), accuracy.Tally()
    told = run(
        [case.record for case in made],
        choose_runtime(None if backend == "viper" else "cpython"),
        backend=backend,
    )
    for case, values in zip(made, told, strict=True):
        assert values[0].marked["cur_shaft_hz"] == values[0].marked["cur_slip_pct"] == "estimate"
        accuracy.judge(case, values, truth, against)
    assert against.differ == []
    assert truth.ok and set(truth.worst) == {"cur_shaft_hz", "cur_slip_pct"}, truth.worst
    assert against.ok and "cur_slip_pct" in against.worst, against.worst


def test_shaft__no_lines_short_or_two_poles__withheld_by_the_reference() -> None:
    wave = sine(50.0, 10.0, rate_hz=1000.0)
    wave = wave + np.random.default_rng(2).normal(0.0, 0.01, len(wave))
    for pairs, why in ((None, "no_motor"), (2, "no_line"), (1, "no_line"), (4, "too_short")):
        found = reference.currents([wave], 1000.0, pole_pairs=pairs)[0]
        assert found.withheld["cur_slip_pct"] == found.withheld["cur_shaft_hz"] == why


@pytest.mark.skipif(not (DATA / "mains_plaid").is_dir(), reason="no recordings here")
def test_node__recordings__the_reference_s_values() -> None:
    accuracy = tools.load("accuracy_current")
    found = list(accuracy.recordings(DATA))
    told = run([case.record for case in found], choose_runtime())
    tally = accuracy.Tally()
    for case, values in zip(found, told, strict=True):
        accuracy.judge(case, values, accuracy.Tally(), tally)
    assert tally.differ == [] and tally.ok, tally.worst
    assert tally.values > 500


@pytest.mark.skipif(not (DATA / "motor_current_itsc").is_dir(), reason="no recordings here")
def test_node__shorted_turns__told_from_healthy_from_a_fifth_on() -> None:
    folder = DATA / "motor_current_itsc"
    rows = json.loads((folder / "manifest.json").read_text())
    records = [
        Record(
            np.ascontiguousarray(np.load(folder / row["file"])[256:768].T, np.int16),
            [row["scale"]] * 3,
            row["fs_hz"],
            3,
            delays_us=(0.0, 0.0, 0.0),
        )
        for row in rows
    ]
    keys = ("cur_unbalance_pct", "cur_neg_seq_pct", "cur_phase_order")
    healthy, shorted = [], []
    hints: dict[int, list[float | None]] = {}
    for row, told in zip(rows, run(records, choose_runtime(), keys=keys), strict=True):
        values = told[0].values
        assert values["cur_phase_order"] == 1.0
        hint, _ = winding.judge(values[winding.OF], 7.0, None)
        sound = row["file"] in DOUBTFUL or row["label"] == "healthy"
        hints.setdefault(0 if sound else row["severity_pct"], []).append(hint)
        if row["file"] in DOUBTFUL:
            assert values["cur_unbalance_pct"] < 2.0
        elif row["label"] == "healthy":
            healthy.append(values)
        elif row["severity_pct"] >= 20:
            shorted.append(values)
    for key in keys[:2]:
        most = max(values[key] for values in healthy)
        least = min(values[key] for values in shorted)
        assert least > 2.5 * most, (key, most, least)
    assert set(hints.pop(0)) == {0.0}  # and the doubtful ones read as healthy
    assert sum(hint or 0 for hint in hints.pop(10)) == 6  # of eight
    assert {hint for told in hints.values() for hint in told} == {1.0} and set(hints) == {
        20,
        30,
        40,
    }


@pytest.mark.skipif(not (DATA / "mains_plaid").is_dir(), reason="no recordings here")
def test_inrush__recorded_switch_ons__a_start_and_its_peak() -> None:
    rows = json.loads((DATA / "mains_plaid" / "manifest.json").read_text())
    for row in rows:
        current = np.load(DATA / "mains_plaid" / row["file"])[:, 0] * row["scale"][0]
        found, middle = inrush(current, row["fs_hz"], row["line_hz"])
        peak = found.values["cur_inrush_a"]
        assert peak == pytest.approx(np.max(np.abs(current - middle)))
        steady = math.sqrt(np.mean((current[-1500:] - np.mean(current[-1500:])) ** 2))
        assert peak > 1.3 * steady
