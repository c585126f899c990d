"""Whether a block of a recording is what a sensor measured: clipped, or stuck for a part of it.

A node knows its sensor's rails; of a recording only those of its format are known.  Below them
a signal is taken for clipped where it stays at its own extreme as no vibration does.
"""

import numpy as np
from numpy.typing import NDArray

STUCK_SAMPLES = 64  # of one digit in a row, as on a node: docs/architecture.md, Faults
_RAILS = (-32768, 32767)
_LEAST_DIGITS = 64  # from the least to the most: below, a few digits are all there is
_BESIDE = 8  # digits next to an extreme: a sine is there three times as often as at its extreme
_LEAST_PAIRS = 2  # of neighbours at the extreme: one may be chance


def unsound(digits: NDArray[np.int16]) -> str | None:
    """Why the values of a block are to be marked: "clipped", "stuck" or None.

    digits: int16[samples], two or more.  A block that is silent as a whole is neither.
    """
    if any(_pairs(digits == rail) for rail in _RAILS):
        return "clipped"  # two neighbours: a lone one may be a scaled peak
    if STUCK_SAMPLES <= _longest(digits) < len(digits):
        return "stuck"
    return "clipped" if _flat(digits.astype(np.int32)) else None


def _pairs(at: NDArray[np.bool_]) -> int:
    """How often two neighbours are both there."""
    return int(np.count_nonzero(at[1:] & at[:-1]))


def _longest(digits: NDArray[np.int16]) -> int:
    """The length of the longest row of equal samples."""
    changes = np.flatnonzero(np.diff(digits)) + 1
    return int(np.max(np.diff(changes, prepend=0, append=len(digits))))


def _flat(digits: NDArray[np.int32]) -> bool:
    """Whether more samples lie at the least or the most than within eight digits beside it."""
    least, most = int(digits.min()), int(digits.max())
    if most - least < _LEAST_DIGITS:
        return False
    for edge in (least, most):
        away = np.abs(digits - edge)
        at, beside = away == 0, (away > 0) & (away <= _BESIDE)
        if _pairs(at) >= _LEAST_PAIRS and np.count_nonzero(at) > np.count_nonzero(beside):
            return True
    return False
