"""ADXL355, a triaxial accelerometer of low noise and 20 bits: Analog Devices, rev. B."""

from errno import EIO
from math import sqrt

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.kernels import misplaced20, split_axes20, split_axes20_wide
from node.drivers.shared import choose, stillness, with_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from node.drivers.bus import RegisterBus

# Data sheet ADXL354/ADXL355, "Register Map"; each has its definition there, by its name
_DEVID_AD = const(0x00)
_AD = const(0xAD)  # Analog Devices, any of its chips
_PARTID = const(0x02)
_ID = const(0xED)
_STATUS = const(0x04)
_FIFO_OVR = const(0x04)
_FIFO_ENTRIES = const(0x05)
_TEMP2 = const(0x06)  # D3…D0: bits 11 to 8; TEMP1 follows
_FIFO_DATA = const(0x11)
_FILTER = const(0x28)  # D6…D4 high-pass, 0: none; D3…D0 ODR_LPF
_FIFO_SAMPLES = const(0x29)  # entries at which FIFO_FULL is set
_INT_MAP = const(0x2A)
_FULL_EN1 = const(0x02)
_SYNC = const(0x2B)  # 0: the chip's own clock
_RANGE = const(0x2C)  # D7 I2C_HS, D6 INT_POL, D1…D0 range
_INT_POL = const(0x40)  # active high
_POWER_CTL = const(0x2D)
_DRDY_OFF = const(0x04)
_STANDBY = const(0x01)
_SELF_TEST = const(0x2E)
_OFFSET_X_H = const(0x1E)  # and the five that follow
_FIFO_BYTES = const(3)
_FRAME_BYTES = const(9)  # an entry an axis
_DEPTH = const(32)  # frames: "FIFO", 96 entries

# FILTER: odr_hz, ODR_LPF, and the watermark of ours.  Half the FIFO leaves as much again for being
# late; at low rates fewer, so that a wait stays short.
_RATES = (
    (4000, 0b0000, 16),
    (2000, 0b0001, 16),
    (1000, 0b0010, 16),
    (500, 0b0011, 16),
    (250, 0b0100, 16),
    (125, 0b0101, 8),
    (62.5, 0b0110, 4),
    (31.25, 0b0111, 2),
    (15.625, 0b1000, 1),
    (7.813, 0b1001, 1),
    (3.906, 0b1010, 1),
)
_RANGES = ((2, 0b01, 256_000), (4, 0b10, 128_000), (8, 0b11, 64_000))  # table 2: digits per g
_WIDE_RAIL = const(524288)  # 20 bits
_RAIL = const(32768)
_CUT = const(16)  # what a digit of 16 bits has of those of 20
_BANDWIDTH = 0.25  # FILTER: the low-pass corner of each rate
_NOISE_G_RTHZ = 22.5e-6  # table 2

# A frame takes 9 bytes of 9 clocks on I2C, 8 on SPI; a third of the bus stays free for questions
# and for being late.
_BITS_A_SAMPLE = const(120)
_LONGEST_BURST = const(5)  # 1 << 5 frames

_INTERCEPT = const(1885)  # table 2: temperature at 25 degrees C; -9.05 a degree
_MOST_READINGS = const(4)


class ADXL355:
    """The chip with its FIFO streaming.  The ranges are 2.048, 4.096 and 8.192 g.

    Blocks of int16 get the upper 16 of the 20 bits: 62.5, 125 or 250 ug a digit for 3.9, 7.8 or
    15.6, the rest cut off, which takes half a digit off the mean.  Blocks of int32 (wide) get all.
    The filter ends at a quarter of the rate, not at half of it.  On SPI the chip needs mode 0.
    """

    chip = "adxl355"
    axes = 3
    fifo_depth = _DEPTH
    # Table 2: from standby to measurement in less than 10 ms, which is within capture's patience.
    # It waits only so long for the line before it polls: were the wire broken and the chip quick,
    # the FIFO would run over at 4 kHz.
    settling_us = 2_000
    # The filters delay by 2.5 samples at most ("Antialiasing Filter"); thrice that, and they have
    # settled.
    settling_samples = 8

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        self._bus = bus
        bus.read_last = True  # "SPI Protocol"
        self._one, self._two = bytearray(1), bytearray(2)
        self._raw = bytearray(_FRAME_BYTES << _LONGEST_BURST)
        view = memoryview(self._raw)
        # Slicing allocates: one view for bursts of 1, 2, 4 … frames, made once.
        self._bursts = [view[: _FRAME_BYTES << power] for power in range(_LONGEST_BURST + 1)]
        self._prove_identity()
        self.configure(125, 2)

    def configure(self, odr_hz: float = 4000, range_g: int = 8, wide: bool = False) -> None:
        """Choose rate, range and what read_into() fills; start() writes them.

        wide: array('i') of 20 bits, not array('h') of 16.  Raises ValueError(key, value, allowed).
        """
        rates = [row for row in _RATES if row[0] * _BITS_A_SAMPLE <= self._bus.rate_hz]
        _, self._rate_code, self.watermark = choose("odr_hz", odr_hz, rates)
        _, self._range_code, per_g = choose("range_g", range_g, _RANGES)
        self.odr_hz, self.range_g, self.wide = odr_hz, range_g, wide
        self.period_us = int(1_000_000 / odr_hz)
        self.g_per_digit = 1 / per_g if wide else _CUT / per_g
        self.bandwidth_hz = odr_hz * _BANDWIDTH
        self.full_scale_digits = _WIDE_RAIL if wide else _RAIL
        self.rail_low, self.rail_high = -self.full_scale_digits, self.full_scale_digits - 1
        noise_g = _NOISE_G_RTHZ * sqrt(self.bandwidth_hz)
        self.still_samples, self.still_frames = stillness(noise_g / self.g_per_digit)
        self.noise_g_rthz = with_rounding(_NOISE_G_RTHZ, self.g_per_digit, odr_hz)

    def start(self) -> None:
        """Write every register, empty the FIFO and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        bus = self._bus
        bus.write(_POWER_CTL, _STANDBY)
        for reg in range(_OFFSET_X_H, _OFFSET_X_H + 6):
            bus.write(reg, 0)
        bus.write(_FILTER, self._rate_code)
        bus.write(_FIFO_SAMPLES, self.watermark * 3)
        bus.write(_INT_MAP, _FULL_EN1)
        bus.write(_SYNC, 0)
        bus.write(_RANGE, _INT_POL | self._range_code)
        bus.write(_SELF_TEST, 0)
        self._empty_fifo()
        bus.write(_POWER_CTL, _DRDY_OFF)

    def _empty_fifo(self) -> None:
        """Read what is left of a run before; in standby nothing is added."""
        bus, entries = self._bus, self._read(_FIFO_ENTRIES)
        raw = self._bursts[0]
        for _ in range((entries + 2) // 3):
            bus.read_into(_FIFO_DATA, raw)
        self._read(_STATUS)  # reading clears FIFO_OVR

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply it is in standby; an SPI bus without a chip reads 0.
        got = self._read(_POWER_CTL)
        if got != _DRDY_OFF:
            raise SensorReset(self.chip, _POWER_CTL, _DRDY_OFF, got)

    def stop(self) -> None:
        """Standby.  Raises OSError."""
        self._bus.write(_POWER_CTL, _STANDBY)

    def entries(self) -> int:
        """Samples of all three axes that wait, 0 to 32 (more: a broken bus).  Raises OSError."""
        # The entries of a sample come one by one: it is complete with the third.
        return self._read(_FIFO_ENTRIES) // 3

    def overrun(self) -> bool:
        """Whether samples were lost since this was last asked.  Raises OSError."""
        return bool(self._read(_STATUS) & _FIFO_OVR)

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count samples from the FIFO to x, y, z (digits) from index at on.

        x, y, z: array('h'), array('i') where configured wide.  count: 0 to 32, and no more than
        entries().  Raises OSError, EIO where the entries are not in the order of the axes or fewer
        than asked for; what the blocks hold is then of no use.
        """
        if not 0 <= count <= _DEPTH or at < 0 or at + count > min(len(x), len(y), len(z)):
            raise ValueError("count", count, _DEPTH)
        power = _LONGEST_BURST
        while count:
            while 1 << power > count:
                power -= 1
            self._bus.read_into(_FIFO_DATA, self._bursts[power])
            if misplaced20(self._raw, 1 << power):
                raise OSError(EIO)
            if self.wide:
                split_axes20_wide(self._raw, x, y, z, at, 1 << power)
            else:
                split_axes20(self._raw, x, y, z, at, 1 << power)
            at += 1 << power
            count -= 1 << power

    def temperature_cdeg(self) -> int:
        """Temperature of the die while the chip measures, 0.01 degrees C.

        Its offset is off by some degrees from chip to chip (table 2 gives no limit).
        Raises OSError.
        """
        two = self._two
        # The two registers are not latched together: a reading holds if the next has the same
        # upper bits.
        self._bus.read_into(_TEMP2, two)
        for _ in range(_MOST_READINGS):
            high, low = two[0] & 0x0F, two[1]
            self._bus.read_into(_TEMP2, two)
            if two[0] & 0x0F == high:
                break
        return 2500 + (_INTERCEPT - (high << 8 | low)) * 10_000 // 905

    def _prove_identity(self) -> None:
        got = self._read(_DEVID_AD)
        if got != _AD:
            raise DeviceMismatch(self.chip, _AD, got)
        got = self._read(_PARTID)
        if got != _ID:
            raise DeviceMismatch(self.chip, _ID, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]
