"""ADXL355 at register level: Analog Devices data sheet ADXL354/ADXL355, rev. B.

Modelled: registers and their reset values, reset, standby and measurement, every rate and range,
offsets, self-test, die temperature, the FIFO of 96 entries with its marker and empty bits,
data-ready, full, overrun and activity (of any axis) on both pins, clock error, noise.  Not
modelled: the high-pass filter but for activity, external clock and synchronisation, the DRDY pin
(their registers only remember).

Where the data sheet leaves it open, the twin does what is harder for a driver: standby keeps the
entries of the FIFO, and a configuration that is written while it measures is not taken.
"""

import math
from array import array

from sim.chips.accelerometer import FULL, MOVED, OVERRUN, READY, WATERMARK, Accelerometer
from sim.chips.fifo import STREAM
from sim.chips.motion import ABSOLUTE, high_pass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World

    Buffer = bytearray | memoryview

# "Register Map", and the definitions that follow it in the order of their addresses
_DEVID_AD = 0x00
_STATUS = 0x04
_FIFO_ENTRIES = 0x05
_TEMP2 = 0x06
_TEMP1 = 0x07
_XDATA3 = 0x08
_ZDATA1 = 0x10
_FIFO_DATA = 0x11
_OFFSET_X_H = 0x1E
_ACT_EN = 0x24
_ACT_THRESH_H = 0x25
_ACT_COUNT = 0x27
_FILTER = 0x28
_FIFO_SAMPLES = 0x29
_INT_MAP = 0x2A
_RANGE = 0x2C
_POWER_CTL = 0x2D
_SELF_TEST = 0x2E
_RESET = 0x2F
_IDENTITY = (0xAD, 0x1D, 0xED, 0x01)  # DEVID_AD, DEVID_MST, PARTID, REVID
_RESET_VALUES = (
    (_FIFO_SAMPLES, 0x60),
    (_RANGE, 0x81),
    (_POWER_CTL, 0x01),
    (0x25, 0x00),
    (0x27, 1),
)
_RESET_CODE = 0x52

_ACTIVITY, _FIFO_OVR, _FIFO_FULL, _DATA_RDY = (
    0x08,
    0x04,
    0x02,
    0x01,
)  # STATUS; INT_MAP has them in the same order
_INT_POL = 0x40  # RANGE
_STANDBY, _TEMP_OFF = 0x01, 0x02  # POWER_CTL
_ST1_AND_ST2 = 0x03  # SELF_TEST

_START_US = 10_000  # table 2: standby to measurement, at most
_FULL_ODR_HZ = 4000.0  # FILTER, ODR_LPF: halved for each step from 0 to 10
_SLOWEST = 10
_DIGITS_PER_G = 256_000  # table 2: in the range of 2 g
_RAIL = 1 << 19
_NOISE_G_RTHZ = 22.5e-6  # table 2
_BANDWIDTH = 0.25  # FILTER: the low-pass filter's corner is a quarter of the rate
_OFFSET_DIGITS = 16  # OFFSET_X: compared with bits 19 to 4 of the data
_SELF_TEST_G = (0.3, 0.3, 1.5)  # table 2
_CORNERS = (0, 24.7e-4, 6.2084e-4, 1.5545e-4, 0.3862e-4, 0.0954e-4, 0.0238e-4)  # FILTER
_THRESHOLD_DIGITS = 8  # ACT_THRESH: compared with bits 18 to 3
_TEMP_AT_25, _TEMP_PER_DEGREE = 1885, -9.05  # table 2

_ENTRIES, _ENTRY_BYTES, _FRAME_BYTES = 96, 3, 9  # "FIFO"
_IS_X, _IS_EMPTY = 0x01, 0x02  # "FIFO": the two lowest bits of an entry


class Twin(Accelerometer):
    """One chip.  config: as in sim/chips/accelerometer.py, and temperature_c, of the die.

    The log of served samples has the upper 16 of their 20 bits.
    """

    read_bit = 1  # "SPI Protocol": the last of the first byte
    START_US = _START_US  # table 2
    LOG_SHIFT = 4

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__(config, world)
        self.sampler.digits = array("i", [0, 0, 0])
        self._temperature_c: float = config.get("temperature_c", 30.0)
        self._regs = bytearray(_RESET + 1)
        self._reads = False  # this SPI frame
        self._place = _FRAME_BYTES  # of the next byte in the frame that left the FIFO last
        self._blank = 0  # bytes read from the empty FIFO in this transaction
        self.power_up()
        self._follow()

    # --- what the registers say

    def power_up(self) -> None:
        for reg in range(len(self._regs)):
            self._regs[reg] = 0
        for reg, value in _RESET_VALUES:
            self._regs[reg] = value
        self._place = _FRAME_BYTES
        self.convert()

    def odr_hz(self) -> float:
        if self._regs[_POWER_CTL] & _STANDBY:
            return 0
        return _FULL_ODR_HZ / (1 << min(self._regs[_FILTER] & 0x0F, _SLOWEST))

    def fifo_mode(self) -> int:
        return STREAM

    def watermark(self) -> int:
        return (self._regs[_FIFO_SAMPLES] + 2) // 3

    def routes(self) -> "tuple[int, int, int]":
        lines = []
        for bits in (self._regs[_INT_MAP], self._regs[_INT_MAP] >> 4):
            line = READY if bits & _DATA_RDY else 0
            line |= WATERMARK if bits & _FIFO_FULL else 0
            line |= MOVED if bits & _ACTIVITY else 0
            lines.append(line | (OVERRUN if bits & _FIFO_OVR else 0))
        return lines[0], lines[1], 0 if self._regs[_RANGE] & _INT_POL else 1

    def sources(self) -> int:
        return super().sources() & ~FULL

    def motion(self) -> "tuple[Any, ...] | None":
        if not self._regs[_ACT_EN] & 7:
            return None
        steps = self._regs[_ACT_THRESH_H] << 8 | self._regs[_ACT_THRESH_H + 1]
        per_g = _DIGITS_PER_G >> max(0, (self._regs[_RANGE] & 3) - 1)
        corner = _CORNERS[min(self._regs[_FILTER] >> 4 & 7, len(_CORNERS) - 1)]
        filtered = high_pass(corner) if corner else ABSOLUTE
        return filtered, steps * _THRESHOLD_DIGITS / per_g, 1, False, self._regs[_ACT_COUNT]

    def convert(self) -> None:
        per_g = _DIGITS_PER_G >> max(0, (self._regs[_RANGE] & 3) - 1)
        tested = self._regs[_SELF_TEST] & _ST1_AND_ST2 == _ST1_AND_ST2
        pulled = self.pulled(*_SELF_TEST_G)
        offsets_g = []
        for axis in range(3):
            at = _OFFSET_X_H + 2 * axis
            word = self._regs[at] << 8 | self._regs[at + 1]
            offset = ((word ^ 0x8000) - 0x8000) * _OFFSET_DIGITS / per_g
            offsets_g.append(offset + (pulled[axis] if tested else 0))
        code = min(self._regs[_FILTER] & 0x0F, _SLOWEST)
        bandwidth_hz = _FULL_ODR_HZ / (1 << code) * _BANDWIDTH
        noise_g = _NOISE_G_RTHZ * math.sqrt(bandwidth_hz)
        self.sampler.convert(1 / per_g, _RAIL, 1, noise_g, tuple(offsets_g))

    # --- registers

    def read_register(self, reg: int) -> int:
        if reg == _FIFO_DATA:
            return self._fifo_byte()
        self._write_log()
        if reg < _STATUS:
            return 0 if self.identity_lost() else _IDENTITY[reg]
        if reg == _STATUS:
            return self._status()
        if reg == _FIFO_ENTRIES:
            if self._rate_hz:
                self._stall()
            begun = (_FRAME_BYTES - self._place) // _ENTRY_BYTES
            return min(3 * self._fifo.count + begun, _ENTRIES)
        if reg in (_TEMP2, _TEMP1):
            return self._temperature() >> (8 if reg == _TEMP2 else 0) & 0xFF
        if _XDATA3 <= reg <= _ZDATA1:
            if reg == _XDATA3 and self._made:
                self._load(self._made - 1)
            return self._data_byte(reg - _XDATA3)
        return self._regs[reg] if reg < _RESET else 0  # RESET can only be written

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        if reg == _RESET and value == _RESET_CODE:
            self._lose_supply()
        elif _OFFSET_X_H <= reg < _RESET:
            if reg != _POWER_CTL and not self._regs[_POWER_CTL] & _STANDBY:
                return
            self._regs[reg] = value
            self.convert()
            self._follow()

    def _status(self) -> int:
        bits = 0
        for source, bit in ((READY, _DATA_RDY), (WATERMARK, _FIFO_FULL), (OVERRUN, _FIFO_OVR)):
            if self.sources() & source:
                bits |= bit
        if self.take_motion():
            bits |= _ACTIVITY
        self._fresh = self._lost = False
        return bits

    def _temperature(self) -> int:
        if self._regs[_POWER_CTL] & (_STANDBY | _TEMP_OFF):
            return 0
        return _TEMP_AT_25 + round(_TEMP_PER_DEGREE * (self._temperature_c - 25))

    # --- data

    def _take(self) -> None:
        """The oldest three entries leave the FIFO; STATUS alone clears its bits."""
        fresh, lost = self._fresh, self._lost
        super()._take()
        self._fresh, self._lost = fresh, lost

    def _data_byte(self, place: int) -> int:
        axis, byte = divmod(place, _ENTRY_BYTES)
        return self.sampler.digits[axis] << 4 >> (16 - 8 * byte) & 0xFF

    def _fifo_byte(self) -> int:
        if self._place == _FRAME_BYTES:
            if not self._fifo.count:
                self._blank += 1
                return 0 if self._blank % _ENTRY_BYTES else _IS_EMPTY
            self._take()
            self._place = 0
        place = self._place
        self._place += 1
        return self._data_byte(place) | (_IS_X if place == _ENTRY_BYTES - 1 else 0)

    # --- transactions

    def begin(self) -> None:
        super().begin()
        self._blank = 0
        # An entry of which only a part was read is gone.
        self._place = (self._place + 2) // _ENTRY_BYTES * _ENTRY_BYTES

    def _point(self, byte: int, spi: bool) -> None:
        self._pointer = byte >> 1 if spi else byte

    def _step(self) -> None:
        if self._pointer != _FIFO_DATA:
            self._pointer += 1
