"""The twin of the LIS2DW12 against its data sheet (DS12141): bytes in, bytes out, no driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from lis_rig import LisRig, Steps, noting

CTRL1, CTRL2, CTRL3, CTRL4_INT1, CTRL5_INT2, CTRL6 = 0x20, 0x21, 0x22, 0x23, 0x24, 0x25
STATUS, FIFO_CTRL, FIFO_SAMPLES, CTRL7 = 0x27, 0x2E, 0x2F, 0x3F
BYPASS, FIFO, CONTINUOUS = 0x00, 0x20, 0xC0
FTH, OVR = 0x80, 0x40
IF_ADD_INC, SOFT_RESET, BOOT = 0x04, 0x40, 0x80
DRDY, INT_FTH, DIFF5, INT2_OVR = 0x01, 0x02, 0x04, 0x08
HZ_400 = 0x74
PERIOD_US = 2500
WRITTEN_US = 45  # a write reaches the chip so long before its last byte has passed
ASKED_US = 67  # a read reaches the chip after three bytes of 22.5 us
STEP_G = 2 / 8192
DIGIT = 4  # of 14 bits, at the left of 16


def _started(fifo, source=None, ctrl1=HZ_400, ctrl6=0, **config):
    rig = LisRig("lis2dw12", "i2c", source or Steps(STEP_G), **config)
    rig.put(CTRL6, ctrl6)
    rig.put(FIFO_CTRL, fifo)
    rig.put(CTRL1, ctrl1)
    return rig


def _x(rig, count=1):
    return [x // DIGIT for x, _, _ in rig.frames(count)]


def test_registers__after_power_on__have_their_reset_values():
    rig = LisRig("lis2dw12")
    expected = {0x0F: 0x44, CTRL2: IF_ADD_INC}
    values = rig.get(0x00, 0x40)
    for reg in range(0x40):
        assert values[reg] == expected.get(reg, 0), reg


def test_registers__written__only_the_writable_change():
    rig = LisRig("lis2dw12")
    for reg in range(0x40):
        before = rig.get(reg)[0]
        rig.put(reg, 0x05)
        writable = 0x20 <= reg <= 0x25 or reg == 0x2E or 0x30 <= reg <= 0x36 or reg >= 0x3C
        assert rig.get(reg)[0] == (0x05 if writable else before), reg


def test_ctrl2__soft_reset_and_boot__end_by_themselves():
    rig = _started(CONTINUOUS)
    rig.put(CTRL2, BOOT | IF_ADD_INC)
    assert rig.get(CTRL1, 2) == [HZ_400, IF_ADD_INC]
    rig.put(CTRL2, SOFT_RESET)
    assert rig.get(CTRL1, 2) == [0, IF_ADD_INC] and rig.get(FIFO_CTRL) == [0]
    rig.wait_us(100_000)
    assert rig.get(FIFO_SAMPLES) == [0]


def test_several_bytes__either_bus__count_up_as_the_register_says():
    rig = LisRig("lis2dw12")
    rig.i2c.writeto_mem(0x18, 0x31, bytes([1, 2]))
    assert rig.get(0x30, 4) == [0, 1, 2, 0]
    rig.put(CTRL2, 0)
    assert rig.get(0x31, 2) == [1, 1]
    rig = LisRig("lis2dw12", "spi", Level(0, 0, 0))
    assert rig.exchange(0x8F, 0) == [0x44]
    rig.exchange(0x31, 1, 2)
    assert rig.exchange(0xB0, 0, 0, 0, 0) == [0, 1, 2, 0]
    rig.exchange(CTRL2, 0)
    assert rig.exchange(0xB1, 0, 0) == [1, 1]
    # Seven bits of address: there is nothing at 0x4F, where the LIS3DH has its second bit.
    assert rig.exchange(0xCF, 0) == [0]


def test_rates__each__makes_its_samples():
    rates = (0, 12.5, 12.5, 25, 50, 100, 200, 400, 800, 1600)  # table 29
    slow = (0, 1.6, 12.5, 25, 50, 100, 200, 200, 200, 200)
    for ppm in (-20_000, 0, 20_000):
        for mode, odrs in ((0x04, rates), (0x00, slow)):
            for code in range(1, 10):
                rig = _started(CONTINUOUS, ctrl1=code << 4 | mode, clock_error_ppm=ppm)
                rate_hz = odrs[code] * (1 + ppm * 1e-6)
                begin_us = rig.world.now_us() - WRITTEN_US
                for samples in (1, 7, 20):
                    due_us = begin_us + int(samples * 1e6 / rate_hz) + 1
                    rig.world.advance_to(due_us - ASKED_US - 3)
                    assert rig.get(FIFO_SAMPLES) == [samples - 1], (ppm, mode, code, samples)
                    rig.world.advance_to(due_us)  # the bus adds ASKED_US
                    assert rig.get(FIFO_SAMPLES) == [samples], (ppm, mode, code, samples)


def test_rates__codes_and_modes_that_are_none__make_nothing():
    for ctrl1 in (0x04, 0xA4, 0xF4, 0x78, 0x7C):
        rig = _started(CONTINUOUS, ctrl1=ctrl1)
        rig.wait_us(10_000_000)
        assert rig.get(FIFO_SAMPLES) == [0] and rig.chip.next_event_us() is None, ctrl1


def test_ranges__high_performance_and_low_power_1__scale_clip_and_stand_left():
    for ctrl1, bits in ((HZ_400, 14), (0x60, 12), (0x63, 14)):
        for code in range(4):
            step_g = (2 << code) / (1 << bits - 1)  # table 3
            rig = _started(BYPASS, Level(7 * step_g, -7 * step_g, 99.0), ctrl1, code << 4)
            rig.wait_us(20_000)
            seven, rail = 7 << 16 - bits, 32768 - (1 << 16 - bits)
            assert rig.frames() == [(seven, -seven, rail)], (bits, code)
            rig = _started(BYPASS, Level(0, 0, -99.0), ctrl1, code << 4)
            rig.wait_us(20_000)
            assert rig.frames() == [(0, 0, -32768)], (bits, code)


def test_self_test__either_sign__moves_every_axis_within_the_limits():
    for st, sign in ((0x40, 1), (0x80, -1), (0xC0, 0)):
        rig = LisRig("lis2dw12", "i2c", Level(0, 0, 0))
        rig.put(CTRL3, st)
        rig.put(CTRL1, HZ_400)
        rig.wait_us(20_000)
        for digits in rig.frames()[0]:
            moved_mg = sign * digits * 2000 / 32768
            assert 70 <= moved_mg <= 1500 if sign else digits == 0, (st, digits)  # table 3


def test_noise__by_rate_filter_and_mode__is_that_of_the_data_sheet():
    # g RMS: 90 ug/sqrt(Hz) over the bandwidth of table 41, low-power modes by table 3
    for ctrl1, bw_filt, period_us, noise_g in (
        (0x94, 0, 625, 90e-6 * 400**0.5),
        (0x84, 0, 1250, 90e-6 * 400**0.5),
        (0x94, 0xC0, 625, 90e-6 * 80**0.5),
        (0x54, 0, 10_000, 90e-6 * 50**0.5),
        (0x63, 0, 5_000, 1.3e-3),
        (0x61, 0, 5_000, 2.4e-3),
    ):
        rig = _started(BYPASS, Level(0.1, 0.1, 0.1), ctrl1, bw_filt, noise=True)
        rig.wait_us(20_000)
        digits = []
        for _ in range(1000):
            rig.wait_us(period_us + 10)
            digits.extend(rig.frames()[0])
        mean = sum(digits) / len(digits)
        rms = (sum([(value - mean) ** 2 for value in digits]) / len(digits)) ** 0.5
        wanted = ((noise_g * 16384) ** 2 + 16 / 12) ** 0.5
        assert abs(rms / wanted - 1) < 0.06, (ctrl1, bw_filt, rms, wanted)


def test_bypass__samples__the_newest_is_read():
    rig = _started(BYPASS)
    assert rig.get(STATUS) == [0]
    rig.wait_us(2_600)
    assert rig.get(STATUS) == [0x01]
    assert _x(rig) == [0]
    assert rig.get(STATUS) == [0]
    rig.wait_us(25_000)
    assert _x(rig)[0] in (10, 11)
    assert rig.get(FIFO_SAMPLES) == [0]


def test_start__first_samples__have_not_settled():
    # Table 13: in high performance with the widest filter
    for ctrl1, ctrl6, unsettled in (
        (0x94, 0, 2),
        (0x84, 0, 1),
        (0x54, 0, 1),
        (0x44, 0, 0),
        (0x94, 0x40, 0),
        (0x63, 0, 0),
    ):
        rig = _started(CONTINUOUS, Level(1.0, 1.0, 1.0), ctrl1, ctrl6)
        rig.wait_us(130_000)
        rig.put(CTRL1, 0)
        rig.put(FIFO_CTRL, BYPASS)
        rig.put(FIFO_CTRL, CONTINUOUS)
        rig.put(CTRL1, ctrl1)
        rig.wait_us(6 * 20_000 if ctrl1 == 0x44 else 51_000 if ctrl1 in (0x54, 0x63) else 8_000)
        digits = [x for x, _, _ in rig.frames(4)]
        wanted = [False] * unsettled + [True] * (4 - unsettled)
        assert [x == 16384 for x in digits] == wanted, (ctrl1, ctrl6, digits)


def test_continuous__burst__rolls_back_from_the_last_register_to_the_first():
    rig = _started(CONTINUOUS)
    rig.wait_us(10 * PERIOD_US + 100)
    assert rig.get(FIFO_SAMPLES) == [10]
    wanted = [(n * DIGIT, -n * DIGIT, (100 + n % 2) * DIGIT) for n in range(10)]
    assert rig.frames(10)[2:] == wanted[2:]  # those before have not settled
    assert rig.get(FIFO_SAMPLES) == [0]
    last = (9 * DIGIT, -9 * DIGIT, 101 * DIGIT)
    assert rig.frames() == [last]  # empty: the registers keep the last one


def test_continuous__filling__shows_threshold_full_and_overrun():
    rig = _started(CONTINUOUS | 16)
    begin_us = rig.world.now_us() - WRITTEN_US
    for samples, state in (
        (0, 0),
        (15, 15),
        (16, FTH | 16),
        (31, FTH | 31),
        (32, FTH | 32),  # full, and nothing overwritten
        (33, FTH | OVR | 32),
        (40, FTH | OVR | 32),
    ):
        rig.world.advance_to(begin_us + samples * PERIOD_US + 1)
        assert rig.get(FIFO_SAMPLES) == [state], samples
    assert rig.get(STATUS) == [0x81]
    assert _x(rig, 2) == [8, 9]
    assert rig.get(FIFO_SAMPLES) == [FTH | 30]
    assert _x(rig, 30) == list(range(10, 40))


def test_continuous__threshold_of_0__is_never_reached():
    rig = _started(CONTINUOUS)
    rig.wait_us(100_000)
    assert rig.get(FIFO_SAMPLES) == [OVR | 32]


def test_fifo_mode__full__keeps_the_oldest_until_bypass_resets_it():
    rig = _started(FIFO | 15)
    rig.wait_us(100 * PERIOD_US)
    assert rig.get(FIFO_SAMPLES) == [FTH | 32]
    assert _x(rig, 32) == list(range(32))
    rig.wait_us(100 * PERIOD_US)
    assert rig.get(FIFO_SAMPLES) == [0]
    rig.put(FIFO_CTRL, BYPASS)
    rig.put(FIFO_CTRL, FIFO)
    rig.wait_us(10 * PERIOD_US)
    assert rig.get(FIFO_SAMPLES) == [10]


def test_fifo__triggered_and_reserved_modes__are_as_before_the_trigger():
    for mode, waiting in ((0b011, 10), (0b100, 0), (0b010, 0), (0b101, 0), (0b111, 0)):
        rig = _started(mode << 5)
        rig.wait_us(10 * PERIOD_US + 100)
        assert rig.get(FIFO_SAMPLES) == [waiting], mode


def test_interrupts__each_on_either_line__come_at_their_sample():
    for ctrl, line in ((CTRL4_INT1, INT1), (CTRL5_INT2, 7)):
        for polarity in (0, 0x08):
            for enabled, samples in ((DRDY, 1), (INT_FTH, 16), (DIFF5, 32), (INT2_OVR, 33)):
                rig = LisRig("lis2dw12", "i2c", Steps(STEP_G), clock_error_ppm=9000, int2=7)
                edges = []
                rig.world.pin = noting(rig.world, edges)
                rig.put(CTRL3, polarity)
                rig.put(ctrl, enabled)
                rig.put(FIFO_CTRL, CONTINUOUS | 16)
                edges.clear()
                rig.put(CTRL1, HZ_400)
                begin_us = rig.world.now_us() - WRITTEN_US
                rig.wait_us(100_000)
                case = (line, polarity, enabled, edges)
                if enabled == INT2_OVR and line == INT1:  # bit 3 there: double tap
                    assert edges == [], case
                    continue
                on, off = (0, 1) if polarity else (1, 0)
                assert len(edges) == 1 and edges[0][1:] == (line, on), case
                assert -1 <= edges[0][0] - begin_us - samples * PERIOD_US / 1.009 <= 1, case
                rig.frames(32)
                assert edges[1][1:] == (line, off), case


def test_faults__supply_and_identity__are_what_the_bus_shows():
    rig = _started(CONTINUOUS)
    rig.wait_us(50_000)
    rig.chip.inject("wrong_identity", {})
    assert rig.get(0x0F) == [0]
    rig.chip.inject("wrong_identity", None)
    assert rig.get(0x0F) == [0x44] and _x(rig, 2) == [0, 1]
    rig.chip.inject("unplugged", {})
    assert rig.get(CTRL1, 2) == [0, IF_ADD_INC] and rig.get(FIFO_SAMPLES) == [0]
    rig.wait_us(1_000_000)
    assert rig.get(FIFO_SAMPLES) == [0] and rig.frames() == [(0, 0, 0)]


def test_rate__changed__plays_the_source_on_from_the_same_moment():
    rig = _started(CONTINUOUS)
    rig.wait_us(22 * PERIOD_US)
    assert _x(rig, 20) == list(range(20))
    rig.put(CTRL1, 0x84)  # 800 Hz
    rig.put(FIFO_CTRL, BYPASS)
    rig.put(FIFO_CTRL, CONTINUOUS)
    rig.wait_us(20_000)
    assert _x(rig, 3)[1:] == [41, 42]  # the first has not settled


def test_rate__changed__asks_the_source_at_the_new_rate():
    class Rate:
        def fill(self, start, count, rate_hz, out):
            for i in range(3 * count):
                out[i] = rate_hz / 1024

    rig = _started(CONTINUOUS, Rate())
    for ctrl1, rate_hz in ((HZ_400, 400), (0x84, 800), (0x64, 200)):
        rig.put(CTRL1, ctrl1)
        rig.put(FIFO_CTRL, BYPASS)
        rig.put(FIFO_CTRL, CONTINUOUS)
        rig.wait_us(11_000)
        assert _x(rig, 2)[-1] == rate_hz * 4, rate_hz
