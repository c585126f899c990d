"""LIS2DW12, a triaxial accelerometer of 16 g and low noise: ST data sheet DS12141 (of 2024).

The limits of the self-test are those of ST's own example, too (STMems_Standard_C_drivers,
lis2dw12_self_test.c).  Not read in a second source: the corner of the wake-up's filter, which the
data sheet leaves to AN5038 (that it is a high-pass: community.st.com, LIS2DTW12 wake up filter).
"""

from micropython import const

from node.drivers.lis import CTRL1, WHO_AM_I, Lis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HIGH_PERFORMANCE = const(0x04)  # CTRL1, 8.4: D7…D4 rate, D3…D2 mode (table 30)
_CTRL2 = const(0x21)  # 8.5
_BDU = const(0x08)
_IF_ADD_INC = const(0x04)
_CTRL3 = const(0x22)  # 8.6: D7…D6 self-test, D4 latched, D3 active low
_SELF_TEST_POSITIVE = const(0x40)  # table 35
_LIR = const(0x10)
_CTRL4_INT1_PAD_CTRL = const(0x23)  # 8.7
_INT1_FTH = const(0x02)
_INT1_WU = const(0x20)
_CTRL5_INT2_PAD_CTRL = const(0x24)  # 8.8
_CTRL6 = const(0x25)  # 8.9: D7…D6 BW_FILT, 0: ODR/2; D5…D4 range; D3 FDS, 0: low-pass
_LOW_NOISE = const(0x04)
_BW_ODR_20 = const(0xC0)  # table 41: the high-pass begins there
_OUT_X_L = const(0x28)  # 8.12
_FIFO_CTRL = const(0x2E)  # 8.18: D7…D5 mode, D4…D0 threshold
_BYPASS = const(0x00)
_CONTINUOUS = const(0xC0)  # table 55
_FIFO_SAMPLES = const(0x2F)  # 8.19: D7 FIFO_FTH, D6 FIFO_OVR, D5…D0 Diff
_FIFO_OVR = const(0x40)
_DIFF = const(0x3F)
_WAKE_UP_THS = const(0x34)  # 8.24: D5…D0, of the range / 64
_WAKE_UP_DUR = const(0x35)  # 8.25
_WAKE_UP_SRC = const(0x38)  # 8.28: D3 WU_IA
_WU_IA = const(0x08)
_CTRL7 = const(0x3F)  # table 91: D5 INTERRUPTS_ENABLE, user offsets, events; 0: none
_INTERRUPTS_ENABLE = const(0x20)

_BITS = const(14)  # table 30
_MOST_BANDWIDTH_HZ = const(400)  # table 41: at 1600 Hz, too
_MOTION_RATE = const(0b0110)  # 200 Hz


class LIS2DW12(Lis):
    """The chip in high-performance mode with its FIFO streaming: 14 bits, 0.244 to 1.952 mg.

    The widest filter is chosen; it ends at 400 Hz, at 1600 Hz as at 800.  Digits are those of the
    16-bit word: the range is 32768 of them (table 3 has the same, of 14 bits, in three figures).
    Motion: an axis exceeds the threshold, at 200 Hz, from 10 Hz (the high-pass) on.
    """

    chip = "lis2dw12"
    identity = ((WHO_AM_I, 0x44),)  # 8.3
    # 6.2: seven bits of address on SPI; it is IF_ADD_INC that makes them count up
    # Table 29: odr_hz, rate code, and the watermark of ours.  Half the FIFO leaves as much again
    # for being late; at low rates fewer, so that a wait stays short.
    rates = (
        (1600, 0b1001, 16),
        (800, 0b1000, 16),
        (400, 0b0111, 16),
        (200, 0b0110, 16),
        (100, 0b0101, 8),
        (50, 0b0100, 4),
        (25, 0b0011, 2),
        (12.5, 0b0010, 1),
    )
    ranges = ((2, 0b00), (4, 0b01), (8, 0b10), (16, 0b11))  # table 42: range_g, code
    first_data = _OUT_X_L
    kept = (_CTRL4_INT1_PAD_CTRL, _INT1_FTH)
    settling_samples = 3  # table 13: up to two; and one for the FIFO (5.3)
    own_noise_g_rthz = 90e-6  # table 3, low-noise setting, all rates, 2 g
    test_settings = (100, 4)
    test_code = _SELF_TEST_POSITIVE
    test_limits_g = ((0.07, 1.5),) * 3  # table 3
    # 8.24
    motion = tuple([(range_g / 64, 63, code) for range_g, code in ranges])
    motion_least_g = 0.03125

    def _apply(self, rate: "Any", scale: "Any") -> None:
        odr_hz, code, watermark = rate
        range_g, self._range_code = scale
        self._proof = code << 4 | _HIGH_PERFORMANCE
        step = 1 << 16 - _BITS
        bandwidth_hz = min(odr_hz / 2, _MOST_BANDWIDTH_HZ)
        self._scale(odr_hz, range_g, watermark, bandwidth_hz, range_g / 32768, 32768, 32767, step)

    def _begin(self) -> None:
        bus = self._bus
        bus.write(CTRL1, 0)
        bus.write(_CTRL2, _BDU | _IF_ADD_INC)
        bus.write(_CTRL3, self._test)
        bus.write(_CTRL4_INT1_PAD_CTRL, _INT1_FTH)
        bus.write(_CTRL5_INT2_PAD_CTRL, 0)
        bus.write(_CTRL6, self._range_code << 4 | _LOW_NOISE)
        bus.write(_CTRL7, 0)
        bus.write(_FIFO_CTRL, _BYPASS)  # empties it (5.3.1)
        bus.write(_FIFO_CTRL, _CONTINUOUS | self.watermark)
        bus.write(CTRL1, self._proof)

    def entries(self) -> int:
        """Samples that wait in the FIFO, 0 to 32 (more: a broken bus).  Raises OSError."""
        return self._read(_FIFO_SAMPLES) & _DIFF

    def overrun(self) -> bool:
        """Whether samples have been overwritten since the last reading.  Raises OSError."""
        return bool(self._read(_FIFO_SAMPLES) & _FIFO_OVR)

    def _arm(self, steps: int, code: int) -> "tuple[int, int]":
        bus = self._bus
        bus.write(CTRL1, 0)
        bus.write(_CTRL2, _BDU | _IF_ADD_INC)
        bus.write(_CTRL3, _LIR)
        bus.write(_CTRL4_INT1_PAD_CTRL, _INT1_WU)
        bus.write(_CTRL5_INT2_PAD_CTRL, 0)
        bus.write(_CTRL6, _BW_ODR_20 | code << 4 | _LOW_NOISE)
        bus.write(_FIFO_CTRL, _BYPASS)
        bus.write(_WAKE_UP_THS, steps)
        bus.write(_WAKE_UP_DUR, 0)
        bus.write(_CTRL7, _INTERRUPTS_ENABLE)
        bus.write(CTRL1, _MOTION_RATE << 4 | _HIGH_PERFORMANCE)
        return CTRL1, _MOTION_RATE << 4 | _HIGH_PERFORMANCE

    def _take_event(self) -> bool:
        return bool(self._read(_WAKE_UP_SRC) & _WU_IA)
