"""The accelerometers of InvenSense's MPU-6500 and MPU-6050, their gyroscopes asleep.

Sources: register maps RM-MPU-6500A-00 rev. 2.1 and RM-MPU-6000A-00 rev. 4.2, in which a register
stands by its number; product specifications PS-MPU-6500A-01 rev. 1.1 and PS-MPU-6000A-00 rev. 3.4.
Limits of the self-test: eMD 6.12, InvenSense's own driver (inv_mpu.c), and registers 13 to 16.
Registers 31, 32 and 105 of the MPU-6050, which rev. 4.2 has no more, are those of rev. 3.2 and of
i2cdevlib (MPU6050.h: MOT_THR, MOT_DUR, MOT_DETECT_CTRL; bits 2 to 0 of register 28: ACCEL_HPF).
"""

from micropython import const

from node.drivers.accelerometer import Accelerometer
from node.drivers.big_endian import split_big_endian

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

_SELF_TEST_X = const(0x0D)  # registers 13 to 15: the factory's results; 16, of the MPU-6050, too
_SMPLRT_DIV = const(0x19)  # register 25
_CONFIG = const(0x1A)  # 26: D6 FIFO_MODE, 0: the oldest give way; D2…D0 DLPF_CFG
_GYRO_CONFIG = const(0x1B)  # 27: D1…D0 of the MPU-6500, 0: SMPLRT_DIV divides
_ACCEL_CONFIG = const(0x1C)  # 28: D7…D5 self-test, D4…D3 AFS_SEL, D2…D0 ACCEL_HPF (MPU-6050)
_TEST_XYZ = const(0xE0)
_HPF_HOLD = const(0x07)  # the difference from what is when it is written
_ACCEL_CONFIG2 = const(0x1D)  # 29, of the MPU-6500: D3 ACCEL_FCHOICE_B, D2…D0 A_DLPF_CFG
_WOM_THR = const(0x1F)  # 31; MOT_THR of the MPU-6050
_MOT_DUR = const(0x20)  # 32, of the MPU-6050: ms
_FIFO_EN = const(0x23)  # 35
_ACCEL_FIFO_EN = const(0x08)
_INT_PIN_CFG = const(0x37)  # 55: D5 LATCH_INT_EN
_LATCHED = const(0x20)
_INT_ENABLE = const(0x38)  # 56
_MOTION = const(0x40)  # the same bits in INT_STATUS: WOM_INT, MOT_INT
_FIFO_OFLOW = const(0x10)
_INT_STATUS = const(0x3A)  # 58: reading it clears it
_ACCEL_INTEL_CTRL = const(0x69)  # 105; MOT_DETECT_CTRL of the MPU-6050
_COMPARE_WITH_PREVIOUS = const(0xC0)  # ACCEL_INTEL_EN, ACCEL_INTEL_MODE
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

_FRAME_BYTES = const(6)  # register 116: the high byte of x first
_ENTRY_BYTES = const(2)
_DELAYS = const(4)  # of the filter (register 26), after which it has settled

_TRIM_G = 2620 / 16384  # eMD, inv_mpu.c: of code 1, digits of 2 g; 1 % more at each
_TRIM_STEP = 1.01
_UNTRIMMED_G = (0.225, 0.675)  # eMD, inv_mpu.c: of code 0
_TRIM_6050_G = (0.34, 0.92)  # registers 13 to 16: of codes 1 and 31, in equal ratios between
_UNTRIMMED_6050_G = (0.3, 0.95)  # eMD, inv_mpu.c
_TOLERANCE_6050 = 0.14  # PS-MPU-6000A, 6.2


class MPU6500(Accelerometer):
    """The chip with the accelerometer in its FIFO: 512 bytes, 85 samples; I2C, or SPI of 1 MHz.

    4000 Hz are with the low-pass bypassed (ACCEL_FCHOICE_B), 1.13 kHz wide; all other rates
    divide 1 kHz.  The chip has no interrupt for a watermark: its pin cannot tell when to read, and
    capture polls (int1: null).  The FIFO holds no whole number of samples: when it overflows, part
    of one is left at its head, which overrun() takes away.  The range is 32768 digits.
    Motion: an axis differs by the threshold from what it was 4 ms before, up to 92 Hz.
    """

    chip = "mpu6500"
    identity = ((_WHO_AM_I, 0x70),)
    most_hz = {"i2c": 400_000, "spi": 1_000_000}  # PS-MPU-6500A, table 6: all registers
    # PS-MPU-6500A, 7.4: on SPI seven bits of address, which always count up
    defaults = (100, 2)
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
    ranges = ((2, 0b00), (4, 0b01), (8, 0b10), (16, 0b11))  # register 28: range_g, AFS_SEL
    # A sample takes 6 bytes of 9 clocks on I2C, 8 on SPI; a third of the bus stays free for
    # questions and for being late.
    bits_a_sample = 81
    longest_burst = 5
    fifo_depth = 85  # PS-MPU-6500A, 4.17: 512 bytes
    watermark_interrupt = False
    own_noise_g_rthz = 300e-6  # PS-MPU-6500A, table 2
    settling_us = 30_000  # PS-MPU-6500A, table 2: 20 ms out of sleep; the MPU-6050 gives none
    clock_source = 1  # register 107: the best there is
    # After a failure of its supply the MPU-6500 is awake, but nothing goes to its FIFO.
    proof_reg = _FIFO_EN
    _proof = _ACCEL_FIFO_EN
    off = (_PWR_MGMT_1, _SLEEP)
    kept = (_INT_ENABLE, _FIFO_OFLOW)
    test_settings = (200, 8)
    test_code = _TEST_XYZ
    test_settle_us = 200_000  # eMD
    motion: "tuple[tuple[float, int, int], ...]" = ((0.004, 255, 0),)  # register 31
    motion_least_g = 0.03

    def _apply(self, rate: "Any", scale: "Any") -> None:
        odr_hz, self._divider, self._config, self._config2, bandwidth_hz, delay_us, watermark = (
            rate
        )
        range_g, code = scale
        self._accel_config = code << 3
        self._scale(odr_hz, range_g, watermark, bandwidth_hz, range_g / 32768, 32768, 32767)
        unsettled_us = self.settling_us + _DELAYS * delay_us
        self.settling_samples = int(odr_hz * unsettled_us / 1_000_000) + 1

    def _wake(self, divider: int, config: int, config2: "int | None", accel_config: int) -> None:
        """Out of sleep with the FIFO off and the filters set."""
        bus = self._bus
        bus.write(_PWR_MGMT_1, self.clock_source)  # asleep it need not take what is written
        bus.write(_USER_CTRL, 0)
        bus.write(_FIFO_EN, 0)
        bus.write(_PWR_MGMT_2, _NO_GYROSCOPE)
        bus.write(_SMPLRT_DIV, divider)
        bus.write(_CONFIG, config)
        bus.write(_GYRO_CONFIG, 0)
        bus.write(_ACCEL_CONFIG, accel_config)
        if config2 is not None:
            bus.write(_ACCEL_CONFIG2, config2)

    def _begin(self) -> None:
        bus = self._bus
        accel_config = self._accel_config | self._test
        self._wake(self._divider, self._config, self._config2, accel_config)
        bus.write(_ACCEL_INTEL_CTRL, 0)
        bus.write(_INT_PIN_CFG, 0)
        bus.write(_INT_ENABLE, _FIFO_OFLOW)
        bus.write(_USER_CTRL, _FIFO_RESET)  # register 106: only while the FIFO is off
        self._read(_INT_STATUS)
        bus.write(_FIFO_EN, _ACCEL_FIFO_EN)
        bus.write(_USER_CTRL, _FIFO_ON)

    def stop(self) -> None:
        """Sleep, with the FIFO off: it is not to go on where the chip wakes.  Raises OSError."""
        self._bus.write(_USER_CTRL, 0)
        Accelerometer.stop(self)  # super() would allocate

    def entries(self) -> int:
        """Whole samples that wait, 0 to fifo_depth (more: a broken bus).  Raises OSError."""
        return self._waiting_bytes() // _FRAME_BYTES

    def overrun(self) -> bool:
        """Whether samples were lost since this was last asked.  Raises OSError."""
        if not self._read(_INT_STATUS) & _FIFO_OFLOW:
            return False
        # Parts of a sample are read byte by byte: there is no view of each length.
        for _ in range(self._waiting_bytes() % _FRAME_BYTES):
            self._read(_FIFO_R_W)
        return True

    def _fetch(
        self, power: int, x: "array[int]", y: "array[int]", z: "array[int]", at: int
    ) -> None:
        # The chip does not tell that there are no more.
        self._bus.read_into(_FIFO_R_W, self._bursts[power])
        split_big_endian(self._raw, x, y, z, at, 1 << power, _ENTRY_BYTES)

    def _waiting_bytes(self) -> int:
        two = self._two
        self._bus.read_into(_FIFO_COUNTH, two)
        return two[0] << 8 | two[1]

    def _test_limits_g(self) -> "tuple[tuple[float, float], ...]":
        limits = []
        for axis in range(3):
            code = self._read(_SELF_TEST_X + axis)
            trim_g = _TRIM_G * _TRIM_STEP ** (code - 1)
            limits.append((0.5 * trim_g, 1.5 * trim_g) if code else _UNTRIMMED_G)
        return tuple(limits)

    def _arm(self, steps: int, _code: int) -> "tuple[int, int]":
        bus = self._bus
        self._wake(3, 1, 0x02, 0)  # 250 Hz, 92 Hz wide
        bus.write(_INT_PIN_CFG, _LATCHED)
        bus.write(_WOM_THR, steps)
        bus.write(_ACCEL_INTEL_CTRL, _COMPARE_WITH_PREVIOUS)
        bus.write(_INT_ENABLE, _MOTION)
        return _INT_ENABLE, _MOTION

    def _take_event(self) -> bool:
        return bool(self._read(_INT_STATUS) & _MOTION)


class MPU6050(MPU6500):
    """As MPU6500, with 1024 bytes of FIFO, 170 samples; I2C only, 1000 Hz at most, 260 Hz wide.

    At 1000 Hz the low-pass is bypassed: the clock of the samples is then 8 kHz, divided by eight.
    Motion: an axis differs by the threshold from what it was when armed.
    """

    chip = "mpu6050"
    identity = ((_WHO_AM_I, 0x68),)  # whatever its address
    most_hz = {"i2c": 400_000}  # PS-MPU-6000A, 6.5
    fifo_depth = 170  # PS-MPU-6000A, 7.18: 1024 bytes
    own_noise_g_rthz = 400e-6  # PS-MPU-6000A, 6.2
    clock_source = 0  # register 107: its own oscillator; the others need a gyroscope
    # Registers 25 and 26, as above
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
    motion = ((0.032, 255, 0),)  # PS-MPU-6000A, 6.2: intelligence function increment
    motion_least_g = 0.04

    def _test_limits_g(self) -> "tuple[tuple[float, float], ...]":
        low = self._read(_SELF_TEST_X + 3)  # D5…D4 of x, D3…D2 of y, D1…D0 of z
        limits = []
        for axis in range(3):
            high = self._read(_SELF_TEST_X + axis) >> 5
            code = high << 2 | low >> (4 - 2 * axis) & 3
            least_g, most_g = _TRIM_6050_G
            trim_g = least_g * (most_g / least_g) ** ((code - 1) / 30)
            trimmed = (1 - _TOLERANCE_6050) * trim_g, (1 + _TOLERANCE_6050) * trim_g
            limits.append(trimmed if code else _UNTRIMMED_6050_G)
        return tuple(limits)

    def _arm(self, steps: int, _code: int) -> "tuple[int, int]":
        bus = self._bus
        self._wake(3, 2, None, 0b11 << 3)
        bus.write(_INT_PIN_CFG, _LATCHED)
        bus.write(_WOM_THR, steps)
        bus.write(_MOT_DUR, 1)
        bus.write(_INT_ENABLE, _MOTION)
        return _INT_ENABLE, _MOTION

    def _hold(self) -> None:
        self._bus.write(_ACCEL_CONFIG, 0b11 << 3 | _HPF_HOLD)
