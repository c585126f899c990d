"""ADXL345, a triaxial accelerometer of 16 g: Analog Devices data sheet, rev. G.

Tables and figures are its; a register's description is headed by its address ("Register 0x2C").
"""

from micropython import const

from node.drivers.accelerometer import Accelerometer
from node.drivers.kernels import split_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from node.drivers.bus import RegisterBus

# Table 19, and the description of each: "Register 0x00" and on
_DEVID = const(0x00)
_ID = const(0xE5)
_THRESH_ACT = const(0x24)  # 62.5 mg a step
_ACT_INACT_CTL = const(0x27)  # D7: activity ac-coupled, D6…D4: of x, y, z
_ACT_ANY_AC = const(0xF0)
_BW_RATE = const(0x2C)  # D4 LOW_POWER, D3…D0 rate
_POWER_CTL = const(0x2D)
_MEASURE = const(0x08)
_INT_ENABLE = const(0x2E)
_INT_MAP = const(0x2F)  # a zero bit: INT1
_INT_SOURCE = const(0x30)  # reading it clears the activity
_ACTIVITY = const(0x10)  # the same bits in INT_ENABLE, INT_MAP and INT_SOURCE
_WATERMARK = const(0x02)
_OVERRUN = const(0x01)
_DATA_FORMAT = const(0x31)  # D7 SELF_TEST, D3 FULL_RES, D2 justify left, D1…D0 range
_SELF_TEST = const(0x80)
_FULL_RES = const(0x08)
_DATAX0 = const(0x32)
_FIFO_CTL = const(0x38)  # D7…D6 mode, D5 trigger, D4…D0 samples
_BYPASS = const(0x00)
_STREAM = const(0x80)
_FIFO_STATUS = const(0x39)  # D5…D0 entries
_ENTRIES = const(0x3F)
_FRAME_BYTES = const(6)
_HOLDS = const(33)  # "FIFO_STATUS": 32 levels and the output filter

_DIGITS_PER_G = const(256)  # table 1, full resolution, every range

# "Serial Communications": a bus carries an ODR of its clock / 500 (I2C at 400 kHz: 800 Hz);
# above 800 Hz it is SPI from 2 MHz.
_FAST_ODR_HZ = const(800)
_FAST_BUS_HZ = const(2_000_000)

_MOTION_RATE = const(0b1100)  # table 7: 400 Hz


class ADXL345(Accelerometer):
    """The chip in full resolution with its FIFO streaming: 3.9 mg a digit in every range.

    At 1600 and 3200 Hz the last bit is always 0 ("Data Formatting of Upper Data Rates"): the scale
    stays, the resolution is 7.8 mg.  Between two FIFO reads the chip needs 5 us ("Retrieving Data
    from FIFO"): the address byte (1.6 us at 5 MHz) and the calls in between provide them.
    Motion: an axis differs by the threshold from what it was when armed ("Register 0x27"), at
    400 Hz.
    """

    chip = "adxl345"
    identity = ((_DEVID, _ID),)
    most_hz = {"i2c": 400_000, "spi": 5_000_000}  # tables 9 and 11
    multiple = 0x40  # figures 37 and 38: MB
    defaults = (100, 2)  # as after power-on, but in full resolution
    # Table 7: odr_hz, rate code, and the watermark of ours.  Half the FIFO leaves as much again
    # for being late; at low rates fewer, so that a wait stays short.
    rates = (
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
    ranges = ((2, 0b00), (4, 0b01), (8, 0b10), (16, 0b11))  # table 21: range_g, code
    bits_a_sample = 500
    fifo_depth = 32  # "FIFO"
    settling_us = 1_100  # table 1, note on the turn-on time: 1.1 ms + 1/ODR
    settling_samples = 4  # table 1, note on the self-test: it settles within four
    proof_reg = _POWER_CTL
    off = (_POWER_CTL, 0)
    kept = (_INT_ENABLE, _WATERMARK)
    # A chip that works shows its noise: 0.75 digits RMS in x and y, 1.1 in z at 100 Hz (table 1),
    # more at higher rates.  At 0.75 the same digit comes again in half of the cases at most, so a
    # run of 64 has a chance of 1e-15 in a record of 4096, of 3e-7 at 0.5; 16 frames without a
    # change in any axis of 1e-12 and 2e-6.
    still_samples = 64
    still_frames = 16
    noise_g_rthz = 607e-6  # z, the noisiest axis: 1.1 digits in 50 Hz (table 1, ODR 100 Hz)
    test_settings = (100, 16)
    test_code = _SELF_TEST
    # Table 1, "Self-Test": at 2.5 V 0.20 to 2.10 g in x, as much downwards in y, 0.30 to 3.40 g in
    # z; boards give 3.3 V, at which it is 1.77 times as much in x and y, 1.47 in z (table 14).
    test_limits_g = ((0.20, 3.72), (-3.72, -0.20), (0.30, 5.00))
    test_signed = True
    motion = ((0.0625, 255, 0),)  # "Register 0x24"
    motion_least_g = 0.09

    def __init__(self, bus: "RegisterBus") -> None:
        raw = bytearray(_FRAME_BYTES * _HOLDS)
        view = memoryview(raw)
        # An entry a read: the FIFO moves on when the last of its six bytes has been read.
        self._entries = [view[i : i + _FRAME_BYTES] for i in range(0, len(raw), _FRAME_BYTES)]
        self._all = raw
        super().__init__(bus)

    def _carries(self, odr_hz: float) -> bool:
        if odr_hz > _FAST_ODR_HZ:
            return self._bus.rate_hz >= _FAST_BUS_HZ
        return super()._carries(odr_hz)

    def _apply(self, rate: "Any", scale: "Any") -> None:
        odr_hz, self._rate_code, self.watermark = rate
        self.range_g, self._range_code = scale
        self.odr_hz = odr_hz
        self.period_us = int(1_000_000 / odr_hz)
        self.g_per_digit = 1 / _DIGITS_PER_G
        self.bandwidth_hz = odr_hz / 2  # table 7
        self.full_scale_digits = self.range_g * _DIGITS_PER_G
        self.rail_low = -self.full_scale_digits
        # The last bit is 0 at the upper rates, at the rail too.
        self.rail_high = self.full_scale_digits - (2 if odr_hz > _FAST_ODR_HZ else 1)
        self._proof = _MEASURE

    def _begin(self) -> None:
        bus = self._bus
        bus.write(_POWER_CTL, 0)
        bus.write(_INT_ENABLE, 0)
        bus.write(_BW_RATE, self._rate_code)
        bus.write(_DATA_FORMAT, _FULL_RES | self._range_code | self._test)
        bus.write(_FIFO_CTL, _BYPASS)  # the only way to empty it
        bus.write(_FIFO_CTL, _STREAM | self.watermark)
        bus.write(_INT_MAP, 0)
        bus.write(_INT_ENABLE, _WATERMARK)
        bus.write(_POWER_CTL, _MEASURE)

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
        self._check(x, y, z, at, count, _HOLDS)
        bus, entries = self._bus, self._entries  # a bound method in a variable would allocate
        for i in range(count):
            bus.read_into(_DATAX0, entries[i])
        split_axes(self._all, x, y, z, at, count)

    def _arm(self, steps: int, _code: int) -> "tuple[int, int]":
        bus = self._bus
        bus.write(_POWER_CTL, 0)
        bus.write(_INT_ENABLE, 0)
        bus.write(_BW_RATE, _MOTION_RATE)
        bus.write(_DATA_FORMAT, _FULL_RES | 0b11)
        bus.write(_FIFO_CTL, _BYPASS)
        bus.write(_THRESH_ACT, steps)
        bus.write(_ACT_INACT_CTL, 0)
        bus.write(_INT_MAP, 0)
        bus.write(_INT_ENABLE, _ACTIVITY)
        bus.write(_POWER_CTL, _MEASURE)
        return _POWER_CTL, _MEASURE

    def _hold(self) -> None:
        # "Register 0x27": what activity is compared with is taken when it is enabled.
        self._bus.write(_ACT_INACT_CTL, _ACT_ANY_AC)

    def _take_event(self) -> bool:
        return bool(self._read(_INT_SOURCE) & _ACTIVITY)
