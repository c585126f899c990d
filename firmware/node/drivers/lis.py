"""What ST's accelerometers LIS3DH and LIS2DW12 have in common.

Registers at the same addresses, 32 entries of FIFO read in one burst (the address rolls back from
the last data register to the first), samples left-justified in 16 bits.
Sources: data sheets DocID17530 rev. 2 (LIS3DH) and DS12141 (LIS2DW12).
"""

import time
from array import array
from math import sqrt

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset, SensorTimeout
from node.drivers.kernels import split_axes
from node.drivers.shared import choose, stillness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.bus import RegisterBus

# Table 21 of either
_WHO_AM_I = const(0x0F)
_CTRL1 = const(0x20)
_FRAME_BYTES = const(6)
_DEPTH = const(32)

# A sample takes 6 bytes of 9 clocks on I2C, 8 on SPI, and half of the bus stays free for questions
# and for being late.
_BITS_A_SAMPLE = const(108)

_TEST_SAMPLES = const(24)
_TEST_SETTLING = const(8)  # of them, thrown away: two would do (LIS3DH table 4, note 7)


class Lis:
    """A chip of this family.  A subclass has its registers: configure, start, entries, overrun.

    ident: its WHO_AM_I; first_data: the register at which a burst begins; self_test_g: the least
    and the most by which the self-test moves each axis; own_noise_g_rthz: density of its noise in
    the range of 2 g, the only one for which the data sheets give it.
    """

    chip = ""
    axes = 3
    fifo_depth = _DEPTH
    ident = 0
    first_data = 0
    self_test_g = (0.0, 0.0)
    own_noise_g_rthz = 0.0

    odr_hz: float
    range_g: int
    period_us: int
    g_per_digit: float
    _ctrl1: int
    if TYPE_CHECKING:

        def configure(self, odr_hz: float, range_g: int) -> None: ...
        def start(self) -> None: ...
        def entries(self) -> int: ...

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        self._bus = bus
        self._one = bytearray(1)
        self._raw = bytearray(_FRAME_BYTES * _DEPTH)
        view = memoryview(self._raw)
        # Slicing allocates: one view for each number of entries, made once.
        self._bursts = [view[: _FRAME_BYTES * count] for count in range(_DEPTH + 1)]
        self._test = False  # the self-test pulls at the axes
        self._prove_identity()

    def _choose(self, odr_hz: float, range_g: int, rates: "Any", ranges: "Any") -> "Any":
        """The row of the rate and that of the range.  Raises ValueError(key, value, allowed)."""
        most_hz = self._bus.rate_hz // _BITS_A_SAMPLE
        rate = choose("odr_hz", odr_hz, [row for row in rates if row[0] <= most_hz])
        return rate, choose("range_g", range_g, ranges)

    def _set(
        self,
        odr_hz: float,
        range_g: int,
        watermark: int,
        g_per_digit: float,
        bits: int,
        bandwidth_hz: float,
    ) -> None:
        """What the capture and the features read; digits are those of the whole 16-bit word.

        bits: of the sample, at the left of its word.
        """
        self.odr_hz, self.range_g, self.watermark = odr_hz, range_g, watermark
        self.period_us = int(1_000_000 / odr_hz)
        self.g_per_digit = g_per_digit
        self.bandwidth_hz = bandwidth_hz
        step = 1 << 16 - bits
        self.full_scale_digits = round(range_g / g_per_digit)
        # What is beyond the range is clipped, even where the word would hold more.
        self.rail_high = min(self.full_scale_digits, 32767) // step * step
        self.rail_low = max(-self.full_scale_digits, -32768) // step * step
        step_g = step * g_per_digit
        own = self.own_noise_g_rthz
        # With what rounding adds: step_g / sqrt(12) over half the rate
        self.noise_g_rthz = sqrt(own * own + step_g * step_g / 6 / odr_hz)
        self.still_samples, self.still_frames = stillness(own * sqrt(bandwidth_hz) / step_g)

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply it is powered down.
        got = self._read(_CTRL1)
        if got != self._ctrl1:
            raise SensorReset(self.chip, _CTRL1, self._ctrl1, got)

    def stop(self) -> None:
        """Power-down.  Raises OSError."""
        self._bus.write(_CTRL1, 0)

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count entries from the FIFO to x, y, z (int16, digits) from index at on.

        count: 0 to 32, and no more than entries().  Raises OSError; the blocks are then unchanged.
        """
        if not 0 <= count <= _DEPTH or at < 0 or at + count > min(len(x), len(y), len(z)):
            raise ValueError("count", count, _DEPTH)
        if count:
            self._bus.read_into(self.first_data, self._bursts[count])
            split_axes(self._raw, x, y, z, at, count)

    def self_test(self, clock: "Any" = time) -> "tuple[bool, list[float]]":
        """Pull at the axes from inside the chip: (passed, the change of each axis in g).

        Passed: each change is within self_test_g.  The machine should stand still.  Takes about
        half a second and leaves the chip powered down, its settings as they were.
        Raises OSError, SensorTimeout, DeviceMismatch.
        """
        odr_hz, range_g = self.odr_hz, self.range_g
        self.configure(100, 2)
        try:
            rest = self._mean_g(clock)
            self._test = True
            pulled = self._mean_g(clock)
        finally:
            self._test = False
            self.configure(odr_hz, range_g)
        self.stop()
        changes = [abs(pulled[axis] - rest[axis]) for axis in range(3)]
        least, most = self.self_test_g
        return least <= min(changes) and max(changes) <= most, changes

    def _mean_g(self, clock: "Any") -> "list[float]":
        self.start()
        waited_us, limit_us = 0, 2 * _TEST_SAMPLES * self.period_us
        while self.entries() < _TEST_SAMPLES:
            if waited_us > limit_us:
                raise SensorTimeout(self.chip, waited_us)
            clock.sleep_us(self.period_us)
            waited_us += self.period_us
        blocks = [array("h", bytes(2 * _TEST_SAMPLES)) for _ in range(3)]
        self.read_into(blocks[0], blocks[1], blocks[2], 0, _TEST_SAMPLES)
        used = _TEST_SAMPLES - _TEST_SETTLING
        return [sum(block[_TEST_SETTLING:]) * self.g_per_digit / used for block in blocks]

    def _prove_identity(self) -> None:
        got = self._read(_WHO_AM_I)
        if got != self.ident:
            raise DeviceMismatch(self.chip, self.ident, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]
