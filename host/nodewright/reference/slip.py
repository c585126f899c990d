"""The shaft's speed of an induction motor from its current, in float64.

Written from docs/features.md and docs/decisions/0017-current.md: an air gap that is not even puts
lines at f - r and f + r, r the turns a second, a little below f / p.  s(r) is the geometric mean
of the amplitudes at both, under a periodic Hann window.
"""

import math

import numpy as np
from numpy.typing import NDArray

from nodewright.reference.result import WithheldError

Floats = NDArray[np.float64]

LEAST_FIELD_TURNS = 20.0  # f T / p
_LEAST_PAIRS = 2  # with one, f - r is next to zero
_MOST_SLIP = 0.08
_AROUND = (0.8, 0.9)  # of f / p, where no motor runs: what stands there is the floor
_STANDS_OUT = 6.0  # times its median
_STEP = 1.0 / 64.0  # bins: so fine that nothing need be interpolated
_ROOM = 1.0  # bins above f / p: the top of a line that is just below


def shaft_hz(
    samples: Floats, rate_hz: float, frequency_hz: float, pole_pairs: int | None
) -> float:
    """r of the pair of lines that stands out.

    samples: float64[N]; frequency_hz: of the mains, in the middle of the record.
    Raises WithheldError: no_motor, too_short, no_line.
    """
    if pole_pairs is None:
        raise WithheldError("no_motor")
    field_hz = frequency_hz / pole_pairs
    bin_hz = rate_hz / len(samples)
    if field_hz / bin_hz < LEAST_FIELD_TURNS:
        raise WithheldError("too_short")
    if pole_pairs < _LEAST_PAIRS:
        raise WithheldError("no_line")
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(len(samples)) / len(samples))
    about = window * (samples - np.sum(window * samples) / np.sum(window))

    def pair(place_hz: float) -> float:
        return math.sqrt(
            _amplitude(about, (frequency_hz - place_hz) / rate_hz)
            * _amplitude(about, (frequency_hz + place_hz) / rate_hz)
        )

    floor = float(
        np.median(
            [pair(at) for at in np.arange(_AROUND[0] * field_hz, _AROUND[1] * field_hz, bin_hz)]
        )
    )
    places = np.arange((1.0 - _MOST_SLIP) * field_hz, field_hz + _ROOM * bin_hz, _STEP * bin_hz)
    levels = [pair(at) for at in places]
    best = int(np.argmax(levels))
    if best in (0, len(levels) - 1) or levels[best] < _STANDS_OUT * floor:
        raise WithheldError("no_line")
    return float(places[best])


def _amplitude(about: Floats, turns: float) -> float:
    """Of what turns so often a sample, but for a factor."""
    return float(np.abs(np.sum(about * np.exp(-2j * np.pi * turns * np.arange(len(about))))))
