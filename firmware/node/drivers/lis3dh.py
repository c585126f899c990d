"""LIS3DH, a triaxial accelerometer of 16 g: ST data sheet DocID17530, rev. 2 (December 2016).

Not read in a second source: the noise, and where the high-pass for motion begins (AN3308: ODR/50).
"""

from micropython import const

from node.drivers.lis import CTRL1, WHO_AM_I, Lis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LPEN = const(0x08)  # CTRL_REG1, 8.8: D7…D4 rate, D3 LPen, D2…D0 Zen, Yen, Xen
_XYZ = const(0x07)
_CTRL_REG2 = const(0x21)  # 8.9: high-pass filter, 0: bypassed; D0 HP_IA1: for the engine of INT1
_HP_IA1 = const(0x01)
_CTRL_REG3 = const(0x22)  # 8.10: what drives INT1
_I1_WTM = const(0x04)
_I1_IA1 = const(0x40)
_CTRL_REG4 = const(0x23)  # 8.11: D7 BDU, D5…D4 range, D3 HR, D2…D1 ST
_BDU = const(0x80)
_SELF_TEST_0 = const(0x02)  # table 39
_CTRL_REG5 = const(0x24)  # 8.12: D6 FIFO_EN, D3 LIR_INT1: latched
_FIFO_EN = const(0x40)
_LIR_INT1 = const(0x08)
_CTRL_REG6 = const(0x25)  # 8.13: INT2, polarity, 0: active high
_OUT_X_L = const(0x28)  # 8.16
_COUNT_UP = const(0x80)  # 6.1.1: of an I2C address; the same bit is "read" on SPI (6.2)
_FIFO_CTRL_REG = const(0x2E)  # 8.19: D7…D6 mode, D4…D0 FTH
_BYPASS = const(0x00)
_STREAM = const(0x80)
_FIFO_SRC_REG = const(0x2F)  # 8.20: D7 WTM, D6 OVRN, D5 EMPTY, D4…D0 FSS
_OVRN = const(0x40)
_FSS = const(0x1F)
_INT1_CFG = const(0x30)  # 8.21
_ANY_AXIS_HIGH = const(0x2A)  # or: XHIE, YHIE, ZHIE
_INT1_SRC = const(0x31)  # 8.22: D6 IA; reading it ends the latch
_IA = const(0x40)
_INT1_THS = const(0x32)  # 8.23
_INT1_DURATION = const(0x33)  # 8.24
_MOTION_RATE = const(0b0111)  # 400 Hz


class LIS3DH(Lis):
    """The chip with its FIFO streaming, in normal mode: 10 bits, 4 to 48 mg by range.

    High resolution would give nothing but a narrow band: the FIFO keeps 10 bits (3.6), and the
    bandwidth is ODR/9 then, not ODR/2 (table 10).  Above 1344 Hz there is low-power mode only,
    8 bits, 16 to 192 mg.  Digits are those of the 16-bit word: 0.0625 mg in the range of 2 g.
    Motion: an axis exceeds the threshold, at 400 Hz, from 8 Hz (the high-pass) on.
    """

    chip = "lis3dh"
    identity = ((WHO_AM_I, 0x33),)  # 8.5
    multiple = 0x40  # 6.2: MS
    # Table 31: odr_hz, rate code, bits, and the watermark of ours.  Half the FIFO leaves as much
    # again for being late; at low rates fewer, so that a wait stays short.  The rates of 8 bits
    # are those of low-power mode alone, the others are in normal mode.
    rates = (
        (5376, 0b1001, 8, 16),
        (1600, 0b1000, 8, 16),
        (1344, 0b1001, 10, 16),
        (400, 0b0111, 10, 16),
        (200, 0b0110, 10, 16),
        (100, 0b0101, 10, 8),
        (50, 0b0100, 10, 4),
        (25, 0b0011, 10, 2),
        (10, 0b0010, 10, 1),
        (1, 0b0001, 10, 1),
    )
    # Tables 38 and 4: range_g, code, mg a digit of 12 bits (four times that with 10, 16 with 8)
    ranges = ((2, 0b00, 1), (4, 0b01, 2), (8, 0b10, 4), (16, 0b11, 12))
    first_data = _OUT_X_L | _COUNT_UP
    kept = (_CTRL_REG3, _I1_WTM)
    settling_us = 1_600  # table 10: turn-on time of normal mode, the longer
    settling_samples = 2  # table 4, note 7
    own_noise_g_rthz = 220e-6  # table 4
    test_settings = (100, 2)
    test_code = _SELF_TEST_0
    test_limits_g = ((0.068, 1.44),) * 3  # table 4: 17 to 360 digits of 4 mg
    motion = (
        (0.016, 127, 0b00),
        (0.032, 127, 0b01),
        (0.062, 127, 0b10),
        (0.186, 86, 0b11),
    )  # 8.23
    motion_least_g = 0.022

    def _apply(self, rate: "Any", scale: "Any") -> None:
        odr_hz, code, bits, watermark = rate
        range_g, self._range_code, mg = scale
        self._proof = code << 4 | (_LPEN | _XYZ if bits == 8 else _XYZ)
        g_per_digit = mg / 16000
        full = round(range_g / g_per_digit)
        # Table 10: half the rate
        step = 1 << 16 - bits
        self._scale(odr_hz, range_g, watermark, odr_hz / 2, g_per_digit, full, 32767, step)

    def _begin(self) -> None:
        bus = self._bus
        bus.write(CTRL1, 0)
        bus.write(_CTRL_REG2, 0)
        bus.write(_CTRL_REG3, _I1_WTM)
        bus.write(_CTRL_REG4, _BDU | self._range_code << 4 | self._test)
        bus.write(_CTRL_REG5, _FIFO_EN)
        bus.write(_CTRL_REG6, 0)
        bus.write(_FIFO_CTRL_REG, _BYPASS)  # the only way to empty it (5.1.1)
        bus.write(_FIFO_CTRL_REG, _STREAM | self.watermark - 1)  # WTM: more than FTH (table 52)
        bus.write(CTRL1, self._proof)

    def entries(self) -> int:
        """Samples that wait in the FIFO, 0 to 32.  Raises OSError."""
        state = self._read(_FIFO_SRC_REG)
        return (state & _FSS) + 1 if state & _OVRN else state & _FSS  # FSS ends at 31

    def overrun(self) -> bool:
        """Whether the FIFO is full: samples may be lost.  Reading samples clears it.

        Raises OSError.
        """
        return bool(self._read(_FIFO_SRC_REG) & _OVRN)

    def _arm(self, steps: int, code: int) -> "tuple[int, int]":
        bus = self._bus
        bus.write(CTRL1, 0)
        bus.write(_CTRL_REG2, _HP_IA1)
        bus.write(_CTRL_REG3, _I1_IA1)
        bus.write(_CTRL_REG4, _BDU | code << 4)
        bus.write(_CTRL_REG5, _LIR_INT1)
        bus.write(_CTRL_REG6, 0)
        bus.write(_FIFO_CTRL_REG, _BYPASS)
        bus.write(_INT1_THS, steps)
        bus.write(_INT1_DURATION, 0)
        bus.write(CTRL1, _MOTION_RATE << 4 | _XYZ)
        bus.write(_INT1_CFG, _ANY_AXIS_HIGH)
        return CTRL1, _MOTION_RATE << 4 | _XYZ

    def _take_event(self) -> bool:
        return bool(self._read(_INT1_SRC) & _IA)
