"""What an order may be where its definition hangs on less than the accuracy that is promised.

An order is the greatest bin of a range, leaning to the larger of its neighbours.  Where two bins,
or two neighbours, are alike within 1 %, as in the flat spectrum of a single spike, any of them may
be taken; what follows from each choice is a right reading, and nothing else is.
"""

import math

import numpy as np

from nodewright.reference.lines import FIRST_BIN, LEAST_PERIODS, Line, last_bin
from nodewright.reference.spectrum import Spectrum

_ALIKE = 0.01  # of an amplitude: what lines and orders are promised to


def order_readings(spectrum: Spectrum, shaft_hz: float, order: int) -> list[float | None]:
    """The values of order<n>_mm_s that may be told; None where one may be withheld as too short.

    shaft_hz: the speed that the order is told by.  Empty where the spectrum does not reach.
    """
    place = order * shaft_hz / spectrum.bin_hz
    reach = max(1.5, 0.01 * place)
    first, last = math.ceil(place - reach), math.floor(place + reach)
    if first < FIRST_BIN or last > last_bin(spectrum):
        return []
    level = spectrum.amplitude_g
    least = (1.0 - _ALIKE) * float(np.max(level[first : last + 1]))
    return [
        line.velocity_rms_mm_s if line.periods >= LEAST_PERIODS else None
        for k in range(first, last + 1)
        if level[k] >= least
        for line in _lines(spectrum, k)
    ]


def _lines(spectrum: Spectrum, k: int) -> list[Line]:
    """The line at bin k, leaning to either side where the neighbours are alike."""
    level = spectrum.amplitude_g
    peak, below, above = float(level[k]), float(level[k - 1]), float(level[k + 1])
    if peak == 0.0:
        return [Line(k * spectrum.bin_hz, 0.0, float(k))]
    found = []
    for side, neighbour, other in ((1, above, below), (-1, below, above)):
        if neighbour >= other - _ALIKE * peak:
            ratio = min(max(neighbour / peak, 0.5), 1.0)
            offset = (2.0 * ratio - 1.0) / (1.0 + ratio)
            loss = float(np.sinc(offset)) / (1.0 - offset**2)
            place = k + side * offset
            found.append(Line(place * spectrum.bin_hz, peak / loss, place))
    return found
