"""The backend in integers: viper kernels on preallocated arrays, for chips without an FPU."""

from array import array

from node.dsp import viper_time

NAME = "viper"

_TOP_BITS = 25  # |x - centre| is scaled up to 2**25 at most


class Kernels:
    """All work space of one record length.

    samples: a power of two from 64 to 4096.  Raises ValueError for another length.
    """

    def __init__(self, samples: int) -> None:
        if not 64 <= samples <= 4096 or samples & (samples - 1):
            raise ValueError("samples: %d is no power of two from 64 to 4096" % samples)
        self.samples = samples
        self._data = array("i", bytes(4 * samples))
        self._out = array("i", bytes(4 * 8))
        self._up = 0
        self.mean = self.least = self.most = self.peak = 0.0
        self.m2 = self.m3 = self.m4 = 0.0

    def load(self, block: "array[int]") -> None:
        """Take int16[samples]: set mean, least, most and peak = max |x - mean|, in digits.

        Raises ValueError for another length.
        """
        samples, out = self.samples, self._out
        if len(block) != samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), samples))
        viper_time.extent16(block, samples, out)
        total, least, most = out[0], out[1], out[2]
        centre = (2 * total + samples) // (2 * samples)
        rest = total - centre * samples  # the mean is centre + rest / samples
        widest = max(most - centre, centre - least)
        up = 0
        while widest and widest << (up + 1) <= 1 << _TOP_BITS:
            up += 1
        self._up = up
        viper_time.centre16(block, samples, centre, up, (rest << up) // samples, self._data)
        part = rest / samples
        self.mean = centre + part
        self.least, self.most = float(least), float(most)
        self.peak = max(most - centre - part, centre - least + part)

    def moments(self) -> None:
        """Set m2, m3, m4 of the loaded block: population moments about its mean, in digits."""
        samples, out = self.samples, self._out
        viper_time.moments(self._data, samples, out)
        unit = 2.0 ** (11 - self._up)
        m1 = out[0] / samples
        s2 = (out[1] * 32768.0 + out[2]) / samples
        s3 = (out[3] * 32768.0 + out[4]) / samples * 32768.0
        s4 = (out[5] * 32768.0 + out[6]) / samples * 1073741824.0
        # About the rounded mean's own error, which is under one unit.
        self.m2 = max(s2 - m1 * m1, 0.0) * unit * unit
        self.m3 = (s3 - 3.0 * m1 * s2 + 2.0 * m1 * m1 * m1) * unit * unit * unit
        self.m4 = (s4 - 4.0 * m1 * s3 + 6.0 * m1 * m1 * s2) * unit * unit * unit * unit
