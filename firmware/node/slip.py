"""The shaft's speed of an induction motor, estimated from lines beside the mains'.

An air gap that is not quite even puts lines at f - r and f + r, r the turns a second: a little
less than f / p, p the pole pairs.  Source: docs/decisions/0017-current.md.
"""

from math import sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_MOST_SLIP = 0.08
_FROM, _TO = 0.8, 0.9  # of f / p: what stands around, where no motor runs
_STEP = 0.5  # bins
_STANDS_OUT = 6.0
_ERROR = 2.0  # bins times how far a pair stands out: docs/decisions/0017-current.md


def shaft_bins(
    tone: "Callable[[float], float]", line: float, pole_pairs: int
) -> "tuple[float, float] | None":
    """(r, its uncertainty) in bins (cycles over the record); None where no pair stands out.

    tone: the amplitude at a place in bins, under a Hann window; line: the place of f.
    """
    field = line / pole_pairs
    around = []
    place = _FROM * field
    while place < _TO * field:
        around.append(_pair(tone, line, place))
        place += 2.0 * _STEP
    floor = sorted(around)[len(around) // 2]
    best, at, found = 0.0, 0, []
    place = begin = (1.0 - _MOST_SLIP) * field
    while place <= field + 2.0 * _STEP:
        found.append(_pair(tone, line, place))
        if found[-1] > best:
            best, at = found[-1], len(found) - 1
        place += _STEP
    if not 0 < at < len(found) - 1 or best < _STANDS_OUT * floor:
        return None
    left, right = found[at - 1], found[at + 1]
    bend = 2.0 * best - left - right
    place = begin + _STEP * (at + (0.5 * (right - left) / bend if bend > 0.0 else 0.0))
    return place, _ERROR * floor / best


def _pair(tone: "Callable[[float], float]", line: float, place: float) -> float:
    """Of the lines on both sides, the geometric mean."""
    return sqrt(tone(line - place) * tone(line + place))
