"""Blocks of recordings that are cut off or stand still, beside sound ones that look like it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright.soundness import unsound

N = 4096
SAMPLES = np.arange(N)
Floats = NDArray[np.float64]


def tone(amplitude: float, period: float, phase: float = 0.0, noise: float = 0.0) -> Floats:
    rng = np.random.default_rng(7)
    swing = amplitude * np.sin(2 * np.pi * SAMPLES / period + phase)
    return np.asarray(np.round(swing + noise * rng.standard_normal(N)))


def scaled(steps: Floats) -> NDArray[np.int16]:
    """Steps of what was recorded, as a file of floats comes to digits."""
    return np.asarray(np.round(steps * (28000 / np.abs(steps).max())), np.int16)


@pytest.mark.parametrize("period", [400 / 12, 800 / 12, 64, 128, 400])
def test_unsound__coarse_steps__only_what_is_cut_is_clipped(period: float) -> None:
    for most in (40, 80, 250, 500):
        for noise in (0.0, 0.2, 0.4, 0.7, 1.0):
            whole = tone(most, period, noise=noise)
            assert unsound(scaled(whole)) is None, (most, noise)
    cut = np.clip(tone(500, period, noise=1.0), -300, 300)
    assert unsound(scaled(cut)) == "clipped"


@pytest.mark.parametrize("periods", [3, 4, 6, 8, 10, 12, 16])
def test_unsound__tone_that_the_rate_is_a_multiple_of__not_clipped(periods: int) -> None:
    for most in (33, 40, 60, 100, 300, 3000):
        for phase in (0.0, np.pi / 4, np.pi / 6, np.pi / 8, np.pi / periods):
            assert unsound(tone(most, periods, phase).astype(np.int16)) is None, (most, phase)
    cut = np.clip(tone(3000, periods, noise=30), -1500, 1500)
    if periods > 4:  # below, no two neighbours are cut off
        assert unsound(cut.astype(np.int16)) == "clipped"


@pytest.mark.parametrize("period", [400, 1000, 3000])
def test_unsound__slow_tone_cut_off__clipped_and_not_stuck(period: int) -> None:
    cut = np.clip(tone(3000, period), -1500, 1500).astype(np.int16)
    assert unsound(cut) == "clipped"
    assert unsound(np.maximum(tone(3000, period / 2), -800).astype(np.int16)) == "clipped"


def test_unsound__square_wave__its_levels_are_not_stuck() -> None:
    square = (3000 * np.sign(np.sin(2 * np.pi * (SAMPLES + 0.5) / 128))).astype(np.int16)
    assert unsound(square) is None  # of two levels nothing is said
    noisy = square + np.random.default_rng(1).integers(0, 9, N).astype(np.int16)
    assert unsound(np.clip(noisy, -2996, 3000).astype(np.int16)) == "clipped"


@pytest.mark.parametrize("apart", [7, 97, 400])
def test_unsound__impulses_and_rest_between_them__sound(apart: int) -> None:
    blows = np.zeros(N, np.int16)
    blows[::apart] = 30000
    assert unsound(blows) is None
    blows[1::apart] = -20000
    assert unsound(blows) is None


def test_unsound__held_once_or_often__stuck_wherever_it_is_held() -> None:
    signal = tone(500, 37, noise=40).astype(np.int16) + np.int16(1000)  # gravity
    for level in (0, 990, 3000):  # below, among and above the rest
        held = signal.copy()
        held[1000:1100] = level
        assert unsound(held) == "stuck", level
    held = signal.copy()
    held[1000:] = 990
    held[0:80] = 990
    assert unsound(held[:2000]) == "stuck"  # half of it
