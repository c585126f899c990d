"""The backend in ulab's calls, float32: for boards whose image has ulab and whose chip an FPU."""

from ulab import numpy as np
from ulab import utils

from node.dsp import check_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from node.dsp import Samples

NAME = "ulab"


class Kernels:
    """All of one record length.  ulab gives each result a new array, so this backend allocates.

    samples: a power of two from 64 to 4096; wide: blocks are int32 (24 bits and sign), not int16.
    Raises ValueError for another length.
    """

    def __init__(self, samples: int, wide: bool = False) -> None:
        check_length(samples)
        self.samples, self.wide = samples, wide
        half = samples // 2
        # The Hann window is even: its first half serves the second, backwards.
        self._window = 0.5 - 0.5 * np.cos(np.arange(half) * (2 * np.pi / samples))
        k = np.arange(half)
        k[0] = 1
        self._inverse = 1.0 / k
        self._inverse *= self._inverse
        self._data = self._power = self._window
        self.mean = self.least = self.most = self.peak = 0.0
        self.m2 = self.m3 = self.m4 = 0.0

    def load(self, block: "Samples") -> None:
        if len(block) != self.samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), self.samples))
        self._data = self._power = self._window  # the last record's arrays are free
        x = utils.from_int32_buffer(block) if self.wide else utils.from_int16_buffer(block)
        self.least, self.most = float(np.min(x)), float(np.max(x))
        # About a whole number near the mean first: there float32 differences are exact.
        centre = round(np.sum(x) / self.samples)
        x -= centre
        part = np.sum(x) / self.samples
        x -= part
        self._data = x
        self.mean = centre + part
        self.peak = max(self.most - centre - part, part - (self.least - centre))

    def moments(self) -> None:
        x, samples = self._data, self.samples
        square = x * x
        self.m2 = np.sum(square) / samples
        self.m4 = np.sum(square * square) / samples
        square *= x
        self.m3 = np.sum(square) / samples

    def transform(self) -> None:
        x, samples = self._data, self.samples
        half = samples // 2
        rising = self._window[1:half]
        x[0] = 0.0
        x[1:half] = x[1:half] * rising
        x[:half:-1] = x[:half:-1] * rising
        spectrum = np.fft.fft(x)[:half]
        self._data = x = self._window
        power, part = spectrum.real, spectrum.imag
        spectrum = None
        power *= power
        part *= part
        power += part
        power *= 16.0 / samples / samples
        self._power = power

    def power(self, k: int) -> float:
        return self._power[k]

    def power_sum(self, low: int, high: int) -> float:
        return np.sum(self._power[low:high])

    def integrals(self, low: int, high: int) -> "tuple[float, float]":
        inverse = self._inverse[low:high]
        part = self._power[low:high] * inverse
        once = np.sum(part)
        part *= inverse
        return once, np.sum(part)

    def greatest(self, low: int, high: int) -> int:
        return low + np.argmax(self._power[low:high])

    def lines(self, low: int, high: int, found: "array[int]", most: int) -> int:
        power = self._power
        middle = power[low:high]
        peaks = (
            middle * (middle > power[low - 1 : high - 1]) * (middle >= power[low + 1 : high + 1])
        )
        for count in range(most):
            at = np.argmax(peaks)
            if not peaks[at]:
                return count
            found[count] = low + at
            peaks[max(at - 3, 0) : at + 4] = 0.0
        return most
