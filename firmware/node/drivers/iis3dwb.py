"""IIS3DWB, a triaxial vibration sensor of 6.3 kHz bandwidth: ST data sheet DS12569.

A register's description is headed by its name.  Registers, bits, scales and the limits of the
self-test are those of ST's own driver and example too (iis3dwb-pid; STMems_Standard_C_drivers,
iis3dwb_self_test.c), the trim of 0.15 % a step that of iis3dwb_odr_cal_reg_get() there; 10 MHz,
512 words and the steps of the threshold are those of Tlera's driver (kriswiner/IIS3DWB).  The
data sheet gives no time to settle: 10 ms are ours, and more than the filter needs.
"""

from errno import EIO

from micropython import const

from node.drivers.accelerometer import Accelerometer
from node.drivers.tagged import check_tags, split_tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from node.drivers.bus import RegisterBus

# DS12569, "Register mapping"; each has its description there, by its name
_FIFO_CTRL1 = const(0x07)  # WTM7…WTM0
_FIFO_CTRL2 = const(0x08)  # D7 STOP_ON_WTM, D0 WTM8
_FIFO_CTRL3 = const(0x09)  # D3…D0 BDR_XL
_BATCH_ALL = const(0b1010)  # 26 667 Hz
_FIFO_CTRL4 = const(0x0A)  # D7…D4 temperature and timestamp, 0: none; D2…D0 FIFO_MODE
_BYPASS = const(0b000)
_CONTINUOUS = const(0b110)
_INT1_CTRL = const(0x0D)
_INT1_FIFO_TH = const(0x08)
_INT2_CTRL = const(0x0E)
_WHO_AM_I = const(0x0F)
_ID = const(0x7B)
_CTRL1_XL = const(0x10)  # D7…D5 XL_EN, D3…D2 FS_XL, D1 LPF2_XL_EN
_XL_EN = const(0b101 << 5)
_CTRL3_C = const(0x12)  # D6 BDU, D5 H_LACTIVE, D2 IF_INC, D0 SW_RESET
_BDU = const(0x40)
_IF_INC = const(0x04)
_CTRL4_C = const(0x13)  # D0 one axis to all registers
_CTRL5_C = const(0x14)  # D1…D0 ST_XL
_ST_POSITIVE = const(0b01)
_CTRL6_C = const(0x15)  # D1…D0 XL_AXIS_SEL, 0: all three
_CTRL8_XL = const(0x17)  # D7…D5 HPCF_XL; filters after the first, 0: none
_HP_ODR_800 = const(0b111 << 5)
_WAKE_UP_SRC = const(0x1B)  # D3 WU_IA
_WU_IA = const(0x08)
_FIFO_STATUS1 = const(0x3A)  # DIFF_FIFO_7…0; FIFO_STATUS2 follows
_DIFF_HIGH = const(0x03)  # FIFO_STATUS2, D1…D0: DIFF_FIFO_9…8
_FIFO_OVR_LATCHED = const(0x08)  # since FIFO_STATUS2 was last read
_FIFO_OVR_IA = const(0x40)
_SLOPE_EN = const(0x56)  # D4 SLOPE_FDS: high-pass, not slope; D0 LIR: latched until read
_HIGH_PASS_LATCHED = const(0x11)
_INTERRUPTS_EN = const(0x58)  # D7
_ENABLE = const(0x80)
_WAKE_UP_THS = const(0x5B)  # D5…D0, of FS_XL / 64 where WAKE_UP_DUR D4 is 0
_WAKE_UP_DUR = const(0x5C)
_MD1_CFG = const(0x5E)  # D5 INT1_WU
_INT1_WU = const(0x20)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT_TAG = const(0x78)  # six bytes of data follow, then the next word's tag

_ODR_HZ = const(26_667)  # CTRL1_XL
_TRIM = 0.0015  # INTERNAL_FREQ_FINE: 0.15 % a step
_BANDWIDTH_HZ = const(6_300)  # table "Mechanical characteristics": flat to here, -3 dB


class IIS3DWB(Accelerometer):
    """The chip with its FIFO streaming at its one rate, all three axes, 0.061 to 0.488 mg a digit.

    SPI only, up to 10 MHz; 2.24 MHz are the least that carry the rate.  Each word of the FIFO has
    a tag that says what it is and counts: a word that is none of a sample is an error of the bus,
    a jump of the counter a loss, which overrun() tells as if the chip had seen it.  The range is
    32768 digits (the data sheet's mg a digit have three figures of that).
    Motion: an axis exceeds the threshold, from 33 Hz (the high-pass) on.
    """

    chip = "iis3dwb"
    identity = ((_WHO_AM_I, _ID),)
    most_hz = {"spi": 10_000_000}  # table "SPI slave timing values"
    defaults = (_ODR_HZ, 2)
    rates = ((_ODR_HZ,),)  # CTRL1_XL
    ranges = ((2, 0b00), (4, 0b10), (8, 0b11), (16, 0b01))  # CTRL1_XL: range_g, FS_XL
    # A word takes 7 bytes of 8 clocks; a third of the bus stays free for questions and for being
    # late.
    bits_a_sample = 84
    frame_bytes = 7
    longest_burst = 6
    fifo_depth = 512  # FIFO_STATUS2: DIFF_FIFO
    own_noise_g_rthz = 75e-6  # "Mechanical characteristics", three axes
    # 10 ms, sixty periods of the filter's corner ("Mechanical characteristics", 6.3 kHz): the data
    # sheet gives no time and no number of samples.  The settling passes through a record's blocks,
    # of which the shortest has as many.
    settling_us = 10_000
    settling_samples = 256  # as many: 26 667 Hz, CTRL1_XL
    proof_reg = _CTRL1_XL
    off = (_CTRL1_XL, 0)
    kept = (_INT1_CTRL, _INT1_FIFO_TH)
    test_settings = (_ODR_HZ, 4)
    test_code = _ST_POSITIVE
    test_limits_g = ((0.8, 3.2),) * 3  # "Mechanical characteristics": self-test
    # WAKE_UP_THS
    motion = tuple([(range_g / 64, 63, code) for range_g, code in ranges])
    motion_least_g = 0.045

    def __init__(self, bus: "RegisterBus") -> None:
        self._lost = False  # reading the status clears it: what it said is kept here
        self._tag = -1  # the counter of the word read last, -1: not known
        super().__init__(bus)

    def _apply(self, _rate: "Any", scale: "Any") -> None:
        range_g, code = scale
        self._proof = _XL_EN | code << 2
        # The watermark is 4.8 ms; three times as much is left for being late.
        self._scale(_ODR_HZ, range_g, 128, _BANDWIDTH_HZ, range_g / 32768, 32768, 32767)
        self.period_us = 38  # 37.5

    def _begin(self) -> None:
        bus = self._bus
        bus.write(_CTRL1_XL, 0)
        bus.write(_CTRL3_C, _BDU | _IF_INC)
        bus.write(_CTRL4_C, 0)
        bus.write(_CTRL5_C, self._test)
        bus.write(_CTRL6_C, 0)
        bus.write(_CTRL8_XL, 0)
        bus.write(_INTERRUPTS_EN, 0)
        bus.write(_MD1_CFG, 0)
        bus.write(_INT1_CTRL, _INT1_FIFO_TH)
        bus.write(_INT2_CTRL, 0)
        bus.write(_FIFO_CTRL4, _BYPASS)  # empties it
        bus.write(_FIFO_CTRL1, self.watermark & 0xFF)
        bus.write(_FIFO_CTRL2, self.watermark >> 8)
        bus.write(_FIFO_CTRL3, _BATCH_ALL)
        self._read_status()
        self._lost, self._tag = False, -1
        bus.write(_FIFO_CTRL4, _CONTINUOUS)
        bus.write(_CTRL1_XL, self._proof)

    def entries(self) -> int:
        """Samples that wait in the FIFO, 0 to 512 (more: a broken bus).  Raises OSError."""
        return self._read_status()

    def overrun(self) -> bool:
        """Whether samples were lost since this was last asked.  Raises OSError."""
        self._read_status()
        lost = self._lost
        if lost:
            self._lost, self._tag = False, -1
        return lost

    def _fetch(
        self, power: int, x: "array[int]", y: "array[int]", z: "array[int]", at: int
    ) -> None:
        """Raises OSError, EIO where a word is none of a sample, or fewer wait than asked for."""
        raw, words = self._raw, 1 << power
        self._bus.read_into(_FIFO_DATA_OUT_TAG, self._bursts[power])
        seen = check_tags(raw, words, self._tag)
        if seen < 0:
            raise OSError(EIO)
        if seen > 3:
            self._lost = True
        self._tag = seen & 3
        split_tagged(raw, x, y, z, at, words)

    def trimmed_hz(self) -> float:
        """The rate of this very chip as its maker has measured it.  Raises OSError."""
        steps = self._read(_INTERNAL_FREQ_FINE)
        return _ODR_HZ * (1 + _TRIM * ((steps ^ 0x80) - 0x80))

    def _arm(self, steps: int, code: int) -> "tuple[int, int]":
        bus = self._bus
        bus.write(_CTRL1_XL, 0)
        bus.write(_CTRL3_C, _BDU | _IF_INC)
        bus.write(_CTRL4_C, 0)
        bus.write(_CTRL5_C, 0)
        bus.write(_CTRL6_C, 0)
        bus.write(_CTRL8_XL, _HP_ODR_800)
        bus.write(_FIFO_CTRL4, _BYPASS)
        bus.write(_INT1_CTRL, 0)
        bus.write(_INT2_CTRL, 0)
        bus.write(_SLOPE_EN, _HIGH_PASS_LATCHED)
        bus.write(_WAKE_UP_THS, steps)
        bus.write(_WAKE_UP_DUR, 0)
        bus.write(_MD1_CFG, _INT1_WU)
        bus.write(_INTERRUPTS_EN, _ENABLE)
        bus.write(_CTRL1_XL, _XL_EN | code << 2)
        return _CTRL1_XL, _XL_EN | code << 2

    def _take_event(self) -> bool:
        return bool(self._read(_WAKE_UP_SRC) & _WU_IA)

    def _read_status(self) -> int:
        """Entries; what the status says of losses is kept."""
        two = self._two
        self._bus.read_into(_FIFO_STATUS1, two)
        if two[1] & (_FIFO_OVR_IA | _FIFO_OVR_LATCHED):
            self._lost = True
        return two[0] | (two[1] & _DIFF_HIGH) << 8
