"""A spectrum in few bytes: RMS over bins of logarithmic width, a byte each; or in full.

All take the kernels of a `Vibration` after compute() with a key of the spectrum, or always where
it was made with spectrum=True.  Levels are those of wire/spectrum.py.
"""

from math import log, sqrt

from wire import spectrum as wire_spectrum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from node.spectrum import Kernels

    Levels = bytearray | memoryview

edges = wire_spectrum.edges  # whoever runs this module alone finds all of it here

_STEPS = 8192 / (2.0 * log(10.0))  # of a level of 16 bits, per power


def log_bins(kernels: "Kernels", g_per_digit: float, bounds: "list[int]", out: "Levels") -> None:
    """out[i] = level of sqrt(sum P_k) over bounds[i] <= k < bounds[i + 1].

    Raises ValueError where out has another length than there are bins.
    """
    if len(out) != len(bounds) - 1:
        raise ValueError("out: %d bytes for %d log bins" % (len(out), len(bounds) - 1))
    scale = g_per_digit * g_per_digit / 3.0
    for i in range(len(out)):
        power_g2 = scale * kernels.power_sum(bounds[i], bounds[i + 1])
        out[i] = wire_spectrum.level(power_g2)


def levels(kernels: "Kernels", g_per_digit: float, out: "Levels") -> None:
    """The level of A_k for 0 <= k < N/2, two bytes each, the lower one first.

    Raises ValueError where out has another length than there are samples.
    """
    if len(out) != kernels.samples:
        raise ValueError("out: %d bytes for %d bins" % (len(out), kernels.samples // 2))
    # As wire.spectrum.level(), but with all that is the same for every bin worked out once.
    offset = log(g_per_digit * 1e6) * 2.0 * _STEPS + 0.5
    for k in range(kernels.samples // 2):
        power = kernels.power(k)
        code = int(log(power) * _STEPS + offset) if power > 0.0 else 0
        code = min(max(code, 0), 65535)
        out[2 * k] = code & 255
        out[2 * k + 1] = code >> 8


def amplitudes(kernels: "Kernels", g_per_digit: float, out: "array[float]") -> None:
    """out[k] = A_k in g, float32[samples / 2].  Raises ValueError for another length."""
    if len(out) != kernels.samples // 2:
        raise ValueError("out: %d values for %d bins" % (len(out), kernels.samples // 2))
    for k in range(len(out)):
        out[k] = g_per_digit * sqrt(kernels.power(k))
