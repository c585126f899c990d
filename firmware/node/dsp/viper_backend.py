"""The backend in integers: viper kernels on preallocated arrays, for chips without an FPU."""

from array import array

from micropython import const

from node.dsp import check_length, tables, viper_fft, viper_spectrum, viper_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.dsp import Samples

NAME = "viper"
LENT = True  # Kernels take a work array of others

_TOP_BITS = const(25)  # |x - centre| is scaled up to 2**25 at most
_FOURS = tuple(4.0 ** (n - 8) for n in range(23))  # what the exponent of a key stands for


class Kernels:
    """All work space of one record length: 7.5 bytes a sample, and nothing is allocated later.

    samples: a power of two from 64 to 4096; wide: blocks are int32 (24 bits and sign), not int16;
    data: array('h') of 2 * samples to work in, of others between two records; then it is 3.5 bytes
    a sample.  Raises ValueError for another length.
    """

    def __init__(self, samples: int, wide: bool = False, data: "array[int] | None" = None) -> None:
        check_length(samples)
        self.samples, self.wide = samples, wide
        self._lent = data is not None
        if data is None:
            data = array("i", bytes(4 * samples))
        elif len(data) != 2 * samples:
            raise ValueError("data: %d halves of words instead of %d" % (len(data), 2 * samples))
        self._data = data
        self._out = array("i", bytes(4 * 8))
        self._turn = tables.turn(samples)
        self._reversal = tables.reversal(samples // 2)
        self._up, self._unit = 0, 1.0
        self.mean = self.least = self.most = self.peak = 0.0
        self.m2 = self.m3 = self.m4 = 0.0

    def work(self) -> "tuple[array[int], array[int], array[int]]":
        """Work array and tables, for who computes between two records."""
        return self._data, self._turn, self._reversal

    def load(self, block: "Samples") -> None:
        samples, out = self.samples, self._out
        if len(block) != samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), samples))
        (viper_time.extent24 if self.wide else viper_time.extent16)(block, samples, out)
        total, least, most = out[0] * 1024 + out[3], out[1], out[2]
        centre = (2 * total + samples) // (2 * samples)
        rest = total - centre * samples  # the mean is centre + rest / samples
        widest = max(most - centre, centre - least)
        up = 0
        while widest and widest << (up + 1) <= 1 << _TOP_BITS:
            up += 1
        self._up = up
        # A = 2 |X| / (N / 2), the transform gives X / (N / 2), a key's mantissa counts sixteens.
        self._unit = 64.0 / 4.0**up
        fill = viper_time.centre24 if self.wide else viper_time.centre16
        fill(block, samples, centre, up, (rest << up) // samples, self._data)
        part = rest / samples
        self.mean = centre + part
        self.least, self.most = float(least), float(most)
        self.peak = max(most - centre - part, centre - least + part)

    def moments(self) -> None:
        samples, out = self.samples, self._out
        viper_time.moments(self._data, samples, out)
        unit = 2.0 ** (11 - self._up)
        m1 = out[0] / samples
        s2 = (out[1] * 32768.0 + out[2]) / samples
        s3 = (out[3] * 32768.0 + out[4]) / samples * 32768.0
        s4 = (out[5] * 32768.0 + out[6]) / samples * 1073741824.0
        # About the mean that was taken off, which rounding left within one unit of zero.
        self.m2 = max(s2 - m1 * m1, 0.0) * unit * unit
        self.m3 = (s3 - 3.0 * m1 * s2 + 2.0 * m1 * m1 * m1) * unit * unit * unit
        self.m4 = max(s4 - 4.0 * m1 * s3 + 6.0 * m1 * m1 * s2, 0.0) * unit * unit * unit * unit

    def transform(self) -> None:
        data, turn, samples = self._data, self._turn, self.samples
        count = samples // 2
        viper_fft.window(data, turn, samples)
        viper_fft.reorder(data, self._reversal, count)
        span = 1
        if samples & 0x1555:  # count is 2 * 4**i
            span = 2
        if span == 2:
            viper_fft.pairs(data, count)
        while span < count:
            viper_fft.fours_plain(data, count, span)
            viper_fft.fours(data, turn, count, span, samples)
            span *= 4
        viper_fft.split(data, turn, samples, 1)
        viper_spectrum.power(data, count)

    def power(self, k: int) -> float:
        # What is lent has elements of half the length.
        key = viper_spectrum.word(self._data, k) if self._lent else self._data[k]
        return (key & 0x3FFFFFF) * _FOURS[key >> 26] * self._unit

    def power_sum(self, low: int, high: int) -> float:
        out = self._out
        viper_spectrum.total(self._data, low, high, out)
        return (out[0] * 8192.0 + out[1]) * _FOURS[out[2]] * self._unit

    def integrals(self, low: int, high: int) -> "tuple[float, float]":
        out = self._out
        viper_spectrum.integrals(self._data, low, high, out)
        once = (out[0] * 8192.0 + out[1]) * 4.0 ** (out[2] - 8)
        return once * self._unit, (out[3] * 8192.0 + out[4]) * 4.0 ** (out[5] - 8) * self._unit

    def greatest(self, low: int, high: int) -> int:
        return viper_spectrum.greatest(self._data, low, high)

    def lines(self, low: int, high: int, found: "array[int]", most: int) -> int:
        for count in range(most):
            k = viper_spectrum.strongest(self._data, low, high, found, count)
            if not k:
                return count
            found[count] = k
        return most
