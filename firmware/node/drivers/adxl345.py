"""ADXL345, a triaxial accelerometer of 16 g: Analog Devices data sheet, rev. G."""

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.kernels import split_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from node.drivers.bus import RegisterBus

# Register map, table 19
_DEVID = const(0x00)
_ID = const(0xE5)
_BW_RATE = const(0x2C)  # D4 LOW_POWER, D3…D0 rate
_POWER_CTL = const(0x2D)
_MEASURE = const(0x08)
_INT_ENABLE = const(0x2E)
_INT_MAP = const(0x2F)  # a zero bit: INT1
_INT_SOURCE = const(0x30)
_WATERMARK = const(0x02)  # the same bit in the three
_OVERRUN = const(0x01)
_DATA_FORMAT = const(0x31)  # D3 FULL_RES, D2 justify left, D1…D0 range
_FULL_RES = const(0x08)
_DATAX0 = const(0x32)
_FIFO_CTL = const(0x38)  # D7…D6 mode, D5 trigger, D4…D0 samples
_BYPASS = const(0x00)
_STREAM = const(0x80)
_FIFO_STATUS = const(0x39)  # D5…D0 entries
_ENTRIES = const(0x3F)
_FRAME_BYTES = const(6)
_DEPTH = const(32)
_HOLDS = const(33)  # "FIFO_STATUS": 32 levels and the output filter

# Table 7: odr_hz, rate code, and the watermark of ours.  Half the FIFO leaves as much again for
# being late; at low rates fewer, so that a wait stays short.
_RATES = (
    (3200, 0b1111, 16),
    (1600, 0b1110, 16),
    (800, 0b1101, 16),
    (400, 0b1100, 16),
    (200, 0b1011, 16),
    (100, 0b1010, 8),
    (50, 0b1001, 4),
    (25, 0b1000, 2),
    (12.5, 0b0111, 1),
    (6.25, 0b0110, 1),
    (3.13, 0b0101, 1),
    (1.56, 0b0100, 1),
    (0.78, 0b0011, 1),
    (0.39, 0b0010, 1),
    (0.20, 0b0001, 1),
    (0.10, 0b0000, 1),
)
_RANGES = ((2, 0b00), (4, 0b01), (8, 0b10), (16, 0b11))  # table 21: range_g, code
_DIGITS_PER_G = const(256)  # table 1, full resolution, every range

# "Serial Communications": a bus carries an ODR of its clock / 500 (I2C at 400 kHz: 800 Hz);
# above 800 Hz it is SPI from 2 MHz.
_BITS_A_SAMPLE = const(500)
_FAST_ODR_HZ = const(800)
_FAST_BUS_HZ = const(2_000_000)


class ADXL345:
    """The chip in full resolution with its FIFO streaming: 3.9 mg a digit in every range.

    At 1600 and 3200 Hz the last bit is always 0 ("Data Formatting of Upper Data Rates"): the scale
    stays, the resolution is 7.8 mg.  Between two FIFO reads the chip needs 5 us ("Retrieving Data
    from FIFO"): the address byte (1.6 us at 5 MHz) and the calls in between provide them.
    """

    chip = "adxl345"
    axes = 3
    fifo_depth = _DEPTH
    # Table 1, note 6: data are valid 1.1 ms + 1/ODR after the start; the filter settles within
    # four samples ("Self-Test").
    settling_us = 1_100
    settling_samples = 4
    # A chip that works shows its noise: 0.75 digits RMS in x and y, 1.1 in z at 100 Hz (table 1),
    # more at higher rates.  At 0.75 the same digit comes again in half of the cases at most, so a
    # run of 64 has a chance of 1e-15 in a record of 4096, of 3e-7 at 0.5; 16 frames without a
    # change in any axis of 1e-12 and 2e-6.
    still_samples = 64
    still_frames = 16
    noise_g_rthz = 607e-6  # z, the noisiest axis: 1.1 digits in 50 Hz (table 1, ODR 100 Hz)

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        self._bus = bus
        self._one = bytearray(1)
        raw = bytearray(_FRAME_BYTES * _HOLDS)
        view = memoryview(raw)
        self._raw = raw
        # Slicing allocates: one view an entry, made once.
        self._frames = [view[i : i + _FRAME_BYTES] for i in range(0, len(raw), _FRAME_BYTES)]
        self._prove_identity()
        self._set(100, 0b1010, 8, 2, 0b00)  # as after power-on, but in full resolution

    def configure(self, odr_hz: float = 800, range_g: int = 16) -> None:
        """Choose rate and range; start() writes them.  Raises ValueError(key, value, allowed)."""
        rates = [row for row in _RATES if self._carries(row[0])]
        _, rate_code, watermark = _choose("odr_hz", odr_hz, rates)
        _, range_code = _choose("range_g", range_g, _RANGES)
        self._set(odr_hz, rate_code, watermark, range_g, range_code)

    def _carries(self, odr_hz: float) -> bool:
        """Whether the bus is fast enough for the rate."""
        if odr_hz > _FAST_ODR_HZ:
            return self._bus.rate_hz >= _FAST_BUS_HZ
        return self._bus.rate_hz >= odr_hz * _BITS_A_SAMPLE

    def _set(
        self, odr_hz: float, rate_code: int, watermark: int, range_g: int, range_code: int
    ) -> None:
        self.odr_hz, self.range_g, self.watermark = odr_hz, range_g, watermark
        self.period_us = int(1_000_000 / odr_hz)
        self.g_per_digit = 1 / _DIGITS_PER_G
        self.bandwidth_hz = odr_hz / 2  # table 7
        self.full_scale_digits = range_g * _DIGITS_PER_G
        self.rail_low = -self.full_scale_digits
        # The last bit is 0 at the upper rates, at the rail too.
        self.rail_high = self.full_scale_digits - (2 if odr_hz > _FAST_ODR_HZ else 1)
        self._rate_code, self._range_code = rate_code, range_code

    def start(self) -> None:
        """Write every register, empty the FIFO and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        bus = self._bus
        bus.write(_POWER_CTL, 0)
        bus.write(_INT_ENABLE, 0)
        bus.write(_BW_RATE, self._rate_code)
        bus.write(_DATA_FORMAT, _FULL_RES | self._range_code)
        bus.write(_FIFO_CTL, _BYPASS)  # the only way to empty it
        bus.write(_FIFO_CTL, _STREAM | self.watermark)
        bus.write(_INT_MAP, 0)
        bus.write(_INT_ENABLE, _WATERMARK)
        bus.write(_POWER_CTL, _MEASURE)

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply it is in standby.  An SPI bus without a chip reads 0 too.
        got = self._read(_POWER_CTL)
        if got != _MEASURE:
            raise SensorReset(self.chip, _POWER_CTL, _MEASURE, got)

    def stop(self) -> None:
        """Standby.  Raises OSError."""
        self._bus.write(_POWER_CTL, 0)

    def entries(self) -> int:
        """Samples that wait in the FIFO, 0 to 33 (more: a broken bus).  Raises OSError."""
        return self._read(_FIFO_STATUS) & _ENTRIES

    def overrun(self) -> bool:
        """Whether the FIFO has been full: samples may be lost.  Reading samples clears it.

        Raises OSError.
        """
        return bool(self._read(_INT_SOURCE) & _OVERRUN)

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count entries from the FIFO to x, y, z (int16, digits) from index at on.

        count: 0 to 33, and no more than entries().  Raises OSError; the blocks are then unchanged.
        """
        if not 0 <= count <= _HOLDS or at < 0 or at + count > min(len(x), len(y), len(z)):
            raise ValueError("count", count, _HOLDS)
        bus, frames = self._bus, self._frames  # a bound method in a variable would allocate
        for i in range(count):
            bus.read_into(_DATAX0, frames[i])
        split_axes(self._raw, x, y, z, at, count)

    def _prove_identity(self) -> None:
        got = self._read(_DEVID)
        if got != _ID:
            raise DeviceMismatch(self.chip, _ID, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]


def _choose(key: str, value: float, rows: "Any") -> "Any":
    """The row that starts with value.  Raises ValueError(key, value, allowed)."""
    for row in rows:
        if row[0] == value:
            return row
    raise ValueError(key, value, [row[0] for row in rows])
