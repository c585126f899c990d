"""LIS2DW12 at register level: ST data sheet DS12141 (of 2024).

Modelled: registers and their reset values, power-down, every rate and range, high-performance and
the four low-power modes, soft reset, self-test, the FIFO in bypass, FIFO and continuous mode (the
triggered ones: as if never triggered), data-ready, threshold, full and overrun on both pins,
wake-up on INT1, clock error, noise.  Not modelled: tap, free-fall, 6D and activity detection, the
duration of a wake-up and one that is not latched, conversion on demand, user offsets, the
high-pass filter but for the wake-up, temperature, three-wire SPI (their registers only remember).
"""

import math

from sim.chips.accelerometer import FULL, MOVED, OVERRUN, READY, WATERMARK
from sim.chips.fifo import BYPASS, FIFO_MODE, STREAM
from sim.chips.lis import FIFO_CTRL, WHO_AM_I, Lis
from sim.chips.motion import high_pass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ID = 0x44  # 8.3
_CTRL1 = 0x20  # 8.4: ODR3…ODR0, MODE1, MODE0, LP_MODE1, LP_MODE0
_CTRL2 = 0x21  # 8.5
_CTRL3 = 0x22  # 8.6: ST2, ST1, PP_OD, LIR, H_LACTIVE, …
_CTRL4_INT1 = 0x23  # 8.7
_CTRL5_INT2 = 0x24  # 8.8
_CTRL6 = 0x25  # 8.9: BW_FILT1, BW_FILT0, FS1, FS0, FDS, LOW_NOISE
_WAKE_UP_THS = 0x34  # 8.24
_WAKE_UP_SRC = 0x38  # 8.28
_CTRL7 = 0x3F  # table 91
_BOOT, _SOFT_RESET, _IF_ADD_INC = 0x80, 0x40, 0x04  # CTRL2
_H_LACTIVE = 0x08  # CTRL3
_LOW_POWER, _HIGH_PERFORMANCE = 0b00, 0b01  # table 30
_ROUTES = ((0x01, READY), (0x02, WATERMARK), (0x04, FULL), (0x08, OVERRUN))  # 8.7, 8.8
_RATES_HZ = (0, 12.5, 12.5, 25, 50, 100, 200, 400, 800, 1600)  # table 29, high performance
_SLOWEST_HZ, _LOW_POWER_HZ = 1.6, 200  # table 29, low power: the first code, and the most
_DIVISORS = (2, 4, 10, 20)  # table 41
_MOST_BANDWIDTH_HZ = 400  # table 41: at 1600 Hz
_NOISE_G_RTHZ = 90e-6  # table 3, high performance with LOW_NOISE, +-2 g
_NOISE_LOW_POWER_G = (4.5e-3, 2.4e-3, 1.8e-3, 1.3e-3)  # table 3, low-power modes 1 to 4
_SELF_TEST_G = (0.3, 0.35, 0.6)  # within table 3: 70 to 1500 mg
_MODES = {0b001: FIFO_MODE, 0b011: STREAM, 0b110: STREAM}  # table 55; all others: bypass


class Twin(Lis):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    RESET = ((WHO_AM_I, _ID), (_CTRL2, _IF_ADD_INC))  # table 21
    WRITABLE = (
        tuple(range(_CTRL1, _CTRL6 + 1))
        + (FIFO_CTRL,)
        + tuple(range(0x30, 0x37))
        + tuple(range(0x3C, _CTRL7 + 1))
    )

    def address(self, byte: int, spi: bool) -> "tuple[int, bool]":
        counts = bool(self._regs[_CTRL2] & _IF_ADD_INC)
        return byte & 0x7F if spi else byte, counts  # 6.2: RW, seven bits of address

    def commanded(self, reg: int, value: int) -> None:
        if reg == _CTRL2:
            if value & _SOFT_RESET:
                self.power_up()
            else:
                self._regs[reg] = value & ~_BOOT  # the trimming values are back at once

    def _mode(self) -> int:
        return self._regs[_CTRL1] >> 2 & 3

    def odr_hz(self) -> float:
        code, mode = self._regs[_CTRL1] >> 4, self._mode()
        if code >= len(_RATES_HZ) or mode > _HIGH_PERFORMANCE:
            return 0
        if mode == _LOW_POWER:
            return _SLOWEST_HZ if code == 1 else min(_RATES_HZ[code], _LOW_POWER_HZ)
        return _RATES_HZ[code]

    def unsettled(self) -> int:
        if self._mode() != _HIGH_PERFORMANCE or self._regs[_CTRL6] >> 6:
            return 0
        odr_hz = self.odr_hz()  # table 13
        return 2 if odr_hz == 1600 else 1 if odr_hz >= 100 else 0

    def fifo_mode(self) -> int:
        return _MODES.get(self._regs[FIFO_CTRL] >> 5, BYPASS)

    def watermark(self) -> int:
        return self._regs[FIFO_CTRL] & 0x1F  # 5.3: 0 is never reached

    def routes(self) -> "tuple[int, int, int]":
        int1 = int2 = 0
        for bit, what in _ROUTES:
            if self._regs[_CTRL4_INT1] & bit and what != OVERRUN:  # bit 3 there: double tap
                int1 |= what
            if self._regs[_CTRL5_INT2] & bit:
                int2 |= what
        if self._regs[_CTRL4_INT1] & 0x20:
            int1 |= MOVED
        return int1, int2, 1 if self._regs[_CTRL3] & _H_LACTIVE else 0

    def motion(self) -> "tuple[Any, ...] | None":
        steps = self._regs[_WAKE_UP_THS] & 0x3F
        if not steps or not self._regs[_CTRL7] & 0x20:
            return None
        range_g = 2 << (self._regs[_CTRL6] >> 4 & 3)
        corner = 1 / _DIVISORS[self._regs[_CTRL6] >> 6]
        return high_pass(corner), steps * range_g / 64, 1, False

    def read_register(self, reg: int) -> int:
        if reg == _WAKE_UP_SRC:
            return 0x08 if self.take_motion() else 0
        return super().read_register(reg)

    def status(self) -> int:
        sources = self.sources()
        return (0x80 if sources & WATERMARK else 0) | (0x01 if sources & READY else 0)

    def fifo_state(self) -> int:
        sources = self.sources() if self.fifo_mode() != BYPASS else 0
        bits = 0x80 if sources & WATERMARK else 0
        return bits | (0x40 if sources & OVERRUN else 0) | self._fifo.count

    def convert(self) -> None:
        ctrl6, low_power_mode = self._regs[_CTRL6], self._regs[_CTRL1] & 3
        bits = 14
        if self._mode() == _HIGH_PERFORMANCE:
            bandwidth_hz = min(self.odr_hz() / _DIVISORS[ctrl6 >> 6], _MOST_BANDWIDTH_HZ)
            noise_g = _NOISE_G_RTHZ * math.sqrt(bandwidth_hz)
        else:
            noise_g = _NOISE_LOW_POWER_G[low_power_mode]
            if low_power_mode == 0:
                bits = 12
        range_g = 2 << (ctrl6 >> 4 & 3)
        sign = {0x40: 1, 0x80: -1}.get(self._regs[_CTRL3] & 0xC0, 0)  # table 35
        rail = 1 << bits - 1
        self.sampler.convert(
            range_g / rail,  # table 3 gives it rounded: 0.244 mg for 2 g / 8192
            rail,
            1 << 16 - bits,
            noise_g,
            self.pulled(*[sign * shift for shift in _SELF_TEST_G]),
        )
