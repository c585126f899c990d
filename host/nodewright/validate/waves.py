"""Golden waveforms: digits whose features the reference knows.  Some are fixed, one is drawn."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodewright.offline import Block

_FULL = 32767
_LINES = (3, 7)  # of one that is drawn: so many, of so much of full scale
_SHARE = (0.02, 0.3)


@dataclass(frozen=True)
class Wave:
    """A waveform with the name of its case."""

    name: str
    title: str
    block: Block


def fixed(samples: int, rate_hz: float, g_per_digit: float) -> list[Wave]:
    """What tries the number formats: lines between bins, a flat top, impacts, next to nothing."""
    made: list[tuple[str, str, Callable[[], NDArray[np.float64]]]] = [
        ("tones", "Two lines 40 dB apart", lambda: _tones(samples)),
        ("impacts", "Impacts that ring, as of a bearing", lambda: _impacts(samples)),
        ("full-scale", "A square wave from rail to rail", lambda: _square(samples)),
        ("faint", "Noise of a few digits", lambda: _faint(samples)),
    ]
    return [
        Wave(f"golden.{name}.{samples}", title, _block(make(), g_per_digit, rate_hz))
        for name, title, make in made
    ]


def drawn(samples: int, rate_hz: float, g_per_digit: float, seed: int) -> Wave:
    """One that nobody can know before: lines, noise, impacts and an offset, all drawn."""
    draw = np.random.default_rng([seed, samples])
    n = np.arange(samples)
    wave = np.zeros(samples)
    for _ in range(draw.integers(*_LINES, endpoint=True)):
        place = draw.uniform(4.0, 0.4 * samples)
        size = _FULL * draw.uniform(*_SHARE) / 3
        wave += size * np.sin(2 * np.pi * place * n / samples + draw.uniform(0, 2 * np.pi))
    wave += draw.normal(0.0, draw.uniform(20.0, 600.0), samples)
    every = int(draw.integers(samples // 16, samples // 4))
    wave += draw.uniform(500.0, 6000.0) * np.exp(-((n + draw.integers(every)) % every) / 9.0)
    wave += draw.uniform(-2000.0, 2000.0)
    near_hz = rate_hz * (1 + draw.uniform(-0.01, 0.01))  # as measured rates are
    title = "One drawn at random, so that no answer can be stored"
    return Wave(f"golden.drawn.{samples}", title, _block(wave, g_per_digit, near_hz))


def _block(wave: NDArray[np.float64], g_per_digit: float, rate_hz: float) -> Block:
    digits = np.clip(np.rint(wave), -_FULL - 1, _FULL).astype(np.int16)
    return Block(digits, g_per_digit, rate_hz)


def _tones(samples: int) -> NDArray[np.float64]:
    turn = 2 * np.pi * np.arange(samples) / samples
    low, high = 0.0304 * samples + 0.3, 0.31 * samples
    return np.asarray(20_000 * (np.sin(low * turn) + 0.01 * np.sin(high * turn + 1)))


def _impacts(samples: int) -> NDArray[np.float64]:
    n = np.arange(samples)
    every = samples // 9
    ring = np.exp(-(n % every) / 12.0) * np.sin(2 * np.pi * 0.21 * n)
    return np.asarray(9000 * ring + 900 * np.sin(2 * np.pi * 0.021 * n))


def _square(samples: int) -> NDArray[np.float64]:
    # A quarter of a sample beside its zeros: none falls on one.
    phase = 2 * np.pi * (0.0123 * samples + 0.37) * (np.arange(samples) + 0.25) / samples
    return np.asarray((_FULL + 0.4) * np.sign(np.sin(phase)))


def _faint(samples: int) -> NDArray[np.float64]:
    noise = np.random.default_rng(20816).normal(size=samples)
    return np.asarray(6.0 * noise + 2.0)
