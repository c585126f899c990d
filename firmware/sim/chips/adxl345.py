"""ADXL345 at register level: Analog Devices data sheet, rev. G.

Modelled: registers and their reset values, standby and measure, every rate and range, full
resolution and 10 bit, justification, offsets, self-test, the FIFO in its four modes, watermark,
overrun, data-ready and activity (of any axis) interrupts on both pins, clock error, noise.  Not
modelled: tap, inactivity and free-fall detection, sleep, three-wire SPI (their registers only
remember).
"""

import math
from struct import pack_into

from sim.chips.accelerometer import FULL, MOVED, READY, WATERMARK, Accelerometer
from sim.chips.fifo import BYPASS, Fifo
from sim.chips.motion import ABSOLUTE, REFERENCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World
    from sim.chips.framing import Buffer

# Table 19
_DEVID = 0x00
_ID = 0xE5
_FIRST_RW = 0x1D  # 0x01…0x1C are reserved
_OFSX = 0x1E
_THRESH_ACT = 0x24
_ACT_INACT_CTL = 0x27
_ACT_TAP_STATUS = 0x2B
_BW_RATE = 0x2C
_POWER_CTL = 0x2D
_INT_ENABLE = 0x2E
_INT_MAP = 0x2F
_INT_SOURCE = 0x30
_DATA_FORMAT = 0x31
_DATAX0 = 0x32
_DATAZ1 = 0x37
_DATA_BYTES = 6
_FIFO_CTL = 0x38
_FIFO_STATUS = 0x39
_READ_ONLY = (_DEVID, _ACT_TAP_STATUS, _INT_SOURCE, _FIFO_STATUS)
_RESET = ((_DEVID, _ID), (_BW_RATE, 0x0A), (_INT_SOURCE, 0x02))

# INT_ENABLE, INT_MAP, INT_SOURCE; an overrun is there as soon as the FIFO is full
_INTERRUPTS = ((0x80, READY), (0x10, MOVED), (0x02, WATERMARK), (0x01, FULL))
_MEASURE = 0x08  # POWER_CTL
_LOW_POWER = 0x10  # BW_RATE
_SELF_TEST, _INT_INVERT, _FULL_RES, _JUSTIFY = 0x80, 0x20, 0x08, 0x04  # DATA_FORMAT
_ACT_AXES, _ACT_AC = 0x70, 0x80  # ACT_INACT_CTL
_ACT_STEP_G = 0.0625  # "Register 0x24"

_FULL_ODR_HZ = 3200.0  # table 7: halved for each step below rate code 15
_FAST_CODE = 14  # from 1600 Hz on
_DIGITS_PER_G = 256  # table 1
_OFFSET_DIGITS = 4  # "Register 0x1E…": 15.6 mg a step
_SELF_TEST_DIGITS = (200, -200, 300)  # within table 15 (2.5 V)
# Table 1, RMS up to 100 Hz; above by the square root of the rate
_NOISE_DIGITS = (0.75, 0.75, 1.1)
_NOISE_LOW_POWER_DIGITS = (1.8, 1.8, 2.6)  # "Noise Performance"
_NOISE_CODE = 10  # of 100 Hz


class Twin(Accelerometer):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    START_US = 1100  # table 1, note 6: the first sample comes 1.1 ms + 1/ODR after the start
    FIFO = Fifo

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__(config, world)
        self._regs = bytearray(_FIFO_STATUS + 1)
        self.power_up()

    def trigger(self) -> None:
        """The event that trigger mode waits for."""
        self._sync()
        self._fifo.trigger(self._regs[_FIFO_CTL] & 0x1F)
        self._drive()

    # --- what the registers say

    def power_up(self) -> None:
        for reg in range(len(self._regs)):
            self._regs[reg] = 0
        for reg, value in _RESET:
            self._regs[reg] = value
        self._wire()
        self.convert()

    def odr_hz(self) -> float:
        if not self._regs[_POWER_CTL] & _MEASURE:
            return 0
        return _FULL_ODR_HZ / (1 << 15 - (self._regs[_BW_RATE] & 0x0F))

    def fifo_mode(self) -> int:
        return self._regs[_FIFO_CTL] >> 6

    def watermark(self) -> int:
        return self._regs[_FIFO_CTL] & 0x1F

    def routes(self) -> "tuple[int, int, int]":
        return self._routes

    def _wire(self) -> None:
        """What the registers say of the lines: each sample asks for it."""
        enabled, on_int2 = self._regs[_INT_ENABLE], self._regs[_INT_MAP]
        lines = [0, 0]
        for bit, what in _INTERRUPTS:
            if enabled & bit:
                lines[1 if on_int2 & bit else 0] |= what
        self._routes = lines[0], lines[1], 1 if self._regs[_DATA_FORMAT] & _INT_INVERT else 0

    def sources(self) -> int:
        bits = super().sources() & (READY | MOVED)
        if self._fifo.count >= self.watermark():  # of 0: at once
            bits |= WATERMARK
        return bits | FULL if self._lost else bits

    def motion(self) -> "tuple[Any, ...] | None":
        control = self._regs[_ACT_INACT_CTL]
        if not control & _ACT_AXES:
            return None
        filtered = REFERENCE if control & _ACT_AC else ABSOLUTE
        return filtered, self._regs[_THRESH_ACT] * _ACT_STEP_G

    def convert(self) -> None:
        form, code = self._regs[_DATA_FORMAT], self._regs[_BW_RATE]
        coarser = 0 if form & _FULL_RES else form & 3
        rail = _DIGITS_PER_G << ((form & 3) + 1 - coarser)
        fast = code & 0x0F >= _FAST_CODE and (form & _FULL_RES or not form & 3)
        pulled = self.pulled(*_SELF_TEST_DIGITS)
        offsets_g, noise_g = [], []
        for axis in range(3):
            offset: float = _OFFSET_DIGITS * ((self._regs[_OFSX + axis] ^ 0x80) - 0x80)
            if form & _SELF_TEST:
                offset += pulled[axis]
            offsets_g.append(offset / _DIGITS_PER_G)
            noise_g.append(self._noise_digits(axis, code) / _DIGITS_PER_G)
        self.sampler.convert(
            (1 << coarser) / _DIGITS_PER_G,
            rail,
            32768 // rail if form & _JUSTIFY else 1,
            tuple(noise_g),
            tuple(offsets_g),
            ~1 if fast else ~0,
        )

    def _noise_digits(self, axis: int, code: int) -> float:
        if code & _LOW_POWER:
            return _NOISE_LOW_POWER_DIGITS[axis]
        doublings = max(0, (code & 0x0F) - _NOISE_CODE)
        return _NOISE_DIGITS[axis] * math.sqrt(1 << doublings)

    # --- registers

    def read_into(self, buf: "Buffer") -> None:
        if self._pointer != _DATAX0 or len(buf) != _DATA_BYTES:
            super().read_into(buf)
            return
        # As below, all three axes at once: it is how drivers read.
        self.begin()
        self._take()
        x, y, z = self.sampler.digits
        pack_into("<hhh", buf, 0, x, y, z)
        self._pointer += _DATA_BYTES
        self.end()

    def read_register(self, reg: int) -> int:
        if _DATAX0 <= reg <= _DATAZ1:
            if not self._taken:
                self._take()
            return self.sampler.digits[(reg - _DATAX0) >> 1] >> (8 * (reg & 1)) & 0xFF
        self._write_log()
        if reg == _DEVID and self.identity_lost():
            return 0
        if reg == _INT_SOURCE:
            sources = self.sources()
            self.take_motion()
            return sum([bit for bit, what in _INTERRUPTS if sources & what])
        if reg == _FIFO_STATUS:
            if self._rate_hz:
                self._stall()
            return self._fifo.count
        return self._regs[reg] if reg <= _FIFO_STATUS else 0

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        data = _DATAX0 <= reg <= _DATAZ1
        if reg in _READ_ONLY or data or not _FIRST_RW <= reg <= _FIFO_STATUS:
            return
        self._regs[reg] = value
        self._wire()
        self.convert()
        self._follow()

    # --- data

    def _push(self, made: int) -> None:
        self._lost = self._fifo.push(self._made, made) or self._lost

    def _take(self) -> None:
        lost = self._lost
        super()._take()
        if self._fifo.mode != BYPASS:
            self._lost = lost and self._fifo.count >= Fifo.LEVELS
