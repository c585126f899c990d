"""How far the lines of a bearing's order stand out of the envelope's spectra.

All take the backend's Spectra with the blocks of an axis; places are in bins of one block, f T.
Definitions: docs/decisions/0012-envelope.md.
"""

from math import ceil, floor, sqrt

from micropython import const

from node import combs
from node.dsp import bands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GAP, _SIDE = 1, 10  # bins beside what is searched that are left out, and that make the floor
_LEAST_BIN = const(2)
_LEAST_REACH, _REACH = 0.6, 0.01
_WHITE = 0.375  # of the bins of a band: what white noise of RMS 1 has in each, under its window


def searched(place: float) -> "tuple[int, int]":
    """The first and the last bin in which a line of this place is looked for."""
    reach = max(_LEAST_REACH, _REACH * place)
    return max(_LEAST_BIN, ceil(place - reach)), floor(place + reach)


def amplitude(spectra: "Any", axis: int, place: float) -> float:
    """The greatest line of the envelope itself, in digits, of the band that is kept for it."""
    low, high = searched(place)
    power: float = spectra.power(
        bands.AMPLITUDE, max(spectra.keys(axis, bands.AMPLITUDE, low, high + 1))
    )
    return sqrt(power / spectra.blocks[axis])


def score(spectra: "Any", axis: int, place: float) -> "tuple[float, float, float]":
    """(S of the order whose first harmonic is at `place`, mean ln of its floors, the least floor).

    The least floor is told as the RMS of white noise in the logarithm that has it.
    """
    peaks = floors = 0.0
    least = 1e9
    for slot in range(len(bands.BANDS)):
        white = _WHITE * bands.BANDS[slot][1] * spectra.samples / 4096
        for h in range(1, bands.HARMONICS + 1):
            peak, level = line(spectra, axis, slot, h * place)
            least = min(least, sqrt(level / spectra.blocks[axis] / white))
            peaks += combs.log_root(peak)
            floors += combs.log_root(level)
    count = len(bands.BANDS) * bands.HARMONICS
    return (peaks - floors) / count, floors / count, least


def line(spectra: "Any", axis: int, slot: int, place: float) -> "tuple[float, float]":
    """(power of the greatest bin in the search range, power of the median around it)."""
    low, high = searched(place)
    peak: float = spectra.power(slot, max(spectra.keys(axis, slot, low, high + 1)))
    first = max(_LEAST_BIN, low - _GAP - _SIDE)
    end = min(spectra.bins[slot], high + _GAP + _SIDE + 1)
    around = spectra.keys(axis, slot, first, max(first, low - _GAP))
    around += spectra.keys(axis, slot, high + _GAP + 1, end)
    # Of an even number: the mean of the middle two, as amplitudes.
    around.sort()
    middle = len(around) // 2
    level: float = spectra.power(slot, around[middle])
    if len(around) % 2 == 0:
        mean = 0.5 * (sqrt(spectra.power(slot, around[middle - 1])) + sqrt(level))
        level = mean * mean
    return peak, level
