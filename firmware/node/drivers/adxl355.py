"""ADXL355, a triaxial accelerometer of low noise and 20 bits: Analog Devices, rev. B.

A register's description is headed by its name.  Registers, bits, rates and the temperature's line
are those of the maker's own drivers too (no-OS, drivers/accel/adxl355/adxl355.h).  The data sheet
gives the self-test's change as typical only: the limits are those of Zephyr's driver
(drivers/sensor/adi/adxl355).  Not read in a second source: 10 ms to start, the filters' delay.
"""

from errno import EIO

from micropython import const

from node.drivers.accelerometer import Accelerometer
from node.drivers.big_endian import split_big_endian
from node.drivers.kernels20 import misplaced20, split_axes20_wide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

# Data sheet ADXL354/ADXL355, "Register Map"; each has its definition there, by its name
_DEVID_AD = const(0x00)
_AD = const(0xAD)  # Analog Devices, any of its chips
_PARTID = const(0x02)
_ID = const(0xED)
_STATUS = const(0x04)  # reading it clears its bits
_FIFO_OVR = const(0x04)
_ACTIVITY = const(0x08)
_FIFO_ENTRIES = const(0x05)
_TEMP2 = const(0x06)  # D3…D0: bits 11 to 8; TEMP1 follows
_FIFO_DATA = const(0x11)
_OFFSET_X_H = const(0x1E)  # and the five that follow
_ACT_EN = const(0x24)
_ANY_AXIS = const(0x07)
_ACT_THRESH_H = const(0x25)  # ACT_THRESH_L follows: bits 18 to 3 of the magnitude
_ACT_COUNT = const(0x27)  # samples above the threshold in a row
_FILTER = const(0x28)  # D6…D4 high-pass, 0: none; D3…D0 ODR_LPF
_HPF_WIDEST = const(0x10)  # corner 24.7e-4 of the rate
_FIFO_SAMPLES = const(0x29)  # entries at which FIFO_FULL is set
_INT_MAP = const(0x2A)
_FULL_EN1 = const(0x02)
_ACT_EN1 = const(0x08)
_SYNC = const(0x2B)  # 0: the chip's own clock
_RANGE = const(0x2C)  # D7 I2C_HS, D6 INT_POL, D1…D0 range
_INT_POL = const(0x40)  # active high
_POWER_CTL = const(0x2D)
_DRDY_OFF = const(0x04)
_STANDBY = const(0x01)
_SELF_TEST = const(0x2E)
_ST1_AND_ST2 = const(0x03)
_DEPTH = const(32)  # frames: "FIFO", 96 entries
_ENTRY_BYTES = const(3)  # "FIFO"

_WIDE_RAIL = const(524288)  # table 2: 20 bits
_RAIL = const(32768)
_CUT = const(16)  # what a digit of 16 bits has of those of 20
_BANDWIDTH = 0.25  # FILTER: the low-pass corner of each rate
_THRESHOLD_DIGITS = const(8)  # ACT_THRESH: of 20 bits

_INTERCEPT = const(1885)  # table 2: temperature at 25 degrees C; -9.05 a degree
_MOST_READINGS = const(4)


class ADXL355(Accelerometer):
    """The chip with its FIFO streaming.  The ranges are 2.048, 4.096 and 8.192 g.

    Blocks of int16 get the upper 16 of the 20 bits: 62.5, 125 or 250 ug a digit for 3.9, 7.8 or
    15.6, the rest cut off, which takes half a digit off the mean.  Blocks of int32 (wide) get all.
    The filter ends at a quarter of the rate, not at half of it.  On SPI the chip needs mode 0.
    Motion: an axis exceeds the threshold, at 4 kHz, from 10 Hz (the high-pass) to 1 kHz.
    """

    chip = "adxl355"
    identity = ((_DEVID_AD, _AD), (_PARTID, _ID))
    most_hz = {"i2c": 400_000, "spi": 10_000_000}  # table 6; I2C of high speed is not spoken
    read_last = True  # "SPI Protocol"
    defaults = (125, 2)
    # FILTER: odr_hz, ODR_LPF, and the watermark of ours.  Half the FIFO leaves as much again for
    # being late; at low rates fewer, so that a wait stays short.
    rates = (
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
    ranges = ((2, 0b01, 256_000), (4, 0b10, 128_000), (8, 0b11, 64_000))  # table 2: digits per g
    # A frame takes 9 bytes of 9 clocks on I2C, 8 on SPI; a third of the bus stays free for
    # questions and for being late.
    bits_a_sample = 120
    frame_bytes = 9  # an entry of three bytes an axis
    longest_burst = 5
    fifo_depth = _DEPTH  # "FIFO"
    own_noise_g_rthz = 22.5e-6  # table 2
    # Table 2: from standby to measurement in less than 10 ms, which is within capture's patience.
    # It waits only so long for the line before it polls: were the wire broken and the chip quick,
    # the FIFO would run over at 4 kHz.
    settling_us = 2_000
    # The filters delay by 2.5 samples at most ("Antialiasing Filter"); thrice that, and they have
    # settled.
    settling_samples = 8
    proof_reg = _POWER_CTL
    off = (_POWER_CTL, _STANDBY)
    kept = (_INT_MAP, _FULL_EN1)
    test_settings = (125, 8)
    test_code = _ST1_AND_ST2
    test_limits_g = ((0.1, 0.6), (0.1, 0.6), (0.5, 3.0))  # typical: 0.3, 0.3, 1.5 (table 2)
    # ACT_THRESH_H: digits of each range
    motion = tuple([(_THRESHOLD_DIGITS / row[2], 65535, row[1]) for row in ranges])
    motion_least_g = 0.005
    motion_settle_us = 300_000  # 18 time constants of the high-pass, for gravity to go
    wide = False

    def configure(
        self, odr_hz: "float | None" = None, range_g: "int | None" = None, wide: bool = False
    ) -> None:
        """Choose rate, range and what read_into() fills; start() writes them.

        None: as it was.  wide: array('i') of 20 bits, not array('h') of 16.
        Raises ValueError(key, value, allowed).
        """
        before, self.wide = self.wide, wide
        try:
            super().configure(odr_hz, range_g)
        except ValueError:
            self.wide = before
            raise

    def _apply(self, rate: "Any", scale: "Any") -> None:
        odr_hz, self._rate_code, watermark = rate
        range_g, self._range_code, per_g = scale
        full = _WIDE_RAIL if self.wide else _RAIL
        g_per_digit = 1 / per_g if self.wide else _CUT / per_g
        bandwidth_hz = odr_hz * _BANDWIDTH
        self._scale(odr_hz, range_g, watermark, bandwidth_hz, g_per_digit, full, full - 1)
        self._proof = _DRDY_OFF

    def _begin(self) -> None:
        bus = self._bus
        bus.write(_POWER_CTL, _STANDBY)
        self._empty_fifo()  # before the line tells of it
        for reg in range(_OFFSET_X_H, _OFFSET_X_H + 6):
            bus.write(reg, 0)
        bus.write(_ACT_EN, 0)
        bus.write(_FILTER, self._rate_code)
        bus.write(_FIFO_SAMPLES, self.watermark * 3)
        bus.write(_INT_MAP, _FULL_EN1)
        bus.write(_SYNC, 0)
        bus.write(_RANGE, _INT_POL | self._range_code)
        bus.write(_SELF_TEST, self._test)
        bus.write(_POWER_CTL, _DRDY_OFF)

    def _empty_fifo(self) -> None:
        """Read what is left of a run before; in standby nothing is added."""
        bus, entries = self._bus, self._read(_FIFO_ENTRIES)
        raw = self._bursts[0]
        for _ in range((entries + 2) // 3):
            bus.read_into(_FIFO_DATA, raw)
        self._read(_STATUS)  # clears FIFO_OVR

    def entries(self) -> int:
        """Samples of all three axes that wait, 0 to 32 (more: a broken bus).  Raises OSError."""
        # The entries of a sample come one by one: it is complete with the third.
        return self._read(_FIFO_ENTRIES) // 3

    def overrun(self) -> bool:
        """Whether samples were lost since this was last asked.  Raises OSError."""
        return bool(self._read(_STATUS) & _FIFO_OVR)

    def _fetch(
        self, power: int, x: "array[int]", y: "array[int]", z: "array[int]", at: int
    ) -> None:
        """x, y, z: array('h'), array('i') where configured wide.

        Raises OSError, EIO where the entries are not in the order of the axes, or fewer.
        """
        self._bus.read_into(_FIFO_DATA, self._bursts[power])
        if misplaced20(self._raw, 1 << power):
            raise OSError(EIO)
        if self.wide:
            split_axes20_wide(self._raw, x, y, z, at, 1 << power)
        else:
            split_big_endian(self._raw, x, y, z, at, 1 << power, _ENTRY_BYTES)

    def _arm(self, steps: int, code: int) -> "tuple[int, int]":
        bus = self._bus
        bus.write(_POWER_CTL, _STANDBY)
        bus.write(_SELF_TEST, 0)
        bus.write(_FILTER, _HPF_WIDEST)  # at 4 kHz
        bus.write(_ACT_THRESH_H, steps >> 8)
        bus.write(_ACT_THRESH_H + 1, steps & 0xFF)
        bus.write(_ACT_COUNT, 1)
        bus.write(_ACT_EN, _ANY_AXIS)
        bus.write(_INT_MAP, _ACT_EN1)
        bus.write(_SYNC, 0)
        bus.write(_RANGE, _INT_POL | code)
        bus.write(_POWER_CTL, _DRDY_OFF)
        return _POWER_CTL, _DRDY_OFF

    def _take_event(self) -> bool:
        return bool(self._read(_STATUS) & _ACTIVITY)

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
