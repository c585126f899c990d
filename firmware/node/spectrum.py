"""What is read from a spectrum: bands, severity, lines, orders.  In digits, bins and hertz.

All take the backend's kernels after transform() and bin_hz = fs / N; frequencies are of the
measured rate.  Definitions: wire/features.py.
"""

from math import ceil, floor, pi, sin, sqrt

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Protocol

    class Kernels(Protocol):
        samples: int

        def power(self, k: int) -> float: ...
        def power_sum(self, low: int, high: int) -> float: ...
        def integrals(self, low: int, high: int) -> "tuple[float, float]": ...
        def greatest(self, low: int, high: int) -> int: ...
        def lines(self, low: int, high: int, found: "array[int]", most: int) -> int: ...


def nearest(value: float) -> int:
    """rnd of the definitions: half a bin goes up.  value >= 0."""
    return int(value + 0.5)


def band(kernels: "Kernels", low: int, high: int) -> float:
    """RMS in digits over low <= k < high, up to N/2."""
    # P_k = A_k**2 / 3: the Hann window's equivalent noise bandwidth is 1.5 bins.
    return sqrt(kernels.power_sum(low, high) / 3.0) if low < high else 0.0


def severity_bins(samples: int, bin_hz: float, top_hz: float) -> "tuple[int, int]":
    """The bins low <= k < high from 10 Hz to top_hz; low >= high: the rate holds none."""
    low = max(2, nearest(10.0 / bin_hz) - 1)
    return low, min(samples // 2 - 1, nearest(top_hz / bin_hz) + 1) + 1


def integrated(kernels: "Kernels", bin_hz: float, low: int, high: int) -> "tuple[float, float]":
    """RMS over low <= k < high, integrated once and twice: (digits s, digits s**2)."""
    turn = 2.0 * pi * bin_hz
    once, twice = kernels.integrals(low, high)
    return sqrt(once / 3.0) / turn, sqrt(twice / 3.0) / turn / turn


def noise_integrated(density: float, bin_hz: float, low: int, high: int) -> float:
    """RMS of white noise over low <= k < high, integrated once: density in g/sqrt(Hz), in g s.

    The sum of 1 / k**2 as an integral from half a bin before to half a bin behind: over a wide
    band the RMS is 1.7 % high from bin 2 on, 0.6 % from bin 3, 0.06 % from bin 9.
    """
    share = 1.0 / (low - 0.5) - 1.0 / (high - 0.5)
    return density * sqrt(share / bin_hz) / (2.0 * pi)


@micropython.native
def line(kernels: "Kernels", k: int) -> "tuple[float, float]":
    """(place in bins, amplitude in digits) of a tone whose greatest bin is k, 0 < k < N/2 - 1."""
    middle = kernels.power(k)
    left, right = kernels.power(k - 1), kernels.power(k + 1)
    amplitude = sqrt(middle)
    if amplitude == 0.0:
        return float(k), 0.0
    ratio = min(1.0, max(0.5, sqrt(max(left, right)) / amplitude))
    away = (2.0 * ratio - 1.0) / (1.0 + ratio)
    if away > 0.0:
        turn = pi * away
        amplitude *= turn * (1.0 - away * away) / sin(turn)
    return (k + away if right > left else k - away), amplitude


def order(kernels: "Kernels", bin_hz: float, n: int, shaft_hz: float) -> "tuple[float, float]":
    """(Hz, amplitude in digits) of the n-th order: the line at the greatest bin near n * shaft_hz.

    Near is max(1.5 bins, 1 %).  (0.0, 0.0) where that reaches out of the bins of lines.
    """
    place = n * shaft_hz / bin_hz
    reach = max(1.5, 0.01 * place)
    low, high = ceil(place - reach), floor(place + reach) + 1
    if low < 3 or high > kernels.samples // 2 - 2:
        return 0.0, 0.0
    at, amplitude = line(kernels, kernels.greatest(low, high))
    return at * bin_hz, amplitude
