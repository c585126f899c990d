"""A spectrum in few bytes: RMS over bins of logarithmic width, a byte each; or in full.

Both take the kernels of a `Vibration` after compute() with a key of the spectrum.  A code c stands
for 10**(c / 32 - 6) g, 0 for that or less and 255 for 93 g or more: steps of 0.625 dB, so that a
value is within 3.7 %.
"""

from math import log, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from node.spectrum import Kernels

FIRST_BIN = 2  # below it there is the window's share of the mean
_STEPS = 32 / log(10.0)


def edges(samples: int, count: int) -> "list[int]":
    """The count + 1 edges of the log bins of a record: low <= k < high, from 2 to samples / 2.

    Raises ValueError where there are fewer bins than that.
    """
    half = samples // 2
    if not 1 <= count <= half - FIRST_BIN:
        raise ValueError("log bins: %r are none of 1 to %d" % (count, half - FIRST_BIN))
    ratio = log(half / FIRST_BIN) / count
    found = [FIRST_BIN]
    for i in range(1, count):
        # One bin at least for this one, and for each that is still to come.
        ideal = int(FIRST_BIN * 2.718281828 ** (ratio * i) + 0.5)
        found.append(min(max(ideal, found[-1] + 1), half - count + i))
    found.append(half)
    return found


def encode(rms_g: float) -> int:
    """The code of an RMS in g."""
    if rms_g <= 1e-6:
        return 0
    return min(255, int(log(rms_g * 1e6) * _STEPS + 0.5))


def decode(code: int) -> float:
    """The RMS in g that a code stands for."""
    rms_g: float = 10.0 ** (code / 32 - 6)
    return rms_g


def log_bins(kernels: "Kernels", g_per_digit: float, bounds: "list[int]", out: bytearray) -> None:
    """out[i] = code of sqrt(sum P_k) over bounds[i] <= k < bounds[i + 1].

    Raises ValueError where out has another length than there are bins.
    """
    if len(out) != len(bounds) - 1:
        raise ValueError("out: %d bytes for %d log bins" % (len(out), len(bounds) - 1))
    for i in range(len(out)):
        out[i] = encode(g_per_digit * sqrt(kernels.power_sum(bounds[i], bounds[i + 1]) / 3.0))


def amplitudes(kernels: "Kernels", g_per_digit: float, out: "array[float]") -> None:
    """out[k] = A_k in g, float32[samples / 2].  Raises ValueError for another length."""
    if len(out) != kernels.samples // 2:
        raise ValueError("out: %d values for %d bins" % (len(out), kernels.samples // 2))
    for k in range(len(out)):
        out[k] = g_per_digit * sqrt(kernels.power(k))
