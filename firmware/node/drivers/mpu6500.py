"""The accelerometers of InvenSense's MPU-6500 and MPU-6050, their gyroscopes asleep.

Sources: register maps RM-MPU-6500A-00 rev. 2.1 and RM-MPU-6000A-00 rev. 4.2, in which a register
stands by its number; product specifications PS-MPU-6500A-01 rev. 1.1 and PS-MPU-6000A-00 rev. 3.4.
"""

from math import sqrt

import micropython
from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.shared import choose, stillness, with_rounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from micropython import ptr8, ptr16  # type: ignore[attr-defined]

    from node.drivers.bus import RegisterBus

_SMPLRT_DIV = const(0x19)  # register 25
_CONFIG = const(0x1A)  # 26: D6 FIFO_MODE, 0: the oldest give way; D2…D0 DLPF_CFG
_GYRO_CONFIG = const(0x1B)  # 27: D1…D0 of the MPU-6500, 0: SMPLRT_DIV divides
_ACCEL_CONFIG = const(0x1C)  # 28: D7…D5 self-test, D4…D3 AFS_SEL
_ACCEL_CONFIG2 = const(0x1D)  # 29, of the MPU-6500: D3 ACCEL_FCHOICE_B, D2…D0 A_DLPF_CFG
_FIFO_EN = const(0x23)  # 35
_ACCEL_FIFO_EN = const(0x08)
_INT_PIN_CFG = const(0x37)  # 55
_INT_ENABLE = const(0x38)  # 56
_FIFO_OFLOW = const(0x10)  # the same bit in INT_STATUS
_INT_STATUS = const(0x3A)  # 58: reading clears it
_USER_CTRL = const(0x6A)  # 106
_FIFO_ON = const(0x40)
_FIFO_RESET = const(0x04)
_PWR_MGMT_1 = const(0x6B)  # 107: D7 reset, D6 SLEEP, D2…D0 CLKSEL
_SLEEP = const(0x40)
_PWR_MGMT_2 = const(0x6C)  # 108
_NO_GYROSCOPE = const(0x07)
_FIFO_COUNTH = const(0x72)  # 114: reading it latches FIFO_COUNTL, which follows; bytes
_FIFO_R_W = const(0x74)  # 116: a burst stays here
_WHO_AM_I = const(0x75)  # 117

_FRAME_BYTES = const(6)
_RANGES = ((2, 0b00), (4, 0b01), (8, 0b10), (16, 0b11))  # register 28: range_g, AFS_SEL

# A sample takes 6 bytes of 9 clocks on I2C, 8 on SPI; a third of the bus stays free for questions
# and for being late.
_BITS_A_SAMPLE = const(81)
_LONGEST_BURST = const(5)  # 1 << 5 frames
_DELAYS = const(4)  # of the filter, after which it has settled


class MPU6500:
    """The chip with the accelerometer in its FIFO: 512 bytes, 85 samples; I2C, or SPI of 1 MHz.

    4000 Hz are with the low-pass bypassed (ACCEL_FCHOICE_B), 1.13 kHz wide; all other rates
    divide 1 kHz.  The chip has no interrupt for a watermark: its pin cannot tell when to read, and
    capture polls (int1: null).  The FIFO holds no whole number of samples: when it overflows, part
    of one is left at its head, which overrun() takes away.  The range is 32768 digits.
    """

    chip = "mpu6500"
    axes = 3
    watermark_interrupt = False
    ident = 0x70  # register 117
    fifo_depth = 85  # PS-MPU-6500A, 4.17: 512 bytes
    most_bus_hz = 1_000_000  # PS-MPU-6500A, table 6: SPI, all registers; I2C 400 kHz
    own_noise_g_rthz = 300e-6  # PS-MPU-6500A, table 2
    settling_us = 30_000  # PS-MPU-6500A, table 2: 20 ms out of sleep; the MPU-6050 gives none
    clock_source = 1  # register 107: the best there is
    full_scale_digits = 32768
    rail_low, rail_high = -32768, 32767

    # Registers 25, 26 and 29: odr_hz, SMPLRT_DIV, DLPF_CFG, ACCEL_CONFIG2 (None: there is no such
    # register), bandwidth_hz, delay in us, and the watermark of ours.  The widest filter that ends
    # at half of the rate or below; the FIFO has more than twice the watermark.
    rates: "tuple[tuple[Any, ...], ...]" = (
        (4000, 0, 1, 0x08, 1130, 750, 32),
        (1000, 0, 1, 0x00, 460, 1940, 32),
        (500, 1, 1, 0x01, 184, 5800, 32),
        (250, 3, 1, 0x02, 92, 7800, 16),
        (200, 4, 1, 0x02, 92, 7800, 16),
        (125, 7, 1, 0x03, 41, 11800, 8),
        (100, 9, 1, 0x03, 41, 11800, 8),
        (50, 19, 1, 0x04, 20, 19800, 4),
        (25, 39, 1, 0x05, 10, 35700, 2),
        (10, 99, 1, 0x06, 5, 66960, 1),
    )

    def __init__(self, bus: "RegisterBus") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does, ValueError
        for a bus that is too fast.
        """
        if bus.rate_hz > self.most_bus_hz:
            raise ValueError("bus.rate_hz", bus.rate_hz, self.most_bus_hz)
        self._bus = bus
        bus.multiple = 0  # PS-MPU-6500A, 7.4: seven bits of address, which always count up
        self._one, self._two = bytearray(1), bytearray(2)
        self._raw = bytearray(_FRAME_BYTES << _LONGEST_BURST)
        view = memoryview(self._raw)
        # Slicing allocates: one view for bursts of 1, 2, 4 … frames, and for parts of one.
        self._bursts = [view[: _FRAME_BYTES << power] for power in range(_LONGEST_BURST + 1)]
        self._parts = [view[:count] for count in range(_FRAME_BYTES)]
        self._prove_identity()
        self.configure(100, 2)

    def configure(self, odr_hz: float = 1000, range_g: int = 16) -> None:
        """Choose rate and range; start() writes them.  Raises ValueError(key, value, allowed)."""
        rates = [row for row in self.rates if row[0] * _BITS_A_SAMPLE <= self._bus.rate_hz]
        rate = choose("odr_hz", odr_hz, rates)
        _, code = choose("range_g", range_g, _RANGES)
        _, self._divider, self._config, self._config2, self.bandwidth_hz, delay_us, _ = rate
        self.watermark = rate[6]
        self._accel_config = code << 3
        self.odr_hz, self.range_g = odr_hz, range_g
        self.period_us = int(1_000_000 / odr_hz)
        self.g_per_digit = range_g / 32768
        unsettled_us = self.settling_us + _DELAYS * delay_us
        self.settling_samples = int(odr_hz * unsettled_us / 1_000_000) + 1
        self.noise_g_rthz = with_rounding(self.own_noise_g_rthz, self.g_per_digit, odr_hz)
        noise_g = self.own_noise_g_rthz * sqrt(self.bandwidth_hz)
        self.still_samples, self.still_frames = stillness(noise_g / self.g_per_digit)

    def start(self) -> None:
        """Wake the chip, write every register, empty the FIFO and let it stream.

        All of it each time: the chip may have lost its supply since.
        Raises DeviceMismatch, OSError.
        """
        self._prove_identity()
        bus = self._bus
        bus.write(_PWR_MGMT_1, self.clock_source)  # asleep it need not take what is written
        bus.write(_USER_CTRL, 0)
        bus.write(_FIFO_EN, 0)
        bus.write(_PWR_MGMT_2, _NO_GYROSCOPE)
        bus.write(_SMPLRT_DIV, self._divider)
        bus.write(_CONFIG, self._config)
        bus.write(_GYRO_CONFIG, 0)
        bus.write(_ACCEL_CONFIG, self._accel_config)
        if self._config2 is not None:
            bus.write(_ACCEL_CONFIG2, self._config2)
        bus.write(_INT_PIN_CFG, 0)
        bus.write(_INT_ENABLE, _FIFO_OFLOW)
        bus.write(_USER_CTRL, _FIFO_RESET)  # register 106: only while the FIFO is off
        self._read(_INT_STATUS)
        bus.write(_FIFO_EN, _ACCEL_FIFO_EN)
        bus.write(_USER_CTRL, _FIFO_ON)

    def prove_settings(self) -> None:
        """Raises SensorReset where the chip is no more as start() has left it, OSError."""
        # After a failure of its supply the MPU-6500 is awake, but nothing goes to its FIFO.
        got = self._read(_FIFO_EN)
        if got != _ACCEL_FIFO_EN:
            raise SensorReset(self.chip, _FIFO_EN, _ACCEL_FIFO_EN, got)

    def stop(self) -> None:
        """Sleep, with the FIFO off: it is not to go on where the chip wakes.  Raises OSError."""
        self._bus.write(_USER_CTRL, 0)
        self._bus.write(_PWR_MGMT_1, _SLEEP)

    def entries(self) -> int:
        """Whole samples that wait, 0 to fifo_depth (more: a broken bus).  Raises OSError."""
        return self._waiting_bytes() // _FRAME_BYTES

    def overrun(self) -> bool:
        """Whether samples were lost since this was last asked.  Raises OSError."""
        if not self._read(_INT_STATUS) & _FIFO_OFLOW:
            return False
        rest = self._waiting_bytes() % _FRAME_BYTES
        if rest:
            self._bus.read_into(_FIFO_R_W, self._parts[rest])
        return True

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count samples from the FIFO to x, y, z (int16, digits) from index at on.

        count: 0 to fifo_depth, and no more than entries(): the chip does not tell that there are
        no more.  Raises OSError; what the blocks hold is then of no use.
        """
        depth = self.fifo_depth
        if not 0 <= count <= depth or at < 0 or at + count > min(len(x), len(y), len(z)):
            raise ValueError("count", count, depth)
        bus, raw, power = self._bus, self._raw, _LONGEST_BURST
        while count:
            while 1 << power > count:
                power -= 1
            frames = 1 << power
            bus.read_into(_FIFO_R_W, self._bursts[power])
            _split_big_endian(raw, x, y, z, at, frames)
            at += frames
            count -= frames

    def _waiting_bytes(self) -> int:
        two = self._two
        self._bus.read_into(_FIFO_COUNTH, two)
        return two[0] << 8 | two[1]

    def _prove_identity(self) -> None:
        got = self._read(_WHO_AM_I)
        if got != self.ident:
            raise DeviceMismatch(self.chip, self.ident, got)

    def _read(self, reg: int) -> int:
        self._bus.read_into(reg, self._one)
        return self._one[0]


class MPU6050(MPU6500):
    """As MPU6500, with 1024 bytes of FIFO, 170 samples; I2C only, 1000 Hz at most, 260 Hz wide.

    At 1000 Hz the low-pass is bypassed: the clock of the samples is then 8 kHz, divided by eight.
    """

    chip = "mpu6050"
    ident = 0x68  # register 117, whatever its address
    fifo_depth = 170  # PS-MPU-6000A, 7.18: 1024 bytes
    most_bus_hz = 400_000  # PS-MPU-6000A, 6.5
    own_noise_g_rthz = 400e-6  # PS-MPU-6000A, 6.2
    clock_source = 0  # register 107: its own oscillator; the others need a gyroscope
    rates = (
        (1000, 7, 0, None, 260, 0, 64),
        (500, 1, 1, None, 184, 2000, 64),
        (250, 3, 2, None, 94, 3000, 32),
        (200, 4, 2, None, 94, 3000, 32),
        (125, 7, 3, None, 44, 4900, 16),
        (100, 9, 3, None, 44, 4900, 8),
        (50, 19, 4, None, 21, 8500, 4),
        (25, 39, 5, None, 10, 13800, 2),
        (10, 99, 6, None, 5, 19000, 1),
    )


@micropython.viper
def _split_big_endian(raw, x, y, z, at: int, count: int):  # type: ignore[no-untyped-def]
    """Copy count frames of three big-endian int16 to x, y, z (array('h')) from at on.

    The caller has proven that the frames are in raw and the indices in the arrays.
    """
    src = ptr8(raw)
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    k = 0
    for i in range(at, at + count):
        px[i] = src[k] << 8 | src[k + 1]
        py[i] = src[k + 2] << 8 | src[k + 3]
        pz[i] = src[k + 4] << 8 | src[k + 5]
        k += 6
