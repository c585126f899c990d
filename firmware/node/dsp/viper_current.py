"""Sums over a record of currents in integers: viper kernels on preallocated arrays."""

from array import array
from math import cos, pi, sin

from node.dsp import check_currents, tables, tones, viper_fft, viper_mains, viper_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.dsp import Samples

_TOP = 1 << 16  # |x - centre| is scaled up to this at most, a quarter of it is computed with
_CELLS = viper_mains.CELLS
_LEAST_TABLE, _LEAST_BITS = 1024, 10


class Sums:
    """See node/dsp/__init__.py.  Work space: 12 KB to 1024 samples, 32 KB at 4096."""

    def __init__(self, samples: int, channels: int) -> None:
        check_currents(samples, channels)
        self.samples = samples
        size, self._bits = _LEAST_TABLE, _LEAST_BITS
        while size < samples:
            size, self._bits = 2 * size, self._bits + 1
        self._size, self._stride = size, size // samples
        self._table = tables.turn(size)
        self._reversal = tables.reversal(_CELLS // 2)
        self._spline = tones.spline()
        self._grid = array("i", bytes(4 * _CELLS))
        self._bins = array("i", bytes(4 * _CELLS))
        self._thin = array("h", bytes(2 * samples))
        self._out = array("i", bytes(4 * 4))
        self._how = array("H", bytes(2 * 4))
        quarter = size // 4
        self._weight = float(
            sum(self._table[(quarter + i * self._stride) % size] for i in range(samples))
        )
        # B's transform over the cells, to which the fold's is divided.
        self._gain = [1.0] * (tones.HARMONICS + 1)
        for h in range(1, tones.HARMONICS + 1):
            x = pi * h / _CELLS
            self._gain[h] = (x / sin(x)) ** 4
        self._centre, self._up = [0] * channels, [0] * channels
        self._offset = [0.0] * channels  # c of e
        self.mean, self.square, self.peak = ([0.0] * channels for _ in range(3))
        self.turns = self.halves = self.sweep = 0.0
        self._first = self._last = (0.0, 0.0)

    def weigh(self, channel: int, block: "Samples") -> bool:
        samples, out = self.samples, self._out
        if len(block) != samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), samples))
        viper_time.extent16(block, samples, out)
        total, least, most = out[0] * 1024 + out[3], out[1], out[2]
        centre = (2 * total + samples) // (2 * samples)
        self._centre[channel] = centre
        self.mean[channel], self.square[channel], self.peak[channel] = float(centre), 0.0, 0.0
        if least == most:
            return False
        widest = max(most - centre, centre - least)
        up = 0
        while widest << (up + 1) <= _TOP:
            up += 1
        self._up[channel] = up
        viper_mains.weigh(block, samples, centre, up, self._table, self._stride, out)
        offset = (out[0] * 8192.0 + out[1]) / self._weight
        square = (out[2] * 32768.0 + out[3]) / self._weight * 8192.0 - offset * offset
        unit = 4.0 / (1 << up)
        self._offset[channel] = offset
        self.square[channel] = max(square, 0.0) * unit * unit
        away = offset * unit
        self.mean[channel] = centre + away
        self.peak[channel] = max(most - centre - away, centre - least + away)
        return True

    def cross(self, a: int, block_a: "Samples", b: int, block_b: "Samples") -> float:
        how, out = self._how, self._out
        how[0], how[1] = self._centre[a] + 32768, self._up[a]
        how[2], how[3] = self._centre[b] + 32768, self._up[b]
        samples, stride = self.samples, self._stride
        viper_mains.cross(block_a, block_b, samples, how, self._table, stride, out)
        total = (out[0] * 32768.0 + out[1]) / self._weight * 8192.0
        total -= self._offset[a] * self._offset[b]
        return total * 4.0 / (1 << self._up[a]) * 4.0 / (1 << self._up[b])

    def crossings(self, channel: int, block: "Samples") -> int:
        reach = 0.5 * self.square[channel] ** 0.5
        low, high = int(self.mean[channel] - reach), int(self.mean[channel] + reach)
        return viper_mains.crossings(block, self.samples, low, high)

    def line(self, channel: int, block: "Samples", rate_hz: float) -> bool:
        samples, thin = self.samples, self._thin
        centre, up = self._centre[channel], self._up[channel]
        factor, shift = tones.thinning(samples, rate_hz)
        count = samples >> shift
        viper_mains.thin(block, count, factor, shift, centre, up, thin)
        low, high = tones.bins(samples, rate_hz)
        best, most = 0, -1.0
        for k in range(low, high):
            real, imag = self._sum(thin, 0, count, 0, 2, k * (tones.TURN // count))
            if real * real + imag * imag > most:
                best, most = k, real * real + imag * imag
        if not best or most <= 0.0:
            return False
        # Most of the way on the thinned samples, the last step on all of them.
        turns, step = best / samples, 0
        for _ in range(2):
            step = tones.step_of(turns * factor)
            turns += self._correction(thin, count, 0, 2, step) / factor
            if not 0.0 < turns < 0.5 / factor:
                return False
        middle = self._sum(thin, count // 4, count // 2, 0, 2, step)
        self.sweep = tones.bent(self._first, middle, self._last)
        step = tones.step_of(turns)
        self.turns = turns + self._correction(block, samples, centre, up, step)
        first, last = self._first, self._last
        a = (first[0] * first[0] + first[1] * first[1]) ** 0.5
        b = (last[0] * last[0] + last[1] * last[1]) ** 0.5
        self.halves = min(a, b) / max(a, b, 1e-9)
        return 0.0 < self.turns < 0.5

    def _sum(
        self, data: "Samples", first: int, count: int, centre: int, up: int, step: int
    ) -> "tuple[float, float]":
        """The Hann-weighted sum of samples about their weighted mean at one frequency, e / 16."""
        out = self._out
        step &= tones.MASK
        viper_mains.correlate(data, first, count, centre, up, self._table, self._bits, step, out)
        real, imag = tones.hann(step, count)
        mean = out[2] / (0.5 * count)
        return out[0] - 16.0 * mean * real, out[1] - 16.0 * mean * imag

    def _correction(self, data: "Samples", count: int, centre: int, up: int, step: int) -> float:
        """By how much the frequency is beside the step, in turns a sample of data."""
        half = count // 2
        self._first = self._sum(data, 0, half, centre, up, step)
        self._last = self._sum(data, half, half, centre, up, step)
        moved = tones.apart(self._first, self._last, tones.angle_of(step, half))
        return moved / (2.0 * pi * half)

    def harmonics(
        self, channel: int, block: "Samples", turns: float, most: int, out: "array[float]"
    ) -> None:
        grid, data, table, size = self._grid, self._bins, self._table, self._size
        centre, up, samples = self._centre[channel], self._up[channel], self.samples
        mean, step = int(self._offset[channel] + 16384.5) - 16384, tones.step_of(turns)
        viper_mains.fold(
            block, samples, centre, up, mean, table, self._stride, step, self._spline, grid
        )
        widest = viper_mains.widest(grid)
        lift = 0
        while widest and widest << (lift + 1) <= 1 << 27:
            lift += 1
        viper_mains.sort(grid, lift, self._reversal, data)
        half = _CELLS // 2
        viper_fft.pairs(data, half)
        span = 2
        while span < half:
            viper_fft.fours_plain(data, half, span)
            viper_fft.fours(data, table, half, span, size)
            span *= 4
        viper_fft.split(data, table, _CELLS, size // _CELLS)
        # The transform gives X / 128 of 4 y 2**lift / 4, y a quarter of 2**up digits.
        unit = 128.0 / (1 << lift) * 4.0 / (1 << up)
        bias = viper_mains.OFFSET
        for h in range(1, most + 1):
            gain = unit * self._gain[h]
            real, imag = gain * (data[2 * h] - bias), gain * (data[2 * h + 1] - bias)
            angle = tones.angle_of(h * step & tones.MASK, samples // 2)
            c, s = cos(angle), sin(angle)
            out[2 * h], out[2 * h + 1] = real * c - imag * s, imag * c + real * s
