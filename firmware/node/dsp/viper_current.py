"""Sums over a record of currents in integers: viper kernels on preallocated arrays."""

from array import array
from math import pi, sin

from micropython import const

from node.dsp import check_currents, tables, tones, viper_fft, viper_mains, viper_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.dsp import Samples

# |x - centre| is scaled up to this at most, a quarter of it is computed with.
_TOP = const(1 << 16)
_CELLS = viper_mains.CELLS
_LEAST_TABLE, _LEAST_BITS = 1024, 10
_WORD = const(4)  # bytes


class Sums:
    """See node/dsp/__init__.py.  Work space: 12 KB to 1024 samples, 32 KB at 4096; 5 KB with what
    others lend: work, of 4 * samples bytes and more, each: bytes of an element of it, and turn, a
    table of dsp/tables.py of 1024 and more.
    """

    def __init__(
        self, samples: int, channels: int, lent: "tuple[Any, int, Any] | None" = None
    ) -> None:
        """lent: (work, each, turn), which nobody else needs while a record is computed."""
        check_currents(samples, channels)
        self.samples = samples
        work, each, turn = lent or ((), 1, ())
        size, self._bits = _LEAST_TABLE, _LEAST_BITS
        while size < max(samples, len(turn)):
            size, self._bits = 2 * size, self._bits + 1
        self._size, self._stride = size, size // samples
        self._table = turn if len(turn) == size else tables.turn(size)
        self._reversal = tables.reversal(_CELLS // 2)
        self._spline = tones.spline()
        # Thinned; and w**2 e of the channel that was weighed last, of which alone harmonics() may
        # be asked.
        half = 2 * samples // each
        self._thin: "Any"
        self._shaped: "Any"
        self._grid: "Any"
        self._bins: "Any"
        if len(work) >= 2 * half:
            view = memoryview(work)
            self._thin, self._shaped = view[:half], view[half : 2 * half]
            view = view[2 * half :]
        else:
            view = memoryview(b"")
            self._thin, self._shaped = (array("H", bytes(2 * samples)) for _ in range(2))
        if each == _WORD and len(view) >= 2 * _CELLS + 4:  # harmonics() reads the bins as words
            self._grid, self._bins = view[: _CELLS + 4], view[_CELLS + 4 :]
        else:
            self._grid = array("i", bytes(_WORD * (_CELLS + 4)))
            self._bins = array("i", bytes(_WORD * _CELLS))
        self._of = -1
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
        self._count = samples  # of those that are thinned

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
        self._up[channel], self._of = up, channel
        viper_mains.weigh(
            block, samples, centre + 32768, up, self._table, self._stride, self._shaped, out
        )
        offset = out[0] * 4096.0 / self._weight
        square = out[1] * 134217728.0 / self._weight - offset * offset
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
        total = out[0] * 134217728.0 / self._weight
        total -= self._offset[a] * self._offset[b]
        return total * 4.0 / (1 << self._up[a]) * 4.0 / (1 << self._up[b])

    def crossings(self, channel: int, block: "Samples") -> int:
        reach = 0.5 * self.square[channel] ** 0.5
        low, high = int(self.mean[channel] - reach), int(self.mean[channel] + reach)
        return viper_mains.crossings(block, self.samples, low, high)

    def line(self, channel: int, block: "Samples", rate_hz: float, near: float = 0.0) -> bool:
        samples, thin = self.samples, self._thin
        shift = tones.thinning(samples, rate_hz)
        count, factor = samples >> shift, 1 << shift
        base, up = self._centre[channel] + 32768, self._up[channel]
        viper_mains.thin(block, count, shift, base, up, thin)
        self._count = count
        half, step, turns = count // 2, 0, near * factor
        if not near:
            turns = self._greatest(count, rate_hz) / count
        first = last = level = (0.0, 0.0)
        for _ in range(3):
            if not 0.0 < turns < 0.5:
                return False
            step = tones.step_of(turns)
            level = tones.hann(step, half)
            first = self._sum(0, half, step, level[0], level[1])
            last = self._sum(half, half, step, level[0], level[1])
            moved = tones.apart(first, last, tones.angle_of(step, half))
            turns += moved / (2.0 * pi * half)
            if abs(moved) < tones.SETTLED:
                break
            if near and abs(moved) > tones.FAR:
                return self.line(channel, block, rate_hz)
        if not 0.0 < turns < 0.5:
            return False
        middle = self._sum(half // 2, half, step, level[0], level[1])
        self.sweep = tones.bent(first, middle, last)
        a = (first[0] * first[0] + first[1] * first[1]) ** 0.5
        b = (last[0] * last[0] + last[1] * last[1]) ** 0.5
        self.halves = min(a, b) / max(a, b, 1e-9)
        self.turns = turns / factor
        return True

    def tone(self, place: float) -> float:
        count = self._count
        step = tones.step_of(place / count)
        level = tones.hann(step, count)
        real, imag = self._sum(0, count, step, level[0], level[1])
        return (real * real + imag * imag) ** 0.5

    def _greatest(self, count: int, rate_hz: float) -> int:
        """The greatest bin of 40 to 70 Hz, 0 where there is none."""
        low, high = tones.bins(self.samples, rate_hz)
        best, most = 0, 0.0
        for k in range(low, high):
            # Whole bins of the window see nothing of the mean.
            real, imag = self._sum(0, count, k * (tones.TURN // count), 0.0, 0.0)
            if real * real + imag * imag > most:
                best, most = k, real * real + imag * imag
        return best

    def _sum(
        self, first: int, count: int, step: int, real: float, imag: float
    ) -> "tuple[float, float]":
        """The Hann-weighted sum of thinned samples about their weighted mean, e / 16.

        real, imag: the window's own sum.
        """
        out = self._out
        viper_mains.correlate(self._thin, first, count, self._table, self._bits, step, out)
        mean = 16.0 * out[2] / (0.5 * count)
        return out[0] - mean * real, out[1] - mean * imag

    def harmonics(
        self, channel: int, block: "Samples", turns: float, most: int, out: "array[float]"
    ) -> None:
        if self._of != channel:
            self.weigh(channel, block)
        grid, data, table, size = self._grid, self._bins, self._table, self._size
        step = tones.step_of(turns)
        viper_mains.fold(self._shaped, self.samples, step, self._spline, grid)
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
        unit = 128.0 / (1 << lift) * 4.0 / (1 << self._up[channel])
        bias, gains = viper_mains.OFFSET, self._gain
        for h in range(1, most + 1):
            gain = unit * gains[h]
            out[2 * h] = gain * (data[2 * h] - bias)
            out[2 * h + 1] = gain * (data[2 * h + 1] - bias)
