"""Whether lines say that the speed is another than the one given.

Two combs are moved by r = j / 400, |j| <= 12: the fault's own over the logarithms' spectra, and
the shaft's over that of the samples.  Source: docs/decisions/0012-envelope.md.
"""

from math import exp, log, sqrt

from micropython import const

from node.dsp import bands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STEPS, _PER_UNIT = 12, 400
_OFF = const(4)  # steps, 1 %: beyond it the speed is off
_SURE = const(2)  # steps, 0.5 %, as sure as a verdict needs it: beyond it no speed is confirmed
_APART = const(6)  # steps, 1.5 %: what is as far away must be lower
_MARGIN = 1.0
_WRONG = const(8)  # steps, 2 %: a fault's comb that is as high so far away confirms nothing
_CHANCE = 0.4  # over the root of K: the part of the threshold of S that is left to chance
_MOST_TEETH, _LEAST_TEETH, _LEAST_BIN = 10, 3, 3
_TINY = 1e-30  # of a power: where there is none, its logarithm still is a number
_LEAST = 1e-9  # of an amplitude in its unit: three of them multiply within float32


def log_root(power: float) -> float:
    """ln of the root of a power."""
    return 0.5 * log(max(power, _TINY))


def _multiply(
    spectra: "Any", axis: int, slot: int, place: float, unit: float, products: "list[float]"
) -> None:
    """products[i] *= the amplitude at the place of each step, in units; between bins on a line."""
    away = _STEPS / _PER_UNIT
    low, high = int(place * (1.0 - away)), int(place * (1.0 + away)) + 2
    roots = [
        max(sqrt(spectra.power(slot, key)) / unit, _LEAST)
        for key in spectra.keys(axis, slot, low, high)
    ]
    for i in range(len(products)):
        part = place * (1.0 + (i - _STEPS) / _PER_UNIT) - low
        k = int(part)
        here = roots[k]
        products[i] *= here + (part - k) * (roots[k + 1] - here)


def best(values: "list[float]") -> int:
    """The index of the greatest, the first of equals."""
    at = 0
    for i in range(len(values)):
        if values[i] > values[at]:
            at = i
    return at


def of_fault(spectra: "Any", axis: int, place: float, floor: float) -> "list[float]":
    """The mean of ln E over the comb less that of the floors, of each step; place: bins."""
    values, unit = [0.0] * (2 * _STEPS + 1), exp(floor)
    for slot in range(len(bands.BANDS)):
        # One logarithm for the product of three: on a Pico they are what takes time.
        products = [1.0] * len(values)
        for h in range(1, bands.HARMONICS + 1):
            _multiply(spectra, axis, slot, h * place, unit, products)
        for i in range(len(values)):
            values[i] += log(products[i])
    return [value / (len(bands.BANDS) * bands.HARMONICS) for value in values]


def _stands_out(values: "list[float]", at: int, apart: int, margin: float) -> bool:
    """Whether everything that is so many steps away, or more, is lower by the margin."""
    for i in range(len(values)):
        if abs(i - at) >= apart and values[at] - values[i] < margin:
            return False
    return True


def of_shaft(spectra: "Any", axis: int, turns: float) -> "int | None":
    """The step at which the shaft's lines stand; None where they stand nowhere.  turns: fn T."""
    away = _STEPS / _PER_UNIT
    end = spectra.bins[bands.SHAFT]
    teeth = [
        n * turns
        for n in range(1, _MOST_TEETH + 1)
        if (1.0 - away) * n * turns >= _LEAST_BIN and (1.0 + away) * n * turns + 1.0 < end
    ]
    if len(teeth) < _LEAST_TEETH:
        return None
    values = [0.0] * (2 * _STEPS + 1)
    for place in teeth:
        k = int(place + 0.5)
        unit = sqrt(spectra.power(bands.SHAFT, max(spectra.keys(axis, bands.SHAFT, k - 1, k + 2))))
        products = [1.0] * len(values)
        _multiply(spectra, axis, bands.SHAFT, place, max(unit, _LEAST), products)
        for i in range(len(values)):
            values[i] += log(products[i])
    at = best(values)
    return at - _STEPS if _stands_out(values, at, _APART, _MARGIN) else None


def judge(
    spectra: "Any", axis: int, races: "list[tuple[float, float, float]]", turns: float
) -> "tuple[bool, bool]":
    """(whether a comb says that the speed is off, whether all that stand confirm it).

    races: (place in bins, mean ln of its floors, threshold of S) of each; turns: fn T.
    """
    combed = [of_fault(spectra, axis, place, floor) for place, floor, _ in races]
    tops = [best(values) for values in combed]
    race = best([values[at] for values, at in zip(combed, tops)])  # noqa: B905  MicroPython
    values, at = combed[race], tops[race]
    steps, distinct = [], False
    if values[at] > races[race][2]:
        steps.append(at - _STEPS)
        distinct = _stands_out(values, at, _WRONG, _CHANCE / sqrt(spectra.blocks[axis]))
    step = of_shaft(spectra, axis, turns)
    if step is not None:
        steps.append(step)
        distinct = True
    off = any(is_off(step) for step in steps)
    return off, distinct and all(abs(step) <= _SURE for step in steps)


def is_off(step: int) -> bool:
    """Whether lines at this step say that the speed is another."""
    return abs(step) > _OFF
