"""Envelope spectra in integers: viper kernels on preallocated arrays, for chips without an FPU."""

from array import array

from micropython import const

from node.dsp import check_envelope, tables, viper_fft, viper_logs, viper_spectrum, viper_time
from node.dsp.bands import AMPLITUDE, BANDS, LEVELS, SHAFT, SQUARE, bins_of_slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.dsp import Samples
    from node.dsp.viper_backend import Kernels

_TOP_BITS = const(25)  # what is transformed is scaled up to 2**25 at most
_DEPTH = 6 * viper_logs.OCTAVE  # mean / 64
_LOG_UP = const(5)  # of logarithms, 2**19.6: to 2**24.6
# What is added to the exponents of sums in digits, so that 2**18 digits have 26 (wide: 2**26).
_AMPLITUDE_UP, _SHAFT_UP, _LEVEL_UP, _WIDE_DOWN = 26, 15, 24, 8
_KEY = const(8)  # the exponent of a key that is made here: a small integer everywhere
_OCTAVE = 0.6931471805599453 / viper_logs.OCTAVE / (1 << _LOG_UP)  # nepers of one unit
_FOURS = tuple(4.0**n for n in range(32))  # what the exponent of a key stands for


class Spectra:
    """Sums over blocks of the spectra that a bearing shows in.  See node/dsp/__init__.py.

    Work space beside the record: 9 bytes a sample, and 1.6 a sample and axis; with `share`, the
    kernels of the same record length, their 7 are not made again; with `spent`, an int16[samples]
    that add() is always called with, nor are the other 2: the block is gone then.  add() allocates
    nothing.
    """

    def __init__(
        self,
        samples: int,
        wide: bool = False,
        band: int = 0,
        axes: int = 1,
        share: "Kernels | None" = None,
        spent: "Samples | None" = None,
    ) -> None:
        check_envelope(samples, band, axes)
        self.samples, self.wide = samples, wide
        if share is None:
            self._data = array("i", bytes(4 * samples))
            self._turn = tables.turn(samples)
            self._reversal = tables.reversal(samples // 2)
        elif share.samples != samples:
            raise ValueError("share: of %d samples, not of %d" % (share.samples, samples))
        else:
            self._data, self._turn, self._reversal = share.work()
        if spent is None:
            self._band_data = array("i", bytes(4 * samples // 2))
        elif wide or len(spent) != samples:
            raise ValueError("spent: int16[%d] is needed" % samples)
        else:
            self._band_data = spent
        self._table = viper_logs.table()
        self._out = array("i", bytes(4 * 8))
        self.bins = bins_of_slots(samples)
        self._starts = tuple(sum(self.bins[:slot]) for slot in range(len(self.bins)))
        self._sums = tuple(array("i", bytes(4 * sum(self.bins))) for _ in range(axes))
        self.blocks, self.silent = [0] * axes, [False] * axes
        # The band of the amplitude is the last: its transform takes the place of the spectrum.
        order = [slot for slot in range(len(BANDS)) if slot != band] + [band]
        view = memoryview(self._band_data)  # of words, or of halves of them
        self._plan = tuple(
            (slot,) + self._part(samples, view, BANDS[slot][0], BANDS[slot][1]) for slot in order
        )
        self._band = band
        self._one = array("i", [0])
        self._units = self._units_of()

    def _part(
        self, samples: int, view: memoryview, first: int, count: int
    ) -> "tuple[int, int, int, memoryview]":
        """(first bin, bins, bits to drop of a reversed index, upper half of the band's work)."""
        first, count = first * samples // 4096, count * samples // 4096
        drop = 0
        while count << drop < samples // 2:
            drop += 1
        per = len(view) // (samples // 2)
        return first, count, drop, view[count * per : 2 * count * per]

    def _units_of(self) -> "tuple[float, ...]":
        """What a key's m * 4**n is to be multiplied with, of each slot.

        Mantissas count sixteens, n is 8 at a shift of 0; a transform of `count` real samples
        gives X / (count / 2).
        """
        down, half = 4.0 ** (_WIDE_DOWN if self.wide else 0), self.samples / 2.0
        units, key = [0.0] * (LEVELS + 1), 16.0 / 4.0**8
        for slot, _, count, _, _ in self._plan:
            units[slot] = key * (0.5 * count * _OCTAVE) ** 2
        # A = 2 |X| / (M/2), of an envelope that is M / 2**shift of what was transformed.
        units[AMPLITUDE] = key * (2.0 * self._plan[-1][2]) ** 2 / 4.0**_AMPLITUDE_UP * down
        units[SHAFT] = key * half * half / 4.0**_SHAFT_UP * down
        units[LEVELS] = down / 4.0**_LEVEL_UP
        return tuple(units)

    def begin(self) -> None:
        """Forget the blocks: a new record begins."""
        for axis in range(len(self._sums)):
            self.blocks[axis], self.silent[axis] = 0, False
            sums = self._sums[axis]
            for i in range(len(sums)):
                sums[i] = 0

    def add(self, block: "Samples", axis: int) -> None:
        """Raises ValueError for a block of another length."""
        samples, data, out = self.samples, self._data, self._out
        if len(block) != samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), samples))
        self.blocks[axis] += 1
        (viper_time.extent24 if self.wide else viper_time.extent16)(block, samples, out)
        least, most = out[1], out[2]
        if least == most:
            self.silent[axis] = True
            return
        # About the middle: the mean is in bin 0, which no band has.
        centre = (least + most) >> 1
        up = _room(most - centre)
        fill = viper_time.centre24 if self.wide else viper_time.centre16
        fill(block, samples, centre, up, 0, data)
        # (2**37 / N) / 4**up of a mean square in digits**2.
        twos = 37 - _log2(samples) - 2 * up
        self._add_level(axis, SQUARE, viper_logs.square(data, samples), twos)
        viper_fft.reorder(data, self._reversal, samples // 2)
        _transform(data, self._turn, samples // 2, samples)
        viper_fft.split(data, self._turn, samples, 1)
        self._shaft(up, self._sums[axis])
        for slot, first, count, drop, upper in self._plan:
            self._add_band(axis, slot, first, count, drop, upper, up)

    def _shaft(self, up: int, sums: "array[int]") -> None:
        bins, work = self.bins[SHAFT], self._band_data
        viper_logs.smooth(self._data, bins, work)
        viper_spectrum.power(work, bins)
        down = up - _SHAFT_UP
        if self.wide:
            down += _WIDE_DOWN
        viper_logs.accumulate(work, 2, bins, down, sums, self._starts[SHAFT])

    def _add_level(self, axis: int, at: int, value: int, twos: int) -> None:
        """Add value * 2**twos, 0 <= value < 2**28.3, to a level."""
        if not value:
            return
        if twos & 1:
            value <<= 1
            twos -= 1
        n = _LEVEL_UP + (twos >> 1)
        if self.wide:
            n -= _WIDE_DOWN
        while value < 1 << 24:
            value <<= 2
            n -= 1
        while value >= 1 << 26:
            value >>= 2
            n += 1
        self._one[0] = (_KEY << 26) + value
        sums, start = self._sums[axis], self._starts[LEVELS]
        viper_logs.accumulate(self._one, 0, 1, _KEY - n, sums, start + at)

    def _add_band(
        self,
        axis: int,
        slot: int,
        first: int,
        count: int,
        drop: int,
        upper: memoryview,
        up: int,
    ) -> None:
        """The log's spectrum of one band, and the amplitude's of the one that is asked for."""
        # Three at once, not four: that would make a tuple on the heap.
        data, work, out = self._data, self._band_data, self._out
        samples, turn, reversal = self.samples, self._turn, self._reversal
        sums = self._sums[axis]
        widest = viper_logs.widest(data, first, count)
        if not widest:
            self.silent[axis] = True
            return
        lift = _room(widest) + 2
        viper_logs.gather(data, first, count, lift, reversal, drop, work)
        _transform(work, turn, count, samples)
        viper_spectrum.power(work, count)
        viper_logs.magnitudes(work, count, self._table, out)
        mean = out[0] // count * 1024 + (out[0] % count * 1024 + out[1]) // count
        step = samples // count
        self._add_level(axis, slot, mean, _log2(count) - up - lift + 2)
        if slot == self._band and out[2] > out[3]:
            raised = _room(max(out[2] - mean, mean - out[3]))
            viper_logs.shape(
                work, count, count, mean, raised, turn, step, reversal, drop + 1, data
            )
            bins = self.bins[AMPLITUDE]
            self._spectrum(data, count, step, bins)
            down = up + lift - 2 + raised - _AMPLITUDE_UP
            if self.wide:
                down += _WIDE_DOWN
            viper_logs.accumulate(data, 2, bins, down, sums, self._starts[AMPLITUDE])
        floor = max(0, self._log(mean) - _DEPTH)
        mean = viper_logs.logs(work, count, self._table, floor) // count
        viper_logs.shape(work, 0, count, mean, _LOG_UP, turn, step, reversal, drop + 1, upper)
        bins = self.bins[slot]
        self._spectrum(upper, count, step, bins)
        viper_logs.accumulate(upper, 2, bins, 0, sums, self._starts[slot])

    def _spectrum(self, data: "array[int] | memoryview", count: int, step: int, bins: int) -> None:
        """The keys of the first bins of `count` real samples, in data."""
        _transform(data, self._turn, count // 2, self.samples)
        viper_fft.split(data, self._turn, count, step)
        viper_spectrum.power(data, bins)

    def _log(self, value: int) -> int:
        """log2 of 1 <= value < 2**27 as viper_logs.logs has it: the table in Python."""
        n = 8
        while value >= 32768:
            value >>= 1
            n += 1
        while value < 16384:
            value <<= 1
            n -= 1
        m = value * value >> 4
        i, table = (m >> 18) - 64, self._table
        return (n << 15) + table[i] + (((m & 262143) >> 4) * (table[i + 1] - table[i]) >> 14)

    def keys(self, axis: int, slot: int, low: int, high: int) -> "list[int]":
        start = self._starts[slot]
        return list(self._sums[axis][start + low : start + high])

    def power(self, slot: int, key: int) -> float:
        return (key & 0x3FFFFFF) * _FOURS[key >> 26] * self._units[slot]


def _log2(value: int) -> int:
    """Of a power of two."""
    bits = 0
    while value > 1:
        value >>= 1
        bits += 1
    return bits


def _room(value: int) -> int:
    """How often a value may be doubled within 2**25; 1 <= value."""
    up = 0
    while value << (up + 1) <= 1 << _TOP_BITS:
        up += 1
    return up


def _transform(
    data: "array[int] | memoryview", turn: "array[int]", count: int, samples: int
) -> None:
    """The complex FFT of `count` numbers in reversed order; turn: the table of `samples`."""
    span = 1
    if count & 0x2AAA:  # 2 * 4**i
        viper_fft.pairs(data, count)
        span = 2
    while span < count:
        viper_fft.fours_plain(data, count, span)
        viper_fft.fours(data, turn, count, span, samples)
        span *= 4
