"""The node's features against the reference: analytic signals, any signal, recordings.

The cases and the comparison are those of tools/accuracy.py; here each run is short.
"""

from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nodewright import reference
from nodewright.offline import Block, Runtime, Values, choose_runtime, run
from runner import tools

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"


accuracy = tools.load("accuracy")
RUNS = [("cpython", "viper"), ("cpython", "ulab"), ("micropython", "viper")]


@cache
def runtime(kind: str) -> Runtime:
    return choose_runtime(kind)


def judge(tally: "accuracy.Tally") -> None:  # type: ignore[name-defined]
    assert tally.worst
    beyond = {key: worst for key, worst in tally.worst.items() if not worst.ratio <= 1.0}
    assert not beyond
    assert not tally.reasons


@pytest.mark.parametrize(("kind", "backend"), RUNS)
def test_accuracy__analytic_signals__within_tolerance(kind: str, backend: str) -> None:
    cases = list(accuracy.analytic((256, 1024)))
    cases += list(accuracy.wide(cases[: len(cases) // 2]))
    # As if slower, so that a record is long enough for its zone.
    cases += [
        replace(case, block=replace(case.block, rate_hz=2550.0))
        for case in accuracy.analytic((1024,))
        if "tone" in case.name or "noise" in case.name
    ]
    tally = accuracy.compare(cases, runtime(kind), backend)
    judge(tally)
    told = {"line_hz", "line_g", "kurtosis", "shaft_hz", "shaft_confidence", "zone"}
    told |= {"shaft_hz (estimated)", *(f"band{rank}_g" for rank in range(1, 5))}
    assert told | {f"order{n}_mm_s" for n in (1, 2, 3)} < set(tally.worst)
    assert any("24 bits" in worst.where for worst in tally.worst.values())


def test_accuracy__a_zone_or_a_speed_that_is_wrong__beyond_its_tolerance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    honest = accuracy.run

    def lying(*given: object, **options: object) -> list[Values]:
        told = honest(*given, **options)
        for got in told:
            if "zone" in got.values:
                got.values["zone"] = (got.values["zone"] + 2) % 4
            if "shaft_hz" in got.values:
                got.values["shaft_hz"] += 0.3
        return list(told)

    monkeypatch.setattr(accuracy, "run", lying)
    cases = [
        replace(case, block=replace(case.block, rate_hz=2550.0))
        for case in accuracy.analytic((1024,))
        if "full scale" in case.name
    ]
    worst = accuracy.compare(cases, runtime("micropython"), "viper").worst
    for key in ("zone", "shaft_hz", "shaft_hz (estimated)"):
        assert worst[key].ratio > 1.0, key


@pytest.mark.skipif(not DATA.is_dir(), reason="no recordings beside the repository")
@pytest.mark.parametrize("backend", ["viper", "ulab"])
def test_accuracy__recordings__within_tolerance(backend: str) -> None:
    cases = [
        case
        for case in accuracy.recordings(DATA, (2048,), 1)
        if "sev2" in case.name or "de12" in case.name
    ]
    assert len(cases) > 40
    cases = cases[::3]
    judge(accuracy.compare(cases, runtime("cpython"), backend))


@st.composite
def signals(draw: st.DrawFn) -> NDArray[np.int16]:
    """Tones, noise, steps and spikes of any size about any level, 256 samples."""
    n = np.arange(256)
    noise = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = np.full(256, float(draw(st.integers(-32768, 32767))))
    for _ in range(draw(st.integers(0, 3))):
        size = 10.0 ** draw(st.floats(-1.0, 4.6))
        x += size * np.sin(2 * np.pi * draw(st.floats(0.0, 0.5)) * n + draw(st.floats(0.0, 6.3)))
    x += noise.normal(size=256) * draw(st.sampled_from([0.0, 0.4, 20.0, 5000.0]))
    x += draw(st.sampled_from([0.0, 3.0, 60000.0])) * (n == draw(st.integers(0, 255)))
    return np.clip(np.round(x), -32768, 32767).astype(np.int16)


TIME = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest", "kurtosis", "skewness")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(signals(), min_size=8, max_size=8))
def test_time_values__any_signal__within_tolerance(blocks: list[NDArray[np.int16]]) -> None:
    from node.dsp import backend
    from node.vibration import Vibration

    for name in ("viper", "ulab"):
        vibration = Vibration(backend(name), 256)
        for digits in blocks:
            values: dict[str, float] = {}
            withheld: dict[str, str] = {}
            vibration.compute(array("h", digits.tobytes()), 0.01, 3200.0, TIME, values, withheld)
            expected = reference.compute(digits.astype(float) * 0.01, 3200.0, TIME)
            assert set(withheld) == set(expected.withheld)
            for key, value in values.items():
                bound = reference.tolerance(key, expected.values, g_per_digit=0.01)
                assert abs(value - expected.values[key]) <= bound, (name, key, value)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(signals(), min_size=8, max_size=8), st.floats(5.0, 240.0))
def test_all_values__any_signal__within_tolerance_or_withheld_by_both(
    blocks: list[NDArray[np.int16]], shaft_hz: float
) -> None:
    cases = [
        accuracy.Case(f"{list(digits)}", Block(digits, 0.01, rate_hz), shaft_hz)
        for digits in blocks
        for rate_hz in (400.0, 26667.0)
    ]
    judge(accuracy.compare(cases, runtime("micropython"), "viper"))


def test_floor__a_backend_that_gives_what_lies_below__is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases = [case for case in accuracy.analytic((1024,)) if "100 dB" in case.name]
    assert len(cases) == 2
    honest = accuracy.compare(cases, runtime("micropython"), "viper")
    assert honest.below > 5 and not honest.reasons
    from nodewright import floor

    for margin in (1e-3, 1e3):  # as if the node withheld too little, and too much
        monkeypatch.setattr(floor.validity, "floor_of", _floors_times(margin))
        assert accuracy.compare(cases, runtime("micropython"), "viper").reasons
        monkeypatch.undo()


def _floors_times(factor: float) -> Callable[[str], float]:
    from wire import validity

    own = validity.floor_of
    return lambda key: factor * own(key)


def test_run__all_keys_of_any_level__finite() -> None:
    levels = (0, 1, -1, 32767, -32768)
    blocks = [Block(np.full(256, level, np.int16), 0.0039, 800.0) for level in levels]
    options = {"bands": accuracy.BANDS, "machine": [1, "rigid"]}
    for kind, backend in RUNS:
        keys = (*accuracy.KEYS, "shaft_hz", "zone")
        for got in run(blocks, runtime(kind), backend=backend, keys=keys, options=options):
            assert not got.wrong and set(got.values) | set(got.withheld) == set(keys)
