"""The backend in ulab's calls, float32: for boards whose image has ulab and whose chip an FPU."""

from ulab import numpy as np
from ulab import utils

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

NAME = "ulab"


class Kernels:
    """All of one record length; ulab allocates its results anew, so this backend does.

    samples: a power of two from 64 to 4096.  Raises ValueError for another length.
    """

    def __init__(self, samples: int) -> None:
        if not 64 <= samples <= 4096 or samples & (samples - 1):
            raise ValueError("samples: %d is no power of two from 64 to 4096" % samples)
        self.samples = samples
        self._data = np.zeros(samples)
        self.mean = self.least = self.most = self.peak = 0.0
        self.m2 = self.m3 = self.m4 = 0.0

    def load(self, block: "array[int]") -> None:
        """Take int16[samples]: set mean, least, most and peak = max |x - mean|, in digits.

        Raises ValueError for another length.
        """
        if len(block) != self.samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), self.samples))
        x = utils.from_int16_buffer(block)
        self.least, self.most = float(np.min(x)), float(np.max(x))
        # About a whole number near the mean first: there float32 differences are exact.
        centre = round(np.sum(x) / self.samples)
        x -= centre
        part = np.sum(x) / self.samples
        x -= part
        self._data = x
        self.mean = centre + part
        self.peak = max(self.most - centre - part, centre + part - self.least)

    def moments(self) -> None:
        """Set m2, m3, m4 of the loaded block: population moments about its mean, in digits."""
        # Scaled to 1 at most: the fourth power of 65535 digits is still far from float32's end,
        # but a silent block must not divide.
        x = self._data
        square = x * x
        self.m2 = np.sum(square) / self.samples
        self.m3 = np.sum(square * x) / self.samples
        self.m4 = np.sum(square * square) / self.samples
