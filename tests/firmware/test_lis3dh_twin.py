"""The twin of the LIS3DH against its data sheet (DocID17530 rev. 2): bytes in, bytes out."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from lis_rig import LisRig, Steps, noting

CTRL_REG1, CTRL_REG3, CTRL_REG4, CTRL_REG5, CTRL_REG6 = 0x20, 0x22, 0x23, 0x24, 0x25
STATUS_REG, FIFO_CTRL_REG, FIFO_SRC_REG = 0x27, 0x2E, 0x2F
FIFO_EN, BYPASS, FIFO, STREAM, STREAM_TO_FIFO = 0x40, 0x00, 0x40, 0x80, 0xC0
WTM, OVRN, EMPTY = 0x80, 0x40, 0x20
I1_ZYXDA, I1_WTM, I1_OVERRUN = 0x10, 0x04, 0x02
HZ_400 = 0x77
READ_ONLY = (0x27, 0x28, 0x29, 0x2A, 0x2B, 0x2C, 0x2D, 0x2F, 0x31, 0x35, 0x39)
WRITTEN_US = 45  # a write reaches the chip so long before its last byte has passed
ASKED_US = 67  # a read reaches the chip after three bytes of 22.5 us
START_US = 1600  # table 10
DIGIT = 64  # of 10 bits, at the left of 16


def _started(fifo, source=None, ctrl1=HZ_400, ctrl4=0, **config):
    rig = LisRig("lis3dh", "i2c", source or Steps(0.004), **config)
    rig.put(CTRL_REG4, ctrl4)
    if fifo is not None:
        rig.put(CTRL_REG5, FIFO_EN)
        rig.put(FIFO_CTRL_REG, fifo)
    rig.put(CTRL_REG1, ctrl1)
    return rig


def _x(rig, count=1):
    return [x // DIGIT for x, _, _ in rig.frames(count)]


def test_registers__after_power_on__have_their_reset_values():
    rig = LisRig("lis3dh")
    expected = {0x0F: 0x33, 0x1E: 0x10, CTRL_REG1: 0x07, FIFO_SRC_REG: EMPTY}
    values = rig.get(0x00, 0x40)
    for reg in range(0x40):
        assert values[reg] == expected.get(reg, 0), reg


def test_registers__written__only_the_writable_change():
    rig = LisRig("lis3dh")
    for reg in range(0x40):
        before = rig.get(reg)[0]
        rig.put(reg, 0x05)
        fixed = reg < 0x1E or reg in READ_ONLY
        assert rig.get(reg)[0] == (before if fixed else 0x05), reg


def test_i2c__several_bytes__count_up_only_where_the_address_says_so():
    rig = LisRig("lis3dh")
    rig.i2c.writeto_mem(0x18, 0x32 | 0x80, bytes([1, 2]))
    assert rig.get(0x31, 4) == [0, 1, 2, 0]
    assert list(rig.i2c.readfrom_mem(0x18, 0x32, 3)) == [1, 1, 1]
    rig.i2c.writeto_mem(0x18, 0x32, bytes([5, 6]))
    assert rig.get(0x32, 2) == [6, 2]


def test_spi__frames__need_both_bits_and_end_with_chip_select():
    rig = LisRig("lis3dh", "spi", Level(0, 0, 0))
    assert rig.exchange(0x8F, 0) == [0x33]
    rig.exchange(0x40 | 0x32, 7, 8)  # write, several
    assert rig.exchange(0xC0 | 0x32, 0, 0) == [7, 8]
    assert rig.exchange(0x80 | 0x32, 0, 0) == [7, 7]
    rig.exchange(0x32, 1, 2)
    assert rig.exchange(0xC0 | 0x32, 0, 0) == [2, 8]


def test_power_down__time_passes__makes_nothing():
    rig = _started(STREAM, ctrl1=0x07)
    rig.wait_us(10_000_000)
    assert rig.get(FIFO_SRC_REG) == [EMPTY] and rig.chip.next_event_us() is None


def test_rates__each__makes_its_samples_after_the_turn_on_time():
    rates = ((0x17, 1), (0x27, 10), (0x37, 25), (0x47, 50), (0x57, 100), (0x67, 200), (0x77, 400))
    rates += ((0x97, 1344), (0x9F, 5376), (0x8F, 1600), (0x7F, 400))
    for ppm in (-20_000, 0, 20_000):
        for ctrl1, odr_hz in rates:
            rig = _started(STREAM, ctrl1=ctrl1, clock_error_ppm=ppm)
            rate_hz = odr_hz * (1 + ppm * 1e-6)
            begin_us = rig.world.now_us() - WRITTEN_US + START_US
            for samples in (2, 7, 20):
                due_us = begin_us + int(samples * 1e6 / rate_hz) + 1
                rig.world.advance_to(due_us - ASKED_US - 3)
                assert rig.get(FIFO_SRC_REG)[0] & 0x1F == samples - 1, (ppm, odr_hz, samples)
                rig.world.advance_to(due_us)  # the bus adds ASKED_US
                assert rig.get(FIFO_SRC_REG)[0] & 0x1F == samples, (ppm, odr_hz, samples)


def test_rates__codes_that_the_mode_has_not__make_nothing():
    for ctrl1 in (0x87, 0xA7, 0xFF):
        rig = _started(STREAM, ctrl1=ctrl1)
        rig.wait_us(10_000_000)
        assert rig.get(FIFO_SRC_REG) == [EMPTY], ctrl1


def test_ranges__every_mode__scales_clips_and_stands_left():
    for ctrl1, hr, bits in ((0x9F, 0, 8), (0x97, 0, 10), (0x97, 0x08, 12)):
        for code, mg in enumerate((1, 2, 4, 12)):  # table 4
            ctrl4 = code << 4 | hr
            step_g = mg * 1e-3 * (1 << 12 - bits)
            source = Level(7 * step_g, -7 * step_g, 99.0)
            for fifo in (None, STREAM):
                rig = _started(fifo, source, ctrl1, ctrl4)
                rig.wait_us(20_000)
                kept = bits if fifo is None else min(bits, 10)  # 3.6
                seven, rail = 7 << 16 - bits, 32768 - (1 << 16 - kept)
                x, y, z = rig.frames(9 if fifo else 1)[-1]  # the eight before are not settled
                case = (bits, mg, fifo, x, y, z)
                if kept == bits:
                    assert (x, y) == (seven, -seven), case
                else:
                    assert abs(x - seven) <= 32 and x % 64 == 0 and abs(y + seven) <= 32, case
                assert z == rail, case
            rig = _started(None, Level(0, 0, -99.0), ctrl1, ctrl4)
            rig.wait_us(20_000)
            assert rig.frames()[0] == (0, 0, -32768), (bits, mg)


def test_self_test__either_sign__moves_every_axis_within_the_limits():
    for st, sign in ((0x02, 1), (0x04, -1), (0x06, 0)):
        rig = _started(None, Level(0, 0, 0), ctrl4=st)
        rig.wait_us(20_000)
        for digits in rig.frames()[0]:
            moved = sign * digits // DIGIT
            assert 17 <= moved <= 360 if sign else digits == 0, (st, digits)  # table 4


def test_noise__by_bandwidth__is_that_of_the_data_sheet():
    # Normal mode at 1344 Hz has 672 Hz, high resolution 149 Hz (table 10).
    for hr, bits, bandwidth_hz in ((0, 10, 672), (0x08, 12, 149.3)):
        rig = _started(None, Level(0.1, 0.1, 0.1), 0x97, hr, noise=True)
        rig.wait_us(10_000)
        digits = []
        for _ in range(1500):
            rig.wait_us(800)
            digits.extend(rig.frames()[0])
        mean = sum(digits) / len(digits)
        rms = (sum([(value - mean) ** 2 for value in digits]) / len(digits)) ** 0.5
        step = 1 << 16 - bits
        noise = 220e-6 * bandwidth_hz**0.5 / 0.0625e-3
        wanted = (noise**2 + step**2 / 12) ** 0.5
        assert abs(rms / wanted - 1) < 0.05, (hr, rms, wanted)


def test_bypass__samples__the_newest_is_read_and_lost_ones_show_in_the_status():
    rig = _started(None)
    assert rig.get(STATUS_REG) == [0]
    rig.wait_us(START_US + 2_600)
    assert rig.get(STATUS_REG) == [0x0F]
    assert _x(rig) == [0]
    assert rig.get(STATUS_REG) == [0]
    rig.wait_us(25_000)
    assert rig.get(STATUS_REG) == [0xFF]
    assert _x(rig)[0] in (10, 11)
    assert rig.get(STATUS_REG) == [0]


def test_start__first_samples__have_not_settled():
    for hr, unsettled in ((0, 2), (0x08, 8)):  # table 4, note 7
        rig = _started(STREAM, Level(1.0, 1.0, 1.0), ctrl4=hr)
        rig.wait_us(70_000)
        digits = [x for x, _, _ in rig.frames(20)]
        assert [x == digits[-1] for x in digits] == [False] * unsettled + [True] * (20 - unsettled)


def test_fifo__not_enabled__stays_empty_whatever_its_mode():
    rig = _started(None)
    rig.put(FIFO_CTRL_REG, STREAM)
    rig.wait_us(100_000)
    assert rig.get(FIFO_SRC_REG) == [EMPTY]
    rig.put(CTRL_REG5, FIFO_EN)
    rig.wait_us(10_000)
    assert rig.get(FIFO_SRC_REG)[0] & 0x1F == 4


def test_stream__burst__rolls_back_from_the_last_register_to_the_first():
    rig = _started(STREAM)
    rig.wait_us(START_US + 10 * 2500 + 100)
    assert rig.get(FIFO_SRC_REG)[0] & 0x1F == 10
    wanted = [(n * DIGIT, -n * DIGIT, (100 + n % 2) * DIGIT) for n in range(10)]
    assert rig.frames(10)[2:] == wanted[2:]  # those before have not settled
    assert rig.get(FIFO_SRC_REG)[0] & (EMPTY | 0x1F) == EMPTY
    last = (9 * DIGIT, -9 * DIGIT, 101 * DIGIT)
    assert rig.frames() == [last]  # empty: the registers keep the last one


def test_stream__one_byte_read__costs_the_whole_entry():
    rig = _started(STREAM)
    rig.wait_us(START_US + 10 * 2500)
    rig.get(0x28)
    assert _x(rig, 2) == [1, 2]


def test_bypass__burst__goes_on_behind_the_data_registers():
    rig = _started(None, Level(0, 0, 0))
    rig.put(FIFO_CTRL_REG, 0x15)
    assert rig.get(0x2C, 3) == [0, 0, 0x15]


def test_stream__filling__shows_watermark_and_overrun_as_the_table_says():
    rig = _started(STREAM | 15)
    begin_us = rig.world.now_us() - WRITTEN_US + START_US
    for samples, state in (
        (0, EMPTY),
        (1, 1),
        (15, 15),
        (16, WTM | 16),  # more than FTH
        (31, WTM | 31),
        (32, WTM | OVRN | 31),
        (40, WTM | OVRN | 31),
    ):
        rig.world.advance_to(begin_us + samples * 2500 + 1)
        assert rig.get(FIFO_SRC_REG) == [state], samples
    assert _x(rig, 2) == [8, 9]  # the oldest have been overwritten
    assert rig.get(FIFO_SRC_REG) == [WTM | 30]
    assert _x(rig, 30) == list(range(10, 40))


def test_fifo_mode__full__keeps_the_oldest_until_bypass_resets_it():
    rig = _started(FIFO | 15)
    rig.wait_us(100 * 2500)
    assert rig.get(FIFO_SRC_REG) == [WTM | OVRN | 31]
    assert _x(rig, 32) == list(range(32))
    rig.wait_us(100 * 2500)
    assert rig.get(FIFO_SRC_REG) == [EMPTY]
    rig.put(FIFO_CTRL_REG, BYPASS)
    rig.put(FIFO_CTRL_REG, FIFO)
    rig.wait_us(10 * 2500)
    assert rig.get(FIFO_SRC_REG)[0] & 0x1F == 10


def test_fifo__set_to_bypass__is_empty():
    rig = _started(STREAM)
    rig.wait_us(100_000)
    rig.put(FIFO_CTRL_REG, BYPASS)
    rig.put(CTRL_REG1, 0)
    rig.put(FIFO_CTRL_REG, STREAM_TO_FIFO)
    assert rig.get(FIFO_SRC_REG) == [EMPTY]


def test_watermark__reached__raises_the_line_at_the_sample_and_reading_lowers_it():
    for polarity in (0, 0x02):
        for ppm in (0, 13_000):
            rig = LisRig("lis3dh", "i2c", Steps(0.004), clock_error_ppm=ppm)
            edges = []
            rig.world.pin = noting(rig.world, edges)
            rig.put(CTRL_REG6, polarity)
            rig.put(CTRL_REG3, I1_WTM)
            rig.put(CTRL_REG5, FIFO_EN)
            rig.put(FIFO_CTRL_REG, STREAM | 15)
            edges.clear()
            rig.put(CTRL_REG1, HZ_400)
            begin_us = rig.world.now_us() - WRITTEN_US + START_US
            rig.wait_us(50_000)
            on, off = (0, 1) if polarity else (1, 0)
            assert len(edges) == 1 and edges[0][1:] == (INT1, on)
            assert -1 <= edges[0][0] - begin_us - 16 * 2500 / (1 + ppm * 1e-6) <= 1
            waiting = rig.get(FIFO_SRC_REG)[0] & 0x1F
            rig.frames(waiting - 16)
            assert len(edges) == 1
            rig.frames()
            assert len(edges) == 2 and edges[1][1:] == (INT1, off)


def test_interrupts__overrun_and_data_ready__are_told_on_int1():
    for enabled, samples in ((I1_OVERRUN, 32), (I1_ZYXDA, 1)):
        rig = LisRig("lis3dh", "i2c", Steps(0.004))
        edges = []
        rig.world.pin = noting(rig.world, edges)
        rig.put(CTRL_REG3, enabled)
        rig.put(CTRL_REG5, FIFO_EN)
        rig.put(FIFO_CTRL_REG, STREAM)
        rig.put(CTRL_REG1, HZ_400)
        begin_us = rig.world.now_us() - WRITTEN_US + START_US
        rig.wait_us(90_000)
        assert len(edges) == 1 and -1 <= edges[0][0] - begin_us - samples * 2500 <= 1, samples


def test_faults__each__is_what_the_bus_shows():
    rig = _started(STREAM)
    rig.wait_us(50_000)
    rig.chip.inject("wrong_identity", {})
    assert rig.get(0x0F) == [0]
    rig.chip.inject("wrong_identity", None)
    assert rig.get(0x0F) == [0x33]
    rig.chip.inject("stuck", {})
    assert len(set(rig.frames(5))) == 1
    rig.chip.inject("stuck", None)
    assert _x(rig, 2) == [5, 6]
    rig.chip.inject("clipping", {"factor": 2})
    assert _x(rig) == [14]
    rig.chip.inject("clipping", None)
    rig.chip.inject("mounting", {"orientation": "-zxy"})
    assert rig.frames() == [(-100 * DIGIT, 8 * DIGIT, -8 * DIGIT)]
    rig.chip.inject("mounting", None)
    assert _x(rig) == [9]
    rig.chip.inject("unplugged", {})
    assert rig.get(CTRL_REG1) == [0x07] and rig.get(FIFO_SRC_REG) == [EMPTY]
    rig.wait_us(1_000_000)
    assert rig.get(FIFO_SRC_REG) == [EMPTY] and rig.frames() == [(0, 0, 0)]


def test_orientation__impossible__is_refused():
    for wrong in ("xy", "xyzx", "xqz", "x-y-", "--xyz"):
        try:
            LisRig("lis3dh", orientation=wrong)
        except ValueError as error:
            assert error.args[:2] == ("orientation", wrong)
        else:
            raise AssertionError(wrong)


def test_log__samples_served__are_written_down_by_run_and_index():
    rig = _started(STREAM)
    rig.wait_us(60_000)
    digits = [value for frame in rig.frames(10) for value in frame]
    rig.put(CTRL_REG1, 0)
    assert rig.log == [(1, 0, digits)]
    rig.put(FIFO_CTRL_REG, BYPASS)
    rig.put(FIFO_CTRL_REG, STREAM)
    for pause_us in (0, 5_000_000):
        rig.wait_us(pause_us)
        rig.put(CTRL_REG1, HZ_400)
        rig.wait_us(70_000)
        rig.put(CTRL_REG1, 0)
    rig.put(CTRL_REG1, HZ_400)
    rig.wait_us(700_000)
    next_x = _x(rig, 32)[0]
    rig.put(CTRL_REG1, 0)
    assert [entry[:2] for entry in rig.log[1:]] == [(4, 0)]
    assert next_x < 300  # nothing of the waiting was played: the source goes on where it was read
