"""Whether a block of a recording is what a sensor measured: clipped, or stuck for a part of it.

A node knows its sensor's rails; of a recording only those of its format are known.  Below them
a signal is taken for clipped where it stays at its own extreme as no vibration does.  Where it
may be either, nothing is said: docs/decisions/0034-features-clipped.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STUCK_SAMPLES = 64  # of one digit in a row, as on a node: docs/architecture.md, Faults
_RAILS = (-32768, 32767)
_LEAST_STEPS = 64  # from the least to the most: below, a few digits are all there is
_BESIDE = 8  # steps next to an extreme: a sine is there three times as often as at its extreme
_UNEVEN = 4  # digits by which steps differ that were scaled to digits
_LEAST_PAIRS = 2  # of neighbours at the extreme: one may be chance
_REST = 2 / 3  # of the block, from which a digit that is come back to is where a signal rests


@dataclass(frozen=True)
class _Rows:
    """Equal samples in a row: where each begins, how many they are, and which."""

    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    digits: NDArray[np.int32]


def unsound(digits: NDArray[np.int16]) -> str | None:
    """Why the values of a block are to be marked: "clipped", "stuck" or None.

    digits: int16[samples], two or more.  A block that is silent as a whole is neither.
    """
    if any(_pairs(digits == rail) for rail in _RAILS):
        return "clipped"  # two neighbours: a lone one may be a scaled peak
    wide = digits.astype(np.int32)
    rows = _rows(wide)
    long = (rows.lengths >= STUCK_SAMPLES) & (rows.lengths < len(wide))
    stuck = [held for held in np.unique(rows.digits[long]) if not _back(held, wide, rows)]
    flat = _flat(wide, rows)
    if len(flat) == 1 and flat[0] in stuck and np.count_nonzero(rows.digits == flat[0]) == 1:
        return "stuck"  # once: what cuts off does so at every swing, or on both sides
    if flat:
        return "clipped"
    return "stuck" if stuck else None


def _pairs(at: NDArray[np.bool_]) -> int:
    """How often two neighbours are both there."""
    return int(np.count_nonzero(at[1:] & at[:-1]))


def _rows(digits: NDArray[np.int32]) -> _Rows:
    starts = np.concatenate(([0], np.flatnonzero(np.diff(digits)) + 1))
    return _Rows(starts, np.diff(starts, append=len(digits)), digits[starts])


def _rests(digit: int, digits: NDArray[np.int32], rows: _Rows) -> bool:
    """Whether the signal comes back to this digit and mostly is there, as between impulses."""
    again = np.count_nonzero(rows.digits == digit) > 1
    return bool(again and np.count_nonzero(digits == digit) > _REST * len(digits))


def _back(digit: int, digits: NDArray[np.int32], rows: _Rows) -> bool:
    """Whether the signal comes back to this digit: to rest, or to a bound, and is not stuck."""
    bound = digit in (digits.min(), digits.max()) and np.count_nonzero(rows.digits == digit) > 1
    return bool(bound or _rests(digit, digits, rows))


def _flat(digits: NDArray[np.int32], rows: _Rows) -> list[int]:
    """Of the least and the most those that have more samples than lie within eight steps beside.

    A step is what the recording resolves, in digits: one that was scaled has coarse ones.
    """
    levels = np.unique(digits)
    if len(levels) < 2:
        return []
    step = int(np.diff(levels).min())
    least, most = int(levels[0]), int(levels[-1])
    if most - least < _LEAST_STEPS * step:
        return []
    found = []
    for edge in (least, most):
        away = np.abs(digits - edge)
        at, beside = away == 0, (away > 0) & (away <= _BESIDE * step + _UNEVEN * (step > 1))
        if (
            _pairs(at) >= _LEAST_PAIRS
            and np.count_nonzero(at) > np.count_nonzero(beside)
            and not _rests(edge, digits, rows)
            and not _periodic(edge, step, rows)
        ):
            found.append(edge)
    return found


def _periodic(edge: int, step: int, rows: _Rows) -> bool:
    """Whether an extreme is two samples of a tone that the rate is a multiple of, every time.

    Then no row is longer than two, and what is before and after is always the same.
    """
    edges = np.flatnonzero((rows.digits == edge) & (rows.lengths > 1))
    if rows.lengths[edges].max() > 2:
        return False
    inner = edges[(edges > 0) & (edges < len(rows.starts) - 1)]
    if len(inner) < 2:
        return True
    around = np.stack([rows.digits[inner - 1], rows.digits[inner + 1]])
    return bool(np.ptp(around, axis=1).max() <= step)
