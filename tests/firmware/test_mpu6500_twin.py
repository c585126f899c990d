"""The twins of MPU-6500 and MPU-6050 against their register maps: bytes in, bytes out."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from lis_rig import Steps, noting
from mpu_rig import MpuRig

SMPLRT_DIV, CONFIG, ACCEL_CONFIG, ACCEL_CONFIG2 = 0x19, 0x1A, 0x1C, 0x1D
FIFO_EN, INT_PIN_CFG, INT_ENABLE, INT_STATUS = 0x23, 0x37, 0x38, 0x3A
ACCEL_XOUT, USER_CTRL, PWR_MGMT_1, PWR_MGMT_2 = 0x3B, 0x6A, 0x6B, 0x6C
FIFO_R_W, WHO_AM_I = 0x74, 0x75
OFLOW, RDY = 0x10, 0x01
STEP_G = 2 / 32768
CHIPS = ("mpu6500", "mpu6050")
BYTES = {"mpu6500": 512, "mpu6050": 1024}
UNSETTLED = {"mpu6500": 37, "mpu6050": 36}  # samples at 1000 Hz and 184 Hz


def _streaming(chip, source=None, divider=0, dlpf=1, config2=1, accel=0, **config):
    rig = MpuRig(chip, "i2c", source or Steps(STEP_G), **config)
    rig.put(PWR_MGMT_1, 0)
    rig.put(SMPLRT_DIV, divider)
    rig.put(CONFIG, dlpf)
    rig.put(ACCEL_CONFIG, accel)
    rig.put(ACCEL_CONFIG2, config2)  # the MPU-6050 has no such register
    rig.put(INT_ENABLE, OFLOW)
    rig.put(USER_CTRL, 0x04)
    rig.get(INT_STATUS)
    rig.put(FIFO_EN, 0x08)
    rig.put(USER_CTRL, 0x40)
    return rig


def _settled(chip, source, **config):
    """Streaming, the FIFO empty again; and how many samples have been made."""
    rig = _streaming(chip, source, **config)
    rig.wait_us(60_000)
    rig.put(USER_CTRL, 0)
    rig.put(USER_CTRL, 0x04)
    rig.get(INT_STATUS)
    rig.put(USER_CTRL, 0x40)
    return rig, rig.chip._made


def test_registers__after_power_on__have_their_reset_values():
    for chip, expected in (
        ("mpu6500", {WHO_AM_I: 0x70, PWR_MGMT_1: 0x01}),
        ("mpu6050", {WHO_AM_I: 0x68, PWR_MGMT_1: 0x40}),
    ):
        rig = MpuRig(chip)
        for reg in range(0x78):
            if reg != INT_STATUS and not ACCEL_XOUT <= reg < 0x41:
                assert rig.get(reg) == [expected.get(reg, 0)], (chip, reg)


def test_registers__written__only_the_writable_change():
    for chip in CHIPS:
        rig = MpuRig(chip)
        rig.put(PWR_MGMT_1, 0x40)  # asleep, no sample changes a register
        for reg in (0x19, 0x1A, 0x1C, 0x23, 0x37, 0x38, 0x6C, 0x0D):
            rig.put(reg, 0x24)
            assert rig.get(reg) == [0x24], (chip, reg)
        for reg in (0x3A, 0x3B, 0x59, 0x72, 0x73, 0x75):
            before = rig.get(reg)
            rig.put(reg, 0x24)
            assert rig.get(reg) == before, (chip, reg)
        rig.put(ACCEL_CONFIG2, 0x08)
        assert rig.get(ACCEL_CONFIG2) == [0x08 if chip == "mpu6500" else 0]
        rig.put(PWR_MGMT_1, 0x80)
        assert rig.get(SMPLRT_DIV) == [0]
        assert rig.get(PWR_MGMT_1) == [0x01 if chip == "mpu6500" else 0x40]


def test_several_bytes__either_bus__count_up_but_for_the_fifo():
    for chip in CHIPS:
        rig = MpuRig(chip)
        rig.i2c.writeto_mem(0x68, 0x23, bytes([1, 2]))
        assert rig.get(0x22, 4) == [0, 1, 2, 0]
    rig = MpuRig("mpu6500", "spi")
    assert rig.exchange(0xF5, 0) == [0x70]
    rig.exchange(0x23, 1, 2)
    assert rig.exchange(0xA2, 0, 0, 0, 0) == [0, 1, 2, 0]
    rig = _streaming("mpu6500")
    rig.wait_us(20_000)
    before = rig.count()
    rig.get(FIFO_R_W, 60)
    rig.put(PWR_MGMT_1, 0x40)
    assert rig.count() in (before - 60 + 6, before - 60 + 12)  # all were of the FIFO


def test_rates__every_row__makes_its_samples():
    for chip, divider, dlpf, config2, odr_hz in (
        ("mpu6500", 0, 1, 0x08, 4000),
        ("mpu6500", 7, 1, 0x08, 4000),  # register 25: no division then
        ("mpu6500", 0, 1, 0x00, 1000),
        ("mpu6500", 3, 1, 0x02, 250),
        ("mpu6500", 3, 0, 0x02, 1000),  # nor then
        ("mpu6050", 7, 0, 0, 1000),
        ("mpu6050", 0, 0, 0, 8000),
        ("mpu6050", 0, 1, 0, 1000),
        ("mpu6050", 99, 6, 0, 10),
    ):
        for ppm in (-50_000, 0, 50_000):
            rig = _streaming(chip, None, divider, dlpf, config2, clock_error_ppm=ppm)
            rate_hz = odr_hz * (1 + ppm * 1e-6)
            begin_us = rig.chip._begin_us + int(rig.chip._made * 1e6 / rate_hz)
            for samples in (3, 20):
                due_us = begin_us + int(samples * 1e6 / rate_hz) + 2
                rig.world.advance_to(due_us - 67 - 4)  # the bus adds 67 us
                case = (chip, divider, dlpf, config2, ppm, samples)
                assert rig.count() == 6 * (samples - 1), case
                rig.world.advance_to(due_us)
                assert rig.count() == 6 * samples, case


def test_sleep__no_sample__is_made():
    for chip in CHIPS:
        for reg, value in ((PWR_MGMT_1, 0x40), (PWR_MGMT_2, 0x38)):
            rig = _streaming(chip)
            rig.put(reg, value)
            before = rig.count()
            rig.wait_us(100_000)
            assert rig.count() == before and rig.chip.odr_hz() == 0, (chip, reg)


def test_sample_rate_above_the_accelerometers__gives_samples_out_again():
    rig, _ = _settled("mpu6050", Steps(STEP_G), divider=1, dlpf=0)  # 4 kHz
    rig.wait_us(10_000)
    x = rig.words(FIFO_R_W, 96)[0::3]
    runs = [x.count(value) for value in set(x)]
    assert sorted(runs)[2:] == [4] * (len(runs) - 2), x  # but for the first and the last


def test_ranges__each_code__scales_and_clips():
    for chip in CHIPS:
        for code, range_g in enumerate((2, 4, 8, 16)):
            step_g = range_g / 32768
            source = Level(7 * step_g, -99.0, 99.0)
            rig = _streaming(chip, source, accel=code << 3)
            rig.wait_us(60_000)
            assert rig.words(ACCEL_XOUT, 3) == [7, -32768, 32767], (chip, range_g)


def test_start__first_samples__have_not_settled():
    for chip in CHIPS:
        rig = _streaming(chip, Level(1.0, 1.0, 1.0))
        rig.wait_us(60_000)
        first = rig.chip._frames.oldest()  # the FIFO was on a little later
        x = rig.words(FIFO_R_W, 150)[0::3]
        settled = [first + i for i in range(50) if x[i] == 16384]
        assert settled == list(range(UNSETTLED[chip], first + 50)), chip


def test_self_test__each_axis__moves_alone():
    for chip in CHIPS:
        for axis in range(3):
            rig = _streaming(chip, Level(0, 0, 0), accel=0x80 >> axis | 0x10)
            rig.wait_us(60_000)
            moved = rig.words(ACCEL_XOUT, 3)
            assert [digits > 1000 for digits in moved] == [i == axis for i in range(3)], chip


def test_noise__by_filter__is_that_of_the_product_specification():
    for chip, dlpf, config2, noise_g in (
        ("mpu6500", 1, 0x08, 300e-6 * 1130**0.5),
        ("mpu6500", 1, 0x03, 300e-6 * 41**0.5),
        ("mpu6050", 0, 0, 400e-6 * 260**0.5),
        ("mpu6050", 4, 0, 400e-6 * 21**0.5),
    ):
        rig = _streaming(chip, Level(0.1, 0.1, 0.1), 7 if dlpf == 0 else 0, dlpf, config2)
        rig.chip.sampler._noisy = True
        rig.chip.convert()
        rig.wait_us(120_000)
        digits = []
        for _ in range(800):
            rig.wait_us(1_010)
            digits.extend(rig.words(ACCEL_XOUT, 3))
        mean = sum(digits) / len(digits)
        rms = (sum([(value - mean) ** 2 for value in digits]) / len(digits)) ** 0.5
        assert abs(rms / (noise_g * 16384) - 1) < 0.06, (chip, dlpf, config2, rms)


def test_fifo__frames__are_big_endian_and_in_order():
    for chip in CHIPS:
        rig, first = _settled(chip, Steps(STEP_G))
        rig.wait_us(40_000)
        words = rig.words(FIFO_R_W, 90)
        x = words[0::3]
        assert x == list(range(x[0], x[0] + 30)) and first <= x[0] <= first + 1
        assert words[1::3] == [-value for value in x]
        assert set(words[2::3]) == {100, 101}


def test_fifo__empty__gives_the_last_byte_again():
    for chip in CHIPS:
        rig, _ = _settled(chip, Level(0x1234 * STEP_G, 0, 0x5678 * STEP_G))
        rig.wait_us(5_500)
        rig.put(PWR_MGMT_1, 0x40)
        waiting = rig.count()
        rig.get(FIFO_R_W, waiting)
        assert rig.get(FIFO_R_W, 4) == [0x78] * 4 and rig.count() == 0


def test_fifo__overflow__leaves_part_of_a_frame_at_the_head():
    for chip in CHIPS:
        size = BYTES[chip]
        rig, _ = _settled(chip, Steps(STEP_G))
        rig.wait_us(1_000 * (size // 6 - 2))
        before = rig.count()
        assert size - 18 <= before <= size and rig.get(INT_STATUS) == [RDY], before
        rig.wait_us(30_000)
        assert rig.count() == size
        rig.put(PWR_MGMT_1, 0x40)
        assert rig.get(INT_STATUS) == [OFLOW | RDY] and rig.get(INT_STATUS) == [0]
        rig.get(FIFO_R_W, size % 6)
        words = rig.words(FIFO_R_W, size // 6 * 3)
        x = [value % 400 for value in words[0::3]]
        assert x == [(x[0] + i) % 400 for i in range(size // 6)]
        assert words[1::3] == [-value for value in x] and rig.count() == 0


def test_fifo__switched_off__keeps_its_bytes_until_it_is_reset():
    for chip in CHIPS:
        rig = _streaming(chip)
        rig.wait_us(20_000)
        rig.put(USER_CTRL, 0x44)  # no reset while it is on
        assert rig.count() >= 6 * 20
        rig.put(USER_CTRL, 0)
        waiting = rig.count()
        assert waiting >= 6 * 20
        rig.wait_us(20_000)
        assert rig.count() == waiting
        rig.put(USER_CTRL, 0x04)
        assert rig.count() == 0 and rig.get(USER_CTRL) == [0]


def test_interrupts__data_ready_and_overflow__come_at_their_sample():
    for chip in CHIPS:
        for enabled, samples in ((RDY, 1), (OFLOW, BYTES[chip] // 6 + 1)):
            for polarity in (0, 0x80):
                rig = MpuRig(chip, "i2c", Steps(STEP_G), clock_error_ppm=9000)
                edges = []
                rig.world.pin = noting(rig.world, edges)
                rig.put(PWR_MGMT_1, 0x40)
                rig.put(CONFIG, 1)
                rig.put(INT_PIN_CFG, polarity)
                rig.put(INT_ENABLE, enabled)
                rig.put(FIFO_EN, 0x08)
                rig.put(USER_CTRL, 0x40)
                rig.get(INT_STATUS)
                edges.clear()
                rig.put(PWR_MGMT_1, 0)
                begin_us = rig.chip._begin_us
                rig.wait_us(300_000)
                case = (chip, polarity, enabled, edges)
                on, off = (0, 1) if polarity else (1, 0)
                assert len(edges) == 1 and edges[0][1:] == (INT1, on), case
                due_us = samples * 1e3 / 1.009
                assert -1 <= edges[0][0] - begin_us - due_us <= 1, case
                rig.get(INT_STATUS)
                assert edges[1][1:] == (INT1, off), case


def test_faults__supply_and_identity__are_what_the_bus_shows():
    for chip in CHIPS:
        rig = _streaming(chip)
        rig.wait_us(50_000)
        rig.chip.inject("wrong_identity", {})
        assert rig.get(WHO_AM_I) == [0]
        rig.chip.inject("wrong_identity", None)
        assert rig.get(WHO_AM_I) == [rig.chip.IDENT]
        rig.chip.inject("unplugged", {})
        assert rig.get(FIFO_EN) == [0] and rig.count() == 0
        rig.wait_us(100_000)
        assert rig.count() == 0 and rig.get(FIFO_R_W, 6) == [0] * 6
