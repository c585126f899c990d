"""Single frequencies: the strongest lines, and the orders of the shaft.

Hann's main lobe is known in closed form, so that a line's frequency and amplitude follow from its
largest bin and the larger neighbour.
"""

import math
from dataclasses import dataclass

import numpy as np

from nodewright.reference.spectrum import Spectrum

FIRST_BIN = 3  # the mean's leakage ends at bin 2
LEAST_APART_BINS = 4  # width of Hann's main lobe
LEAST_PERIODS = 4.0
_MM_S2_PER_G = 9806.65


@dataclass(frozen=True)
class Line:
    """One line of the spectrum."""

    frequency_hz: float
    amplitude_g: float  # peak, not RMS
    periods: float  # in the record: f T

    @property
    def velocity_rms_mm_s(self) -> float:
        return self.amplitude_g * _MM_S2_PER_G / math.sqrt(2.0) / (2.0 * np.pi * self.frequency_hz)


def last_bin(spectrum: Spectrum) -> int:
    """The highest bin that may be a line's largest: N / 2 - 3."""
    return spectrum.half - 3


def refine(spectrum: Spectrum, peak_bin: int) -> Line:
    """Frequency and amplitude of the line whose largest bin is peak_bin.

    With r the ratio of the larger neighbour to the peak, a tone d bins off has
    r = (1 + d) / (2 - d), and the window's loss there is sin(pi d) / (pi d (1 - d^2)).
    """
    level = spectrum.amplitude_g
    peak = float(level[peak_bin])
    above, below = float(level[peak_bin + 1]), float(level[peak_bin - 1])
    side, neighbour = (1, above) if above >= below else (-1, below)
    ratio = min(max(neighbour / peak, 0.5), 1.0) if peak > 0.0 else 0.5
    offset = (2.0 * ratio - 1.0) / (1.0 + ratio)
    loss = float(np.sinc(offset)) / (1.0 - offset**2)
    position = peak_bin + side * offset
    return Line(position * spectrum.bin_hz, peak / loss, position)


def strongest_lines(spectrum: Spectrum, least_periods: float = LEAST_PERIODS) -> list[Line]:
    """All valid lines, by the amplitude of their largest bin, the strongest first.

    A maximum closer than four bins to a stronger one is part of that one.  Lines with fewer than
    least_periods in the record are left out; their neighbourhood stays theirs.
    """
    level = spectrum.amplitude_g
    bins = np.arange(FIRST_BIN, last_bin(spectrum) + 1)
    maxima = bins[(level[bins] > level[bins - 1]) & (level[bins] >= level[bins + 1])]
    free = np.ones(len(level), bool)
    taken: list[int] = []
    for candidate in maxima[np.argsort(-level[maxima], kind="stable")].tolist():
        if free[candidate]:
            taken.append(candidate)
            free[max(0, candidate - LEAST_APART_BINS + 1) : candidate + LEAST_APART_BINS] = False
    lines = [refine(spectrum, peak_bin) for peak_bin in taken]
    return [line for line in lines if line.periods >= least_periods]


def order_line(spectrum: Spectrum, shaft_hz: float, order: int) -> Line | None:
    """The line at `order` times the shaft speed, or None where the spectrum does not reach.

    It is the largest bin within 1.5 bins or 1 % of the expected place, whichever is more.
    """
    expected = order * shaft_hz / spectrum.bin_hz
    reach = max(1.5, 0.01 * expected)
    first, last = math.ceil(expected - reach), math.floor(expected + reach)
    if first < FIRST_BIN or last > last_bin(spectrum):
        return None
    peak_bin = first + int(np.argmax(spectrum.amplitude_g[first : last + 1]))
    return refine(spectrum, peak_bin)
