"""Studies of made-up recordings, for the tests of what is said of them."""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodewright import examine, offline
from nodewright.asked import Asked
from nodewright.interpreter import InterpreterError
from nodewright.records import Recording, Source
from nodewright.study import Study, study

SCALE = 0.001
RATE_HZ = 3200.0


@cache
def runtime() -> offline.Runtime:
    """MicroPython where there is one: what is tested is not the interpreter."""
    try:
        return offline.choose_runtime("micropython")
    except InterpreterError:
        return offline.choose_runtime("cpython")


def study_of(
    digits: NDArray[np.int16],
    asked: Asked | None = None,
    *,
    window: int = 1024,
    rate_hz: float = RATE_HZ,
    channels: tuple[str, ...] | None = None,
) -> Study:
    """All windows of a recording of whole numbers, int16[n] or int16[n, channels]."""
    table = digits.reshape(len(digits), -1)
    names = channels or tuple("xyz"[: table.shape[1]])
    source = Source(Path("folder/run.npy"), "npy", 1, "0" * 64, None, SCALE, 0, ())
    recording = Recording(table * SCALE, rate_hz, names, "g", source)
    return study(
        recording,
        examine.Digits(table.astype(np.int16), (SCALE,) * table.shape[1], True),
        asked or Asked(),
        runtime(),
        backend="viper",
        window=window,
        blocks=len(table) // window,
    )


def machine(samples: int, seed: int = 1, g: float = 0.1) -> NDArray[np.int16]:
    """A shaft of 24.7 Hz with its second order, a line at 400 Hz, and noise."""
    t = np.arange(samples) / RATE_HZ
    wave = g * np.sin(2 * np.pi * 24.7 * t) + 0.3 * g * np.sin(2 * np.pi * 49.4 * t + 1)
    wave += 0.8 * g * np.sin(2 * np.pi * 400.0 * t)
    wave += 0.02 * np.random.default_rng(seed).normal(size=samples)
    return np.rint(wave / SCALE).astype(np.int16)
