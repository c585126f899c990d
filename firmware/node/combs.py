"""Whether lines say that the speed is another than the one given.

Two combs are moved by r = j / 400, |j| <= 12: the fault's own over the logarithms' spectra, and
the shaft's over that of the samples.  Source: docs/decisions/0012-envelope.md.
"""

from math import log, sqrt

from node.dsp import bands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEPS, _PER_UNIT = 12, 400
_OFF = 4  # steps, 1 %: beyond it the speed is off
_APART = 6  # steps, 1.5 %: what is as far away must be lower
_MARGIN = 1.0
_MOST_TEETH, _LEAST_TEETH, _LEAST_BIN = 10, 3, 3
_TINY = 1e-30  # of a power: where there is none, its logarithm still is a number


def log_root(power: float) -> float:
    """ln of the root of a power."""
    return 0.5 * log(max(power, _TINY))


def _log_at(spectra: "Any", axis: int, slot: int, place: float) -> float:
    """ln of the amplitude at a place between bins."""
    k = int(place)
    part = place - k
    here, there = spectra.power(axis, slot, k), spectra.power(axis, slot, k + 1)
    return log(max((1.0 - part) * sqrt(here) + part * sqrt(there), sqrt(_TINY)))


def best(values: "list[float]") -> int:
    """The index of the greatest, the first of equals."""
    at = 0
    for i in range(len(values)):
        if values[i] > values[at]:
            at = i
    return at


def of_fault(spectra: "Any", axis: int, place: float, floor: float) -> "tuple[float, int]":
    """(greatest mean of ln E over the comb less that of the floors, its step); place: bins."""
    values = []
    for j in range(-_STEPS, _STEPS + 1):
        total = 0.0
        for slot in range(len(bands.BANDS)):
            for h in range(1, bands.HARMONICS + 1):
                total += _log_at(spectra, axis, slot, h * place * (1.0 + j / _PER_UNIT))
        values.append(total / (len(bands.BANDS) * bands.HARMONICS) - floor)
    at = best(values)
    return values[at], at - _STEPS


def of_shaft(spectra: "Any", axis: int, turns: float) -> "int | None":
    """The step at which the shaft's lines stand; None where they stand nowhere.  turns: fn T."""
    away = _STEPS / _PER_UNIT
    end = bands.shaft_bins(spectra.samples)
    teeth = [
        n * turns
        for n in range(1, _MOST_TEETH + 1)
        if (1.0 - away) * n * turns >= _LEAST_BIN and (1.0 + away) * n * turns + 1.0 < end
    ]
    if len(teeth) < _LEAST_TEETH:
        return None
    values = []
    for j in range(-_STEPS, _STEPS + 1):
        total = 0.0
        for place in teeth:
            total += _log_at(spectra, axis, bands.SHAFT, place * (1.0 + j / _PER_UNIT))
        values.append(total)
    at = best(values)
    for i in range(len(values)):
        if abs(i - at) >= _APART and values[at] - values[i] < _MARGIN:
            return None
    return at - _STEPS


def is_off(step: int) -> bool:
    """Whether lines at this step say that the speed is another."""
    return abs(step) > _OFF
