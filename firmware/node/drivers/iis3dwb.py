"""IIS3DWB, a triaxial vibration sensor of 6.3 kHz bandwidth: ST data sheet DS12569."""

import time
from array import array
from errno import EIO
from math import sqrt

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.shared import choose, stillness, with_rounding
from node.drivers.tagged import check_tags, split_tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
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
_CTRL8_XL = const(0x17)  # filters after the first, 0: none
_FIFO_STATUS1 = const(0x3A)  # DIFF_FIFO_7…0; FIFO_STATUS2 follows
_DIFF_HIGH = const(0x03)  # FIFO_STATUS2, D1…D0: DIFF_FIFO_9…8
_FIFO_OVR_LATCHED = const(0x08)  # since FIFO_STATUS2 was last read
_FIFO_OVR_IA = const(0x40)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_DATA_OUT_TAG = const(0x78)  # six bytes of data follow, then the next word's tag

_WORD_BYTES = const(7)
_DEPTH = const(512)
_ODR_HZ = const(26_667)
_TRIM = 0.0015  # INTERNAL_FREQ_FINE: 0.15 % a step
_RANGES = ((2, 0b00), (4, 0b10), (8, 0b11), (16, 0b01))  # CTRL1_XL: range_g, FS_XL
_NOISE_G_RTHZ = 75e-6  # "Mechanical characteristics", three axes
_BANDWIDTH_HZ = const(6_300)  # table "Mechanical characteristics": flat to here, -3 dB
_MOST_BUS_HZ = const(10_000_000)  # table "SPI slave timing values"

# A word takes 7 bytes of 8 clocks; a third of the bus stays free for questions and for being late.
_BITS_A_SAMPLE = const(84)
_LONGEST_BURST = const(6)  # 1 << 6 words

_TEST_WAIT_US = const(100_000)  # as ST's own example of the self-test waits
_TEST_SAMPLES = const(64)
_TEST_LEAST_G, _TEST_MOST_G = 0.8, 3.2  # "Mechanical characteristics": self-test


class IIS3DWB:
    """The chip with its FIFO streaming at its one rate, all three axes, 0.061 to 0.488 mg a digit.

    SPI only, up to 10 MHz; 2.24 MHz are the least that carry the rate.  Each word of the FIFO has
    a tag that says what it is and counts: a word that is none of a sample is an error of the bus,
    a jump of the counter a loss, which overrun() tells as if the chip had seen it.  The range is
    32768 digits (the data sheet's mg a digit have three figures of that).
    """

    chip = "iis3dwb"
    axes = 3
    fifo_depth = _DEPTH
    settling_us = 10_000
    # 9.6 ms, sixty periods of the filter's corner: the data sheet gives no number of samples.  The
    # settling passes through a record's blocks, of which the shortest has as many.
    settling_samples = 256
    odr_hz = _ODR_HZ
    period_us = 38  # 37.5
    bandwidth_hz = _BANDWIDTH_HZ
    watermark = 128  # 4.8 ms; three times as much is left for being late
    full_scale_digits = 32768
    rail_low, rail_high = -32768, 32767

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does, ValueError
        for a bus that is too fast.
        """
        if bus.rate_hz > _MOST_BUS_HZ:
            raise ValueError("bus.rate_hz", bus.rate_hz, _MOST_BUS_HZ)
        self._bus = bus
        bus.multiple = 0  # "SPI bus interface": seven bits of address; IF_INC makes them count up
        self._one, self._two = bytearray(1), bytearray(2)
        self._raw = bytearray(_WORD_BYTES << _LONGEST_BURST)
        view = memoryview(self._raw)
        # Slicing allocates: one view for bursts of 1, 2, 4 … words, made once.
        self._bursts = [view[: _WORD_BYTES << power] for power in range(_LONGEST_BURST + 1)]
        self._test = 0  # the self-test pulls at the axes
        self._lost = False  # reading the status clears it: what it said is kept here
        self._tag = -1  # the counter of the word read last, -1: not known
        self._prove_identity()
        self._set_range(2)

    def configure(self, odr_hz: float = _ODR_HZ, range_g: int = 16) -> None:
        """Choose the range; start() writes it.  Raises ValueError(key, value, allowed).

        odr_hz: the chip has one rate, and none where the bus cannot carry it.
        """
        carried = self._bus.rate_hz >= _ODR_HZ * _BITS_A_SAMPLE
        choose("odr_hz", odr_hz, ((_ODR_HZ,),) if carried else ())
        self._set_range(range_g)

    def _set_range(self, range_g: int) -> None:
        _, code = choose("range_g", range_g, _RANGES)
        self._ctrl1 = _XL_EN | code << 2
        self.range_g = range_g
        self.g_per_digit = range_g / 32768
        self.noise_g_rthz = with_rounding(_NOISE_G_RTHZ, self.g_per_digit, _ODR_HZ)
        noise_g = _NOISE_G_RTHZ * sqrt(_BANDWIDTH_HZ)
        self.still_samples, self.still_frames = stillness(noise_g / self.g_per_digit)

    def start(self) -> None:
        """Write every register, empty the FIFO and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        bus = self._bus
        bus.write(_CTRL1_XL, 0)
        bus.write(_CTRL3_C, _BDU | _IF_INC)
        bus.write(_CTRL4_C, 0)
        bus.write(_CTRL5_C, self._test)
        bus.write(_CTRL6_C, 0)
        bus.write(_CTRL8_XL, 0)
        bus.write(_INT1_CTRL, _INT1_FIFO_TH)
        bus.write(_INT2_CTRL, 0)
        bus.write(_FIFO_CTRL4, _BYPASS)  # empties it
        bus.write(_FIFO_CTRL1, self.watermark & 0xFF)
        bus.write(_FIFO_CTRL2, self.watermark >> 8)
        bus.write(_FIFO_CTRL3, _BATCH_ALL)
        self._read_status()
        self._lost, self._tag = False, -1
        bus.write(_FIFO_CTRL4, _CONTINUOUS)
        bus.write(_CTRL1_XL, self._ctrl1)

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply it is powered down; an SPI bus without a chip reads 0.
        got = self._read(_CTRL1_XL)
        if got != self._ctrl1:
            raise SensorReset(self.chip, _CTRL1_XL, self._ctrl1, got)

    def stop(self) -> None:
        """Power-down.  Raises OSError."""
        self._bus.write(_CTRL1_XL, 0)

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

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count samples from the FIFO to x, y, z (int16, digits) from index at on.

        count: 0 to 512, and no more than entries().  Raises OSError, EIO where a word is none of a
        sample, or fewer wait than asked for; what the blocks hold is then of no use.
        """
        if not 0 <= count <= _DEPTH or at < 0 or at + count > min(len(x), len(y), len(z)):
            raise ValueError("count", count, _DEPTH)
        bus, raw, power = self._bus, self._raw, _LONGEST_BURST
        while count:
            while 1 << power > count:
                power -= 1
            words = 1 << power
            bus.read_into(_FIFO_DATA_OUT_TAG, self._bursts[power])
            seen = check_tags(raw, words, self._tag)
            if seen < 0:
                raise OSError(EIO)
            if seen > 3:
                self._lost = True
            self._tag = seen & 3
            split_tagged(raw, x, y, z, at, words)
            at += words
            count -= words

    def trimmed_hz(self) -> float:
        """The rate of this very chip as its maker has measured it.  Raises OSError."""
        steps = self._read(_INTERNAL_FREQ_FINE)
        return _ODR_HZ * (1 + _TRIM * ((steps ^ 0x80) - 0x80))

    def self_test(self, clock: "Any" = time) -> "tuple[bool, list[float]]":
        """Pull at the axes from inside the chip: (passed, the change of each axis in g).

        Passed: each change is within 0.8 and 3.2 g.  The machine should stand still.  Takes about
        a quarter of a second and leaves the chip powered down, its settings as they were.
        Raises OSError, DeviceMismatch.
        """
        range_g = self.range_g
        self._set_range(4)
        try:
            rest = self._mean_g(clock)
            self._test = _ST_POSITIVE
            pulled = self._mean_g(clock)
        finally:
            self._test = 0
            self._set_range(range_g)
        changes = [abs(pulled[axis] - rest[axis]) for axis in range(3)]
        passed = min(changes) >= _TEST_LEAST_G and max(changes) <= _TEST_MOST_G
        return passed, changes

    def _mean_g(self, clock: "Any") -> "list[float]":
        self.start()
        clock.sleep_us(_TEST_WAIT_US)  # far longer than the FIFO: it has the newest 19 ms
        self.overrun()
        blocks = [array("h", bytes(2 * _TEST_SAMPLES)) for _ in range(3)]
        self.read_into(blocks[0], blocks[1], blocks[2], 0, _TEST_SAMPLES)
        self.stop()
        return [sum(block) * self.g_per_digit / _TEST_SAMPLES for block in blocks]

    def _read_status(self) -> int:
        """Entries; what the status says of losses is kept."""
        two = self._two
        self._bus.read_into(_FIFO_STATUS1, two)
        if two[1] & (_FIFO_OVR_IA | _FIFO_OVR_LATCHED):
            self._lost = True
        return two[0] | (two[1] & _DIFF_HIGH) << 8

    def _prove_identity(self) -> None:
        got = self._read(_WHO_AM_I)
        if got != _ID:
            raise DeviceMismatch(self.chip, _ID, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]
