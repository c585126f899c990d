"""KX134-1211, a triaxial accelerometer of 64 g and 25.6 kHz: Kionix.

Sources: KX134-1211 Technical Reference Manual, rev. 1.0 (31-Jul-2019), whose chapters are headed
by their registers' names; KX134-1211 Specifications, rev. 1.0.  Registers and bits are those of
SparkFun's KX13X library too.  The Specifications give the self-test's change as typical only:
half of it is allowed for.  Not read in a second source: the noise, and 15.6 mg a step of the
wake-up threshold, which the manual of the KX132 (2.2, equation 6) has as 3.9 mg at a quarter of
the range.
"""

from micropython import const

from node.drivers.accelerometer import Accelerometer
from node.drivers.kernels import split_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from node.drivers.bus import RegisterBus

# Manual, ch. 1 "Embedded Registers"
_WHO_AM_I = const(0x13)
_ID = const(0x46)
_INS3 = const(0x18)
_WUFS = const(0x80)  # wake-up, until INT_REL is read
_INT_REL = const(0x1A)  # reading it releases the latched line
_CNTL1 = const(0x1B)  # can be changed in standby only, like most of what follows
_PC1 = const(0x80)  # operating
_RES = const(0x40)  # high performance
_GSEL = const(3)  # D4…D3
_CNTL3 = const(0x1D)  # D2…D0 OWUF: the rate of the wake-up engine
_OWUF_100_HZ = const(0b111)
_CNTL4 = const(0x1E)  # D6 TH_MODE: relative; D5 WUFE
_RELATIVE = const(0x40)  # as after power-on
_WUFE = const(0x20)
_ODCNTL = const(0x21)  # D7 IIR_BYPASS, D6 LPRO, D5 FSTUP, D3…D0 OSA
_LPRO = const(0x40)  # the low-pass filter ends at ODR/2, not ODR/9
_OSA_400_HZ = const(0b1001)
_INC1 = const(0x22)
_IEN1_HIGH = const(0x30)  # IEN1: enabled, IEA1: active high, IEL1 0: latched
_INC2 = const(0x23)
_ANY_AXIS = const(0x3F)
_INC4 = const(0x25)
_WMI1 = const(0x20)
_WUFI1 = const(0x02)
_INC5 = const(0x26)  # the other line
_INC6 = const(0x27)
_WUFTH = const(0x49)  # bits 7 to 0; BTSWUFTH, which follows, has bits 10 to 8 in D2…D0
_WUFC = const(0x4D)  # samples above the threshold in a row
_SELF_TEST = const(0x5D)
_TEST = const(0xCA)
_BUF_CNTL1 = const(0x5E)  # SMP_TH
_BUF_CNTL2 = const(0x5F)
_STREAM = const(0xE1)  # BUFE, BRES: 16 bits, BFIE, D1…D0 BM: stream
_BUF_STATUS_1 = const(0x60)  # SMP_LEV7…0, in bytes; D1…D0 of the next: SMP_LEV9…8
_BUF_CLEAR = const(0x62)
_BUF_READ = const(0x63)
_ADP_CNTL2 = const(0x65)  # D7 ADP_BUF_SEL, 0: the buffer takes what the accelerometer gives
_ADP_RESET = const(0x02)
_FRAME_BYTES = const(6)
_GRAIN = const(16)  # ours
_RAIL = const(32768)  # 1.5, table 2: the range


class KX134(Accelerometer):
    """The chip in high performance with its buffer streaming, all of 16 bits.

    A digit is 0.244, 0.488, 0.977 or 1.95 mg.  The buffer has no flag for samples lost: full is
    taken for lost.  The line of the watermark is latched: it falls when INT_REL is read after the
    buffer.
    Motion: an axis differs by the threshold from what it was 10 ms before.
    """

    chip = "kx134"
    identity = ((_WHO_AM_I, _ID),)
    most_hz = {"i2c": 400_000, "spi": 10_000_000}  # Specifications, "Electrical"
    defaults = (50, 8)
    # ODCNTL: odr_hz, OSA, and the watermark of ours.  Less than half the buffer leaves 54 samples
    # for being late, and a power of two is read in few bursts; at low rates fewer, so that a wait
    # stays short.
    rates = (
        (25600, 0b1111, 32),
        (12800, 0b1110, 32),
        (6400, 0b1101, 32),
        (3200, 0b1100, 32),
        (1600, 0b1011, 32),
        (800, 0b1010, 32),
        (400, 0b1001, 16),
        (200, 0b1000, 16),
        (100, 0b0111, 8),
        (50, 0b0110, 4),
        (25, 0b0101, 2),
        (12.5, 0b0100, 1),
        (6.25, 0b0011, 1),
        (3.125, 0b0010, 1),
        (1.563, 0b0001, 1),
        (0.781, 0b0000, 1),
    )
    ranges = ((8, 0b00), (16, 0b01), (32, 0b10), (64, 0b11))  # CNTL1: range_g, GSEL
    # A sample takes 6 bytes of 9 clocks on I2C, 8 on SPI, and half of the bus stays free for
    # questions and for being late.
    bits_a_sample = 108
    longest_burst = 6
    fifo_depth = 86  # BUF_CNTL1: of 16 bits
    own_noise_g_rthz = 300e-6  # Specifications, table 1
    # The start-up time is given by rate only (Specifications, "Electrical"); capture's patience is
    # longer.  But so long it waits for the line before it polls, and with a broken wire the buffer
    # must not run full.
    settling_us = 1_000
    # A second-order filter at half the rate (ODCNTL) has settled within some samples.
    settling_samples = 8
    proof_reg = _CNTL1
    off = (_CNTL1, 0)
    kept = (_INC4, _WMI1)
    test_settings = (400, 8)
    test_code = _TEST
    # Specifications, table 1: 0.5 g is typical, without limits; half and half more
    test_limits_g = ((0.25, 0.75),) * 3
    motion = ((1 / 64, 2047, 0),)  # 2.2, equation 6
    motion_least_g = 0.045
    motion_settle_us = 50_000

    def __init__(self, bus: "RegisterBus") -> None:
        self._level = -1  # as entries() has just found it, -1: not known
        super().__init__(bus)

    def _apply(self, rate: "Any", scale: "Any") -> None:
        odr_hz, self._rate_code, watermark = rate
        # A burst takes an RP2040 some 200 us, in which five samples come at 25.6 kHz.
        self.grain = _GRAIN if watermark > _GRAIN else 1
        range_g, code = scale
        self._proof = _PC1 | _RES | code << _GSEL
        # ODCNTL, LPRO: half the rate
        self._scale(odr_hz, range_g, watermark, odr_hz / 2, range_g / _RAIL, _RAIL, _RAIL - 1)

    def _begin(self) -> None:
        bus = self._bus
        bus.write(_CNTL1, 0)
        bus.write(_CNTL4, _RELATIVE)
        bus.write(_ODCNTL, _LPRO | self._rate_code)
        bus.write(_INC1, _IEN1_HIGH)
        bus.write(_INC4, _WMI1)
        bus.write(_INC5, 0)
        bus.write(_INC6, 0)
        bus.write(_SELF_TEST, self._test)
        bus.write(_ADP_CNTL2, _ADP_RESET)
        bus.write(_BUF_CNTL1, self.watermark)
        bus.write(_BUF_CNTL2, _STREAM)
        bus.write(_BUF_CLEAR, 0)
        self._read(_INT_REL)
        bus.write(_CNTL1, self._proof)

    def entries(self) -> int:
        """Samples of all three axes that wait, 0 to 86 (more: a broken bus).  Raises OSError."""
        two = self._two
        self._bus.read_into(_BUF_STATUS_1, two)
        self._level = (two[0] | (two[1] & 3) << 8) // _FRAME_BYTES
        return self._level

    def overrun(self) -> bool:
        """Whether the buffer is full: samples may be lost.  Reading samples clears it.

        Right after entries() it is known, and asks nothing of the bus.
        Raises OSError.
        """
        level = self._level if self._level >= 0 else self.entries()
        self._level = -1
        return level >= self.fifo_depth

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """As every driver's, and the line of the watermark falls, where somebody looks at it."""
        self._level = -1
        Accelerometer.read_into(self, x, y, z, at, count)  # super() would allocate
        if count and self.line_used:
            self._read(_INT_REL)

    def _fetch(
        self, power: int, x: "array[int]", y: "array[int]", z: "array[int]", at: int
    ) -> None:
        self._bus.read_into(_BUF_READ, self._bursts[power])
        split_axes(self._raw, x, y, z, at, 1 << power)

    def _arm(self, steps: int, _code: int) -> "tuple[int, int]":
        bus = self._bus
        bus.write(_CNTL1, 0)
        bus.write(_CNTL3, _OWUF_100_HZ)
        bus.write(_CNTL4, _RELATIVE | _WUFE)
        bus.write(_ODCNTL, _LPRO | _OSA_400_HZ)
        bus.write(_INC1, _IEN1_HIGH)
        bus.write(_INC2, _ANY_AXIS)
        bus.write(_INC4, _WUFI1)
        bus.write(_INC5, 0)
        bus.write(_INC6, 0)
        bus.write(_WUFTH, steps & 0xFF)
        bus.write(_WUFTH + 1, steps >> 8)
        bus.write(_WUFC, 1)
        bus.write(_SELF_TEST, 0)
        bus.write(_ADP_CNTL2, _ADP_RESET)
        self._read(_INT_REL)
        bus.write(_CNTL1, _PC1 | _RES)
        return _CNTL1, _PC1 | _RES

    def _take_event(self) -> bool:
        moved = bool(self._read(_INS3) & _WUFS)
        if moved:
            self._read(_INT_REL)
        return moved
