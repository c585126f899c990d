"""Records that no machine gives: clipped, stuck, silent, one spike. Nothing but finite values,
reasons and pictures may come of them."""

import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from host.study_rig import machine, study_of
from nodewright.asked import Asked
from nodewright.plot.html import build
from nodewright.plot.panels import sheet_of

ASKED = Asked(bands=((0.0, 50.0), (500.0, 1500.0)), machine=(1, "flexible"))
_NO_NUMBER = re.compile(r"\b(nan|inf|infinity)\b", re.IGNORECASE)


def spike(n: int, at: int, height: int) -> NDArray[np.int16]:
    digits = np.zeros(n, np.int16)
    digits[at % n] = height
    return digits


def odd_block(n: int) -> st.SearchStrategy[NDArray[np.int16]]:
    """One block of what a sensor gives when something is wrong with it."""
    level = st.integers(-32768, 32767)
    seeds = st.integers(0, 2**32 - 1)
    return st.one_of(
        level.map(lambda v: np.full(n, v, np.int16)),
        st.tuples(st.integers(0, n - 1), level).map(lambda s: spike(n, *s)),
        st.tuples(level, level).map(lambda s: np.resize(np.int16(s), n)),
        st.tuples(level, level).map(lambda s: np.linspace(*s, n).astype(np.int16)),
        seeds.map(lambda s: np.random.default_rng(s).integers(-1, 2, n).astype(np.int16)),
        st.tuples(seeds, st.floats(1.0, 1e6)).map(
            lambda s: np.clip(
                s[1] * np.random.default_rng(s[0]).normal(size=n), -32768, 32767
            ).astype(np.int16)
        ),
        st.floats(0.1, 300.0).map(
            lambda g: np.clip(1000 * g * np.sin(np.arange(n) * 0.3), -32768, 32767).astype(
                np.int16
            )
        ),
    )


@given(st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_study__odd_blocks__finite_or_withheld_and_drawn(data: st.DataObject) -> None:
    window = data.draw(st.sampled_from([256, 512]))
    columns = [np.concatenate([data.draw(odd_block(window)) for _ in range(2)]) for _ in range(3)]
    rate_hz = data.draw(st.sampled_from([3200.0, 3001.7, 26667.0]))
    found = study_of(np.stack(columns, axis=1), ASKED, window=window, rate_hz=rate_hz)
    told = found.as_dict(with_spectra=True)
    json.dumps(told, allow_nan=False)
    for channel in told["channels"]:
        assert set(channel["features"]) | set(channel["withheld"]) == set(channel["units"])
        assert not set(channel["features"]) & set(channel["withheld"])
        assert set(channel["withheld"].values()) <= set(told["reasons"])
    html = build(found, sheet_of(found))
    assert not _NO_NUMBER.search(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))


@pytest.mark.parametrize(
    "digits",
    [spike(1024, 0, -17454), spike(1024, 700, 9000), np.resize(np.int16([-10127, 163]), 1024)],
)
def test_study__next_to_nothing_in_the_spectrum__right_or_withheld(
    digits: NDArray[np.int16],
) -> None:
    found = study_of(digits, ASKED)
    assert found.ok
    verdicts = {point.key: point.ok for point in found.points}
    assert verdicts["acc_rms_g"] is verdicts["kurtosis"] is True
    assert None not in {verdicts[key] for key in verdicts if key.startswith(("vel", "disp", "hf"))}


@pytest.mark.parametrize("level", [0, 1, -32768, 32767])
def test_study__silence__what_is_defined_is_given(level: int) -> None:
    found = study_of(np.full(1024, level, np.int16))
    assert found.ok
    values = {point.key: point for point in found.channels[0].points}
    assert values["acc_rms_g"].value == 0.0 == values["acc_p2p_g"].value
    assert values["mean_g"].value == pytest.approx(level * 0.001)
    for key in ("crest", "kurtosis", "skewness", "line1_hz", "line1_g"):
        assert values[key].withheld == "silent", key


def test_study__clipped__every_value_is_marked_and_says_so() -> None:
    loud = np.clip(machine(1024).astype(int) * 1000, -32768, 32767).astype(np.int16)
    found = study_of(loud)
    points = [point for point in found.points if point.value is not None]
    assert points and all(point.marked == "clipped" for point in points)
    assert "clipped" in found.reasons
    # A recording that is scaled to its peak touches the rail once.
    touched = machine(1024)
    touched[500] = 32767
    assert "clipped" not in study_of(touched).reasons


def marks(digits: NDArray[np.int16]) -> set[str | None]:
    """What all values of a record bear, but for its shortness."""
    found = study_of(digits)
    told = {point.marked for point in found.points if point.value is not None}
    assert found.ok and (told - {None, "short"}) <= set(found.reasons)
    return told - {"short"}


def test_study__clipped_below_the_rails_of_its_format__says_so() -> None:
    for most in (900, 2047):
        for loud in (1.5, 8.0):
            signal = most * loud * machine(1024) / np.max(np.abs(machine(1024)))
            one_side = np.minimum(signal.round(), most).astype(np.int16)
            assert marks(one_side) == {"clipped"}, (most, loud)
            assert marks(np.maximum(-one_side, -most)) == {"clipped"}


def test_study__stuck_for_a_part__says_so() -> None:
    for length, expected in ((63, {None}), (64, {"stuck"})):
        for start in (200, 1024 - length):
            held = machine(1024)
            held[start : start + length] = 7
            if start:
                held[start - 1] = 6
            if start + length < 1024:
                held[start + length] = 8
            assert marks(held) == expected, (length, start)


def test_study__slow_tones_and_noise__neither_clipped_nor_stuck() -> None:
    n = np.arange(1024)
    noise = np.random.default_rng(4).normal(0.0, 1.0, 1024)
    for signal in (
        *(most * np.sin(2 * np.pi * n / period) for most in (40, 9000) for period in (12, 80)),
        20 * noise,
        3 * noise,
        2000 * np.sin(n / 30) + 4 * noise,
    ):
        assert marks(signal.round().astype(np.int16)) == {None}


def test_study__short_record__marked_or_withheld_by_length() -> None:
    found = study_of(machine(1024))
    values = {point.key: point for point in found.channels[0].points}
    assert values["vel_rms_mm_s"].marked == "short" and values["vel_rms_mm_s"].ok
    found = study_of(machine(256), window=256)
    values = {point.key: point for point in found.channels[0].points}
    assert values["vel_rms_mm_s"].withheld == "too_short"
    assert values["zone"].withheld in ("no_machine", "too_short")
