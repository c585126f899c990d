"""LIS2DW12, a triaxial accelerometer of 16 g and low noise: ST data sheet DS12141 (of 2024)."""

from micropython import const

from node.drivers.lis import Lis

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.drivers.bus import RegisterBus

_CTRL1 = const(0x20)  # 8.4: D7…D4 rate, D3…D2 mode, D1…D0 low-power mode
_HIGH_PERFORMANCE = const(0x04)  # table 30
_CTRL2 = const(0x21)  # 8.5
_BDU = const(0x08)
_IF_ADD_INC = const(0x04)
_CTRL3 = const(0x22)  # 8.6: D7…D6 self-test, D3 active low
_SELF_TEST_POSITIVE = const(0x40)  # table 35
_CTRL4_INT1_PAD_CTRL = const(0x23)  # 8.7
_INT1_FTH = const(0x02)
_CTRL5_INT2_PAD_CTRL = const(0x24)  # 8.8
_CTRL6 = const(0x25)  # 8.9: D7…D6 BW_FILT, 0: ODR/2; D5…D4 range; D3 FDS, 0: low-pass
_LOW_NOISE = const(0x04)
_OUT_X_L = const(0x28)  # 8.12
_FIFO_CTRL = const(0x2E)  # 8.18: D7…D5 mode, D4…D0 threshold
_BYPASS = const(0x00)
_CONTINUOUS = const(0xC0)  # table 55
_FIFO_SAMPLES = const(0x2F)  # 8.19: D7 FIFO_FTH, D6 FIFO_OVR, D5…D0 Diff
_FIFO_OVR = const(0x40)
_DIFF = const(0x3F)
_CTRL7 = const(0x3F)  # table 91: user offsets, events; 0: none

# Table 29: odr_hz, rate code, and the watermark of ours.  Half the FIFO leaves as much again for
# being late; at low rates fewer, so that a wait stays short.
_RATES = (
    (1600, 0b1001, 16),
    (800, 0b1000, 16),
    (400, 0b0111, 16),
    (200, 0b0110, 16),
    (100, 0b0101, 8),
    (50, 0b0100, 4),
    (25, 0b0011, 2),
    (12.5, 0b0010, 1),
)
_RANGES = ((2, 0b00), (4, 0b01), (8, 0b10), (16, 0b11))  # table 42: range_g, code
_BITS = const(14)  # table 30
_MOST_BANDWIDTH_HZ = const(400)  # table 41: at 1600 Hz, too


class LIS2DW12(Lis):
    """The chip in high-performance mode with its FIFO streaming: 14 bits, 0.244 to 1.952 mg.

    The widest filter is chosen; it ends at 400 Hz, at 1600 Hz as at 800.  Digits are those of the
    16-bit word: the range is 32768 of them (table 3 has the same, of 14 bits, in three figures).
    """

    chip = "lis2dw12"
    ident = 0x44  # 8.3
    first_data = _OUT_X_L
    settling_us = 0  # none given
    settling_samples = 3  # table 13: up to two; and one for the FIFO (5.3)
    own_noise_g_rthz = 90e-6  # table 3, low-noise setting, all rates
    self_test_g = (0.07, 1.5)  # table 3

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        super().__init__(bus)
        bus.multiple = 0  # 6.2: seven bits of address; it is IF_ADD_INC that makes them count up
        self.configure(100, 2)

    def configure(self, odr_hz: float = 1600, range_g: int = 16) -> None:
        """Choose rate and range; start() writes them.  Raises ValueError(key, value, allowed)."""
        rate, scale = self._choose(odr_hz, range_g, _RATES, _RANGES)
        _, code, watermark = rate
        self._ctrl1 = code << 4 | _HIGH_PERFORMANCE
        self._ctrl6 = scale[1] << 4 | _LOW_NOISE
        bandwidth_hz = min(odr_hz / 2, _MOST_BANDWIDTH_HZ)
        self._set(odr_hz, range_g, watermark, range_g / 32768, _BITS, bandwidth_hz)

    def start(self) -> None:
        """Write every register, empty the FIFO and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        bus = self._bus
        bus.write(_CTRL1, 0)
        bus.write(_CTRL2, _BDU | _IF_ADD_INC)
        bus.write(_CTRL3, _SELF_TEST_POSITIVE if self._test else 0)
        bus.write(_CTRL4_INT1_PAD_CTRL, _INT1_FTH)
        bus.write(_CTRL5_INT2_PAD_CTRL, 0)
        bus.write(_CTRL6, self._ctrl6)
        bus.write(_CTRL7, 0)
        bus.write(_FIFO_CTRL, _BYPASS)  # empties it (5.3.1)
        bus.write(_FIFO_CTRL, _CONTINUOUS | self.watermark)
        bus.write(_CTRL1, self._ctrl1)

    def entries(self) -> int:
        """Samples that wait in the FIFO, 0 to 32 (more: a broken bus).  Raises OSError."""
        return self._read(_FIFO_SAMPLES) & _DIFF

    def overrun(self) -> bool:
        """Whether samples have been overwritten since the last reading.  Raises OSError."""
        return bool(self._read(_FIFO_SAMPLES) & _FIFO_OVR)
