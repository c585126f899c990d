"""The vibration features of one channel: samples and scale in, values of the catalogue out."""

from math import sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from types import ModuleType

KEYS = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g")


class Vibration:
    """Computes the features of records of one length.  All work space is made here.

    backend: a module of `dsp.backend`; samples: a power of two from 64 to 4096.
    Raises ValueError for another length.
    """

    def __init__(self, backend: "ModuleType", samples: int) -> None:
        self._kernels = backend.Kernels(samples)

    def compute(
        self,
        block: "array[int]",
        g_per_digit: float,
        rate_hz: float,
        keys: "tuple[str, ...]",
        out: "dict[str, float]",
        withheld: "dict[str, str]",
    ) -> None:
        """Fill `out` (key -> value) and `withheld` (key -> reason), each key into one of them.

        block: int16[samples], digits; g_per_digit > 0; rate_hz > 0, as measured.  Whatever the
        block holds, no value is NaN or infinite.  Raises ValueError for a length, scale, rate or
        key that cannot work, before anything is computed.
        """
        for key in keys:
            if key not in KEYS:
                raise ValueError(
                    "%r is not a vibration feature: one of %s" % (key, ", ".join(KEYS))
                )
        if not 0 < g_per_digit < 1:
            raise ValueError("g_per_digit: %r is not between 0 and 1" % g_per_digit)
        if not 0 < rate_hz < 1e6:
            raise ValueError("rate_hz: %r is not between 0 and 1e6" % rate_hz)
        kernels = self._kernels
        kernels.load(block)
        out.clear()
        withheld.clear()
        rms = 0.0
        if "acc_rms_g" in keys or "crest" in keys:
            kernels.moments()
            rms = sqrt(kernels.m2)
        for key in keys:
            if key == "acc_rms_g":
                out[key] = rms * g_per_digit
            elif key == "acc_peak_g":
                out[key] = kernels.peak * g_per_digit
            elif key == "acc_p2p_g":
                out[key] = (kernels.most - kernels.least) * g_per_digit
            elif key == "mean_g":
                out[key] = kernels.mean * g_per_digit
            elif rms > 0.0:
                out[key] = kernels.peak / rms
            else:
                withheld[key] = "silent"
