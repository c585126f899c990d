"""LIS3DH at register level: ST data sheet DocID17530, rev. 2 (December 2016).

Modelled: registers and their reset values, power-down, every rate, range and operating mode,
self-test, the FIFO in bypass, FIFO and stream mode (stream-to-FIFO: as if never triggered),
data-ready, watermark, overrun and the first engine on INT1 (any axis high, latched), clock error,
noise.  Not modelled: click and free-fall detection, what else the engine can do, the high-pass
filter but for it, the auxiliary ADC, single axes switched off, big-endian data,
three-wire SPI (their registers only remember).

Where the data sheet contradicts itself, the watermark flag is taken to exceed FTH (table 52, and
the N + 1 samples of 5.1.3), and not to equal it (5.1).
"""

import math

from sim.chips.accelerometer import FULL, MOVED, READY, WATERMARK
from sim.chips.fifo import BYPASS, STREAM, TRIGGER
from sim.chips.lis import FIFO_CTRL, WHO_AM_I, Lis
from sim.chips.motion import ABSOLUTE, high_pass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ID = 0x33  # 8.5
_CTRL_REG1 = 0x20  # 8.8: ODR3…ODR0, LPen, Zen, Yen, Xen
_CTRL_REG2 = 0x21  # 8.9
_CTRL_REG3 = 0x22  # 8.10
_CTRL_REG4 = 0x23  # 8.11: BDU, BLE, FS1, FS0, HR, ST1, ST0, SIM
_CTRL_REG5 = 0x24  # 8.12
_INT1_CFG, _INT1_SRC, _INT1_THS = 0x30, 0x31, 0x32  # 8.21 to 8.23
_CTRL_REG6 = 0x25  # 8.13
# STATUS_REG, OUT_X_L to OUT_Z_H, FIFO_SRC_REG, INT1_SRC, INT2_SRC, CLICK_SRC (table 21)
_READ_ONLY = (0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2F, 0x31, 0x35, 0x39)
_LPEN, _HR = 0x08, 0x08  # CTRL_REG1, CTRL_REG4
_I1_ZYXDA, _I1_WTM, _I1_OVERRUN = 0x10, 0x04, 0x02  # CTRL_REG3
_BOOT, _FIFO_EN = 0x80, 0x40  # CTRL_REG5
_INT_POLARITY = 0x02  # CTRL_REG6
_RATES_HZ = (0, 1, 10, 25, 50, 100, 200, 400)  # table 31; codes 8 and 9 depend on the mode
_MG_PER_DIGIT = (1, 2, 4, 12)  # table 4, high resolution; four times at each step to 10, 8 bits
_NOISE_G_RTHZ = 220e-6  # table 4
_THRESHOLD_G = (0.016, 0.032, 0.062, 0.186)  # 8.23
_CORNERS = (1 / 50, 1 / 100, 1 / 200, 1 / 400)  # of the rate (AN3308, table of HPCF)
_FIFO_BITS = 10  # 3.6
_SELF_TEST_G = (0.35, 0.3, 0.5)  # within table 4: 17 to 360 digits of 4 mg


class Twin(Lis):
    """One chip.  config: as in sim/chips/accelerometer.py."""

    START_US = 1600  # table 10, normal mode; the 7/ODR of high resolution are not added
    RESET = ((WHO_AM_I, _ID), (0x1E, 0x10), (_CTRL_REG1, 0x07))  # table 21
    WRITABLE = tuple([reg for reg in range(0x1E, 0x40) if reg not in _READ_ONLY])

    def address(self, byte: int, spi: bool) -> "tuple[int, bool]":
        if spi:  # 6.2: RW, MS, six bits of address
            return byte & 0x3F, bool(byte & 0x40)
        return byte & 0x7F, bool(byte & 0x80)  # 6.1.1

    def commanded(self, reg: int, value: int) -> None:
        if reg == _CTRL_REG5:
            self._regs[reg] = value & ~_BOOT  # the trimming values are back at once

    def odr_hz(self) -> float:
        code, low_power = self._regs[_CTRL_REG1] >> 4, self._regs[_CTRL_REG1] & _LPEN
        if code < len(_RATES_HZ):
            return _RATES_HZ[code]
        if code == 8:
            return 1600 if low_power else 0
        if code == 9:
            return 5376 if low_power else 1344
        return 0

    def unsettled(self) -> int:
        return 8 if self._regs[_CTRL_REG4] & _HR else 2  # table 4, note 7

    def fifo_mode(self) -> int:
        if not self._regs[_CTRL_REG5] & _FIFO_EN:
            return BYPASS
        mode = self._regs[FIFO_CTRL] >> 6  # table 50: the numbers of sim/chips/fifo.py
        return STREAM if mode == TRIGGER else mode

    def watermark(self) -> int:
        return (self._regs[FIFO_CTRL] & 0x1F) + 1

    def routes(self) -> "tuple[int, int, int]":
        enabled = self._regs[_CTRL_REG3]
        int1 = READY if enabled & _I1_ZYXDA else 0
        if enabled & _I1_WTM:
            int1 |= WATERMARK
        if enabled & _I1_OVERRUN:
            int1 |= FULL  # table 52: OVRN is set when the FIFO is full
        if enabled & 0x40:
            int1 |= MOVED
        return int1, 0, 1 if self._regs[_CTRL_REG6] & _INT_POLARITY else 0

    def motion(self) -> "tuple[Any, ...] | None":
        if not self._regs[_INT1_CFG] & 0x2A:
            return None
        ctrl2 = self._regs[_CTRL_REG2]
        filtered = high_pass(_CORNERS[ctrl2 >> 4 & 3]) if ctrl2 & 0x01 else ABSOLUTE
        step_g = _THRESHOLD_G[self._regs[_CTRL_REG4] >> 4 & 3]
        return filtered, self._regs[_INT1_THS] * step_g, 1, False

    def read_register(self, reg: int) -> int:
        if reg == _INT1_SRC:
            return 0x40 if self.take_motion() else 0
        return super().read_register(reg)

    def status(self) -> int:
        bits = 0x0F if self._fresh else 0
        return bits | 0xF0 if self._lost and self.fifo_mode() == BYPASS else bits

    def fifo_state(self) -> int:
        count = self._fifo.count
        bits = min(count, 31)  # five bits of FSS; the 32nd sample shows in OVRN
        if count >= self.watermark():
            bits |= 0x80
        if count == 32:
            bits |= 0x40
        return bits if count else bits | 0x20

    def convert(self) -> None:
        ctrl4 = self._regs[_CTRL_REG4]
        fine = ctrl4 & _HR
        bits = 8 if self._regs[_CTRL_REG1] & _LPEN else 12 if fine else 10
        bandwidth_hz = self.odr_hz() / (9 if fine else 2)  # table 10
        if self.fifo_mode() != BYPASS:
            bits = min(bits, _FIFO_BITS)
        step_g = _MG_PER_DIGIT[ctrl4 >> 4 & 3] * 1e-3 * (1 << 12 - bits)
        sign = {0x02: 1, 0x04: -1}.get(ctrl4 & 0x06, 0)  # table 39, table 4 note 5
        self.sampler.convert(
            step_g,
            1 << bits - 1,
            1 << 16 - bits,
            _NOISE_G_RTHZ * math.sqrt(bandwidth_hz),
            self.pulled(*[sign * shift for shift in _SELF_TEST_G]),
        )
