"""IIS3DWB at register level: ST data sheet DS12569.

Modelled: registers and their reset values, power-down, its one rate, every range, software
reset, self-test, the factory's frequency trim, the FIFO of 512 tagged words in bypass, FIFO and
continuous mode (the triggered ones: as if never triggered), data-ready, threshold and overrun on
both pins, wake-up on INT1, clock error, noise.  Not modelled: single axes, the second filter, the
high-pass but for the wake-up, temperature and timestamp (neither in the FIFO), sleep detection,
the duration of a wake-up and one that is not latched, user offsets, batch counter, full on a pin,
three-wire SPI (their registers only remember), I2C.

Where it is left open, the twin does what is harder for a driver: an empty FIFO gives a word with a
tag of no sensor, and the latched overrun ends with any reading of its register.
"""

import math

from sim.chips.accelerometer import FULL, MOVED, OVERRUN, READY, WATERMARK, Accelerometer, Levels
from sim.chips.fifo import BYPASS, FIFO_MODE, STREAM
from sim.chips.motion import high_pass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World

# "Register mapping", and the descriptions that follow it
_FIFO_CTRL1 = 0x07
_FIFO_CTRL2 = 0x08
_FIFO_CTRL3 = 0x09
_FIFO_CTRL4 = 0x0A
_INT1_CTRL = 0x0D
_INT2_CTRL = 0x0E
_WHO_AM_I = 0x0F
_CTRL1_XL = 0x10
_CTRL3_C = 0x12
_CTRL5_C = 0x14
_CTRL8_XL = 0x17
_WAKE_UP_SRC = 0x1B
_STATUS_REG = 0x1E
_OUTX_L_A = 0x28
_OUTZ_H_A = 0x2D
_FIFO_STATUS1 = 0x3A
_FIFO_STATUS2 = 0x3B
_SLOPE_EN = 0x56
_INTERRUPTS_EN = 0x58
_WAKE_UP_THS = 0x5B
_WAKE_UP_DUR = 0x5C
_MD1_CFG = 0x5E
_INTERNAL_FREQ_FINE = 0x63
_FIFO_DATA_OUT_TAG = 0x78
_FIFO_DATA_OUT_Z_H = 0x7E
_SIZE = 0x80
_RESET_VALUES = ((0x02, 0x3F), (_WHO_AM_I, 0x7B), (_CTRL3_C, 0x04), (0x18, 0xE0))
_WRITABLE = (
    (0x02,)
    + tuple(range(_FIFO_CTRL1, _WHO_AM_I))
    + (_CTRL1_XL,)
    + tuple(range(_CTRL3_C, 0x1A))
    + tuple(range(0x56, 0x60))
    + (0x73, 0x74, 0x75)
)

_XL_EN = 0b101  # CTRL1_XL D7…D5
_RANGES_G = (2, 16, 4, 8)  # CTRL1_XL D3…D2
_ODR_HZ = 26_667
_BATCH_ALL = 0b1010  # FIFO_CTRL3
_MODES = {0b001: FIFO_MODE, 0b011: STREAM, 0b110: STREAM}  # FIFO_CTRL4; all others: bypass
_SW_RESET, _IF_INC, _H_LACTIVE, _BOOT = 0x01, 0x04, 0x20, 0x80  # CTRL3_C
_ROUTES = ((0x01, READY), (0x08, WATERMARK), (0x10, OVERRUN))  # INT1_CTRL, INT2_CTRL
_WTM_IA, _OVR_IA, _FULL_IA, _OVR_LATCHED = 0x80, 0x40, 0x20, 0x08  # FIFO_STATUS2
_ACCELEROMETER = 0x02  # FIFO_DATA_OUT_TAG D7…D3
_TRIM_PPM = 1500  # INTERNAL_FREQ_FINE: 0.15 % a step
_NOISE_G_RTHZ = 75e-6  # "Mechanical characteristics", three axes
_BANDWIDTH_HZ = 6_300
_SELF_TEST_G = (1.5, 1.7, 2.0)  # "Mechanical characteristics": 0.8 to 3.2
_UNSETTLED = 64
_DIVISORS = (4, 10, 20, 45, 100, 200, 400, 800)  # CTRL8_XL HPCF_XL
_SLOPE = (0.0, 0.5)  # half the difference from the sample before


class Words(Levels):
    """512 words of seven bytes."""

    LEVELS = 512
    _HOLDS = 512


class Twin(Accelerometer):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    FIFO = Words

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__(config, world)
        self._regs = bytearray(_SIZE)
        steps = round(config.get("clock_error_ppm", 0) / _TRIM_PPM)
        self._trim = max(-128, min(127, steps)) & 0xFF
        self._latched = False  # an overrun since FIFO_STATUS2 was read
        self._slot = 0  # of the word in the data registers: it counts what was made
        self._empty = True
        self.power_up()

    # --- what the registers say

    def power_up(self) -> None:
        for reg in range(_SIZE):
            self._regs[reg] = 0
        for reg, value in _RESET_VALUES:
            self._regs[reg] = value
        self._regs[_INTERNAL_FREQ_FINE] = self._trim
        self._latched = False
        self.convert()

    def odr_hz(self) -> float:
        return _ODR_HZ if self._regs[_CTRL1_XL] >> 5 == _XL_EN else 0

    def unsettled(self) -> int:
        return _UNSETTLED

    def fifo_mode(self) -> int:
        if self._regs[_FIFO_CTRL3] & 0x0F != _BATCH_ALL:
            return BYPASS
        return _MODES.get(self._regs[_FIFO_CTRL4] & 0x07, BYPASS)

    def watermark(self) -> int:
        return self._regs[_FIFO_CTRL1] | (self._regs[_FIFO_CTRL2] & 1) << 8

    def routes(self) -> "tuple[int, int, int]":
        lines = []
        for reg in (_INT1_CTRL, _INT2_CTRL):
            line = 0
            for bit, what in _ROUTES:
                if self._regs[reg] & bit:
                    line |= what
            lines.append(line)
        if self._regs[_MD1_CFG] & 0x20:
            lines[0] |= MOVED
        return lines[0], lines[1], 1 if self._regs[_CTRL3_C] & _H_LACTIVE else 0

    def sources(self) -> int:
        return super().sources() & ~FULL

    def motion(self) -> "tuple[Any, ...] | None":
        steps = self._regs[_WAKE_UP_THS] & 0x3F
        if not steps or not self._regs[_INTERRUPTS_EN] & 0x80:
            return None
        parts = 256 if self._regs[_WAKE_UP_DUR] & 0x10 else 64
        range_g = _RANGES_G[self._regs[_CTRL1_XL] >> 2 & 3]
        corner = 1 / _DIVISORS[self._regs[_CTRL8_XL] >> 5]
        filtered = high_pass(corner) if self._regs[_SLOPE_EN] & 0x10 else _SLOPE
        return filtered, steps * range_g / parts, 1, False

    def convert(self) -> None:
        range_g = _RANGES_G[self._regs[_CTRL1_XL] >> 2 & 3]
        sign = {0b01: 1, 0b10: -1}.get(self._regs[_CTRL5_C] & 3, 0)
        self.sampler.convert(
            range_g / 32768,  # the data sheet gives it rounded: 0.061 mg for 2 g / 32768
            32768,
            1,
            _NOISE_G_RTHZ * math.sqrt(_BANDWIDTH_HZ),
            self.pulled(*[sign * shift for shift in _SELF_TEST_G]),
        )

    # --- registers

    def read_register(self, reg: int) -> int:
        if _FIFO_DATA_OUT_TAG <= reg <= _FIFO_DATA_OUT_Z_H:
            return self._word(reg - _FIFO_DATA_OUT_TAG)
        self._write_log()
        if _OUTX_L_A <= reg <= _OUTZ_H_A:
            if reg == _OUTX_L_A and self._made:
                self._load(self._made - 1)
                self._fresh = False
            return self._data_byte(reg - _OUTX_L_A)
        if reg == _WHO_AM_I and self.identity_lost():
            return 0
        if reg == _WAKE_UP_SRC:
            return 0x08 if self.take_motion() else 0
        if reg == _STATUS_REG:
            return 1 if self._fresh else 0
        if reg == _FIFO_STATUS1:
            if self._rate_hz:
                self._stall()
            return self._fifo.count & 0xFF
        if reg == _FIFO_STATUS2:
            return self._fifo_status2()
        return self._regs[reg] if reg < _SIZE else 0

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        if reg not in _WRITABLE:
            return
        self._regs[reg] = value
        if reg == _CTRL3_C:
            if value & _SW_RESET:
                self.power_up()
            else:
                self._regs[reg] = value & ~_BOOT  # the trimming values are back at once
        self.convert()
        self._follow()

    def _fifo_status2(self) -> int:
        bits = self._fifo.count >> 8
        if self.sources() & WATERMARK:
            bits |= _WTM_IA
        if self._lost and self._fifo.mode != BYPASS:
            bits |= _OVR_IA
        if self._fifo.count >= self._fifo.LEVELS - 1:  # full with the next sample
            bits |= _FULL_IA
        if self._latched:
            bits |= _OVR_LATCHED
        self._latched = False
        return bits

    # --- data

    def _sync(self) -> None:
        made = self._made
        super()._sync()
        if self._lost and self._made != made and self._fifo.mode != BYPASS:
            self._latched = True

    def _load(self, made: int) -> None:
        self._slot = made & 3
        super()._load(made)

    def _word(self, place: int) -> int:
        if place == 0:
            self._empty = not self._fifo.count
            if self._empty:
                return 0
            self._take()
            tag = _ACCELEROMETER << 3 | self._slot << 1
            return tag | bin(tag).count("1") & 1
        return 0 if self._empty else self._data_byte(place - 1)

    def _data_byte(self, place: int) -> int:
        return self.sampler.digits[place >> 1] >> (8 * (place & 1)) & 0xFF

    # --- transactions

    def _point(self, byte: int, spi: bool) -> None:
        self._pointer = byte & 0x7F

    def _step(self) -> None:
        if self._pointer == _FIFO_DATA_OUT_Z_H:
            self._pointer = _FIFO_DATA_OUT_TAG
        elif self._regs[_CTRL3_C] & _IF_INC:
            self._pointer += 1
