"""KX134-1211, a triaxial accelerometer of 64 g and 25.6 kHz: Kionix.

Sources: KX134-1211 Technical Reference Manual, rev. 1.0 (31-Jul-2019), by its registers' names;
KX134-1211 Specifications, rev. 1.0.
"""

from math import sqrt

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.kernels import split_axes
from node.drivers.shared import choose, stillness, with_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from node.drivers.bus import RegisterBus

# Manual, ch. 1 "Embedded Registers"
_WHO_AM_I = const(0x13)
_ID = const(0x46)
_INS2 = const(0x17)
_BFI = const(0x40)  # buffer full, until a sample has been read
_INT_REL = const(0x1A)  # reading it releases the latched line
_CNTL1 = const(0x1B)  # can be changed in standby only, like most of what follows
_PC1 = const(0x80)  # operating
_RES = const(0x40)  # high performance
_GSEL = const(3)  # D4…D3
_ODCNTL = const(0x21)  # D7 IIR_BYPASS, D6 LPRO, D5 FSTUP, D3…D0 OSA
_LPRO = const(0x40)  # the low-pass filter ends at ODR/2, not ODR/9
_INC1 = const(0x22)
_IEN1_HIGH = const(0x30)  # IEN1: enabled, IEA1: active high, IEL1 0: latched
_INC4 = const(0x25)
_WMI1 = const(0x20)
_INC5 = const(0x26)  # the other line
_INC6 = const(0x27)
_SELF_TEST = const(0x5D)
_BUF_CNTL1 = const(0x5E)  # SMP_TH
_BUF_CNTL2 = const(0x5F)
_STREAM = const(0xE1)  # BUFE, BRES: 16 bits, BFIE, D1…D0 BM: stream
_BUF_STATUS_1 = const(0x60)  # SMP_LEV7…0, in bytes; D1…D0 of the next: SMP_LEV9…8
_BUF_CLEAR = const(0x62)
_BUF_READ = const(0x63)
_ADP_CNTL2 = const(0x65)  # D7 ADP_BUF_SEL, 0: the buffer takes what the accelerometer gives
_ADP_RESET = const(0x02)
_FRAME_BYTES = const(6)
_DEPTH = const(86)  # BUF_CNTL1: of 16 bits

# ODCNTL: odr_hz, OSA, and the watermark of ours.  Less than half the buffer leaves 54 samples for
# being late, and a power of two is read in few bursts; at low rates fewer, so that a wait stays
# short.
_RATES = (
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
_RANGES = ((8, 0b00), (16, 0b01), (32, 0b10), (64, 0b11))  # CNTL1: range_g, GSEL
_RAIL = const(32768)  # 1.5, table 2: the range
_NOISE_G_RTHZ = 300e-6  # Specifications, table 1

# A sample takes 6 bytes of 9 clocks on I2C, 8 on SPI, and half of the bus stays free for questions
# and for being late.
_BITS_A_SAMPLE = const(108)
_LONGEST_BURST = const(6)  # 1 << 6 samples


class KX134:
    """The chip in high performance with its buffer streaming, all of 16 bits.

    A digit is 0.244, 0.488, 0.977 or 1.95 mg.  The buffer has no flag for samples lost: full is
    taken for lost.  The line of the watermark is latched: it falls when INT_REL is read after the
    buffer.
    """

    chip = "kx134"
    axes = 3
    fifo_depth = _DEPTH
    # The start-up time is given by rate only; capture's patience is longer.  But so long it waits
    # for the line before it polls, and with a broken wire the buffer must not run full.
    settling_us = 1_000
    # A second-order filter at half the rate has settled within some samples.
    settling_samples = 8

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        self._bus = bus
        bus.multiple = 0  # SPI: the read bit and seven of address, which count up by themselves
        self._one, self._level = bytearray(1), bytearray(2)
        self._raw = bytearray(_FRAME_BYTES << _LONGEST_BURST)
        view = memoryview(self._raw)
        # Slicing allocates: one view for bursts of 1, 2, 4 … samples, made once.
        self._bursts = [view[: _FRAME_BYTES << power] for power in range(_LONGEST_BURST + 1)]
        self._prove_identity()
        self.configure(50, 8)

    def configure(self, odr_hz: float = 3200, range_g: int = 16) -> None:
        """Choose rate and range; start() writes them.  Raises ValueError(key, value, allowed)."""
        rates = [row for row in _RATES if row[0] * _BITS_A_SAMPLE <= self._bus.rate_hz]
        _, self._rate_code, self.watermark = choose("odr_hz", odr_hz, rates)
        _, code = choose("range_g", range_g, _RANGES)
        self._cntl1 = _PC1 | _RES | code << _GSEL
        self.odr_hz, self.range_g = odr_hz, range_g
        self.period_us = int(1_000_000 / odr_hz)
        self.g_per_digit = range_g / _RAIL
        self.bandwidth_hz = odr_hz / 2  # ODCNTL, LPRO
        self.full_scale_digits = _RAIL
        self.rail_low, self.rail_high = -_RAIL, _RAIL - 1
        noise_g = _NOISE_G_RTHZ * sqrt(self.bandwidth_hz)
        self.still_samples, self.still_frames = stillness(noise_g / self.g_per_digit)
        self.noise_g_rthz = with_rounding(_NOISE_G_RTHZ, self.g_per_digit, odr_hz)

    def start(self) -> None:
        """Write every register, empty the buffer and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        bus = self._bus
        bus.write(_CNTL1, 0)
        bus.write(_ODCNTL, _LPRO | self._rate_code)
        bus.write(_INC1, _IEN1_HIGH)
        bus.write(_INC4, _WMI1)
        bus.write(_INC5, 0)
        bus.write(_INC6, 0)
        bus.write(_SELF_TEST, 0)
        bus.write(_ADP_CNTL2, _ADP_RESET)
        bus.write(_BUF_CNTL1, self.watermark)
        bus.write(_BUF_CNTL2, _STREAM)
        bus.write(_BUF_CLEAR, 0)
        self._read(_INT_REL)
        bus.write(_CNTL1, self._cntl1)

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply it is in standby, CNTL1 is 0.
        got = self._read(_CNTL1)
        if got != self._cntl1:
            raise SensorReset(self.chip, _CNTL1, self._cntl1, got)

    def stop(self) -> None:
        """Standby.  Raises OSError."""
        self._bus.write(_CNTL1, 0)

    def entries(self) -> int:
        """Samples of all three axes that wait, 0 to 86 (more: a broken bus).  Raises OSError."""
        level = self._level
        self._bus.read_into(_BUF_STATUS_1, level)
        return (level[0] | (level[1] & 3) << 8) // _FRAME_BYTES

    def overrun(self) -> bool:
        """Whether the buffer is full: samples may be lost.  Reading samples clears it.

        Raises OSError.
        """
        return bool(self._read(_INS2) & _BFI)

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count samples from the buffer to x, y, z (int16, digits) from index at on.

        count: 0 to 86, and no more than entries().  Raises OSError; what the blocks hold is then
        of no use.
        """
        if not 0 <= count <= _DEPTH or at < 0 or at + count > min(len(x), len(y), len(z)):
            raise ValueError("count", count, _DEPTH)
        if not count:
            return
        power = _LONGEST_BURST
        while count:
            while 1 << power > count:
                power -= 1
            self._bus.read_into(_BUF_READ, self._bursts[power])
            split_axes(self._raw, x, y, z, at, 1 << power)
            at += 1 << power
            count -= 1 << power
        self._read(_INT_REL)

    def _prove_identity(self) -> None:
        got = self._read(_WHO_AM_I)
        if got != _ID:
            raise DeviceMismatch(self.chip, _ID, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]
