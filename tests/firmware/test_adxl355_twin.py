"""The twin of the ADXL355 against its data sheet (rev. B): bytes in, bytes out, no driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from adxl355_rig import Counting, Rig355
from lis_rig import noting

STATUS, FIFO_ENTRIES, XDATA3, FIFO_DATA = 0x04, 0x05, 0x08, 0x11
FILTER, FIFO_SAMPLES, INT_MAP, RANGE, POWER_CTL = 0x28, 0x29, 0x2A, 0x2C, 0x2D
SELF_TEST, RESET = 0x2E, 0x2F
START_US = 10_000
WRITTEN_US = 45  # a write reaches the chip so long before its last byte has passed


def _started(source=None, code=0, range_code=1, **config):
    rig = Rig355("i2c", source or Counting(), **config)
    rig.put(FILTER, code)
    rig.put(RANGE, 0x40 | range_code)
    rig.put(POWER_CTL, 0)
    return rig


def _left(rig):
    return rig.get(FIFO_ENTRIES)[0]


def test_registers__after_power_on__have_their_reset_values():
    rig = Rig355()
    expected = {0: 0xAD, 1: 0x1D, 2: 0xED, 3: 0x01, FIFO_SAMPLES: 0x60, RANGE: 0x81}
    expected[POWER_CTL] = expected[0x27] = 1
    for reg in range(0x30):
        if reg != FIFO_DATA:
            assert rig.get(reg) == [expected.get(reg, 0)], reg


def test_registers__written__only_the_writable_change():
    rig = Rig355()
    for reg in range(0x2D):
        if reg == FIFO_DATA:
            continue
        before = rig.get(reg)[0]
        rig.put(reg, 0x15)
        assert rig.get(reg)[0] == (0x15 if reg >= 0x1E else before), reg


def test_registers__multi_byte_access__counts_up_but_at_the_fifo():
    rig = Rig355()
    rig.i2c.writeto_mem(0x1D, 0x1E, bytes([1, 2, 3]))
    assert rig.get(0x1E, 4) == [1, 2, 3, 0]
    assert rig.get(0x10, 7) == [0] + [0, 0, 2] * 2  # empty, and empty again


def test_reset__code_written__brings_the_reset_values():
    rig = _started()
    rig.put(RESET, 0x51)
    assert rig.get(POWER_CTL) == [0]
    rig.put(RESET, 0x52)
    assert rig.get(POWER_CTL) == [1] and rig.get(RANGE) == [0x81] and _left(rig) == 0


def test_spi__frames__have_the_read_bit_last():
    rig = Rig355("spi", Level(0, 0, 0))
    assert rig.exchange(0x00 << 1 | 1, 0, 0, 0) == [0xAD, 0x1D, 0xED]
    rig.exchange(0x1E << 1, 7, 8)
    assert rig.exchange(0x1E << 1 | 1, 0, 0, 0) == [7, 8, 0]
    rig.exchange(0x80 | 0x2D, 0)  # the command of an ADXL345: register 0x56 of this one
    assert rig.exchange(0x2D << 1 | 1, 0) == [1]


def test_measuring__configuration_written__is_not_taken():
    rig = _started()
    rig.put(FILTER, 5)
    assert rig.get(FILTER) == [0]
    rig.put(POWER_CTL, 1)
    rig.put(FILTER, 5)
    assert rig.get(FILTER) == [5]


def test_standby__time_passes__makes_nothing_and_keeps_the_fifo():
    rig = _started()
    rig.wait_us(START_US + 4 * 250)
    rig.put(POWER_CTL, 1)
    left = _left(rig)
    assert left in (12, 15)
    rig.wait_us(1_000_000)
    assert _left(rig) == left and rig.chip.next_event_us() is None


def test_rates__each__makes_its_samples_after_the_turn_on_time():
    for ppm in (-20_000, 0, 20_000):
        for code in range(11):
            rig = _started(code=code, clock_error_ppm=ppm)
            rate_hz = 4000 / 2**code * (1 + ppm * 1e-6)
            begin_us = rig.world.now_us() - WRITTEN_US + START_US
            for samples in (1, 7, 20):
                due_us = begin_us + int(samples * 1e6 / rate_hz) + 1
                rig.world.advance_to(due_us - 70)  # the bus adds 67
                assert _left(rig) == 3 * (samples - 1), (ppm, code, samples)
                rig.world.advance_to(due_us)
                assert _left(rig) == 3 * samples, (ppm, code, samples)


def test_ranges__each__scales_and_clips():
    for range_code, per_g in ((1, 256_000), (2, 128_000), (3, 64_000)):
        for g in (0.75, -0.75, 1.999, -1.999):
            rig = _started(Level(g, 99.0, -99.0), range_code=range_code)
            rig.wait_us(START_US + 300)
            x, y, z = rig.frames()[0]
            assert abs(x - g * per_g) <= 1, (range_code, g)  # a float32 of g
            assert (y, z) == (524287, -524288)


def test_data_registers__read__give_the_newest_and_leave_the_fifo():
    rig = _started()
    rig.wait_us(START_US + 10 * 250)
    rig.put(POWER_CTL, 1)
    newest = rig.chip._made - 1
    raw = rig.get(XDATA3, 9)
    assert raw[0] << 12 | raw[1] << 4 | raw[2] >> 4 == newest * 16
    assert raw[2] & 0x0F == raw[5] & 0x0F == 0
    assert _left(rig) == 3 * (newest + 1) and rig.frames(2) == [
        (0, 0, 256_000),
        (16, -16, 256_016),
    ]


def test_offsets_and_self_test__shift_the_output():
    rig = Rig355("i2c", Level(0.5, 0.5, 0.5), noise=False)
    rig.i2c.writeto_mem(0x1D, 0x1E, bytes([0x00, 0x10, 0xFF, 0xF0]))
    rig.put(FILTER, 0)
    rig.put(POWER_CTL, 0)
    rig.wait_us(START_US + 300)
    assert rig.frames() == [(128_000 + 256, 128_000 - 256, 128_000)]
    rig.put(POWER_CTL, 1)
    rig.put(SELF_TEST, 3)
    rig.put(POWER_CTL, 0)
    rig.wait_us(START_US + 300)
    rig.frames(_left(rig) // 3 - 1)
    x, y, z = rig.frames()[0]
    assert x == 128_256 + 76_800 and y == 127_744 + 76_800 and z == 128_000 + 384_000


def test_noise__per_rate__is_that_of_the_data_sheet():
    for code, range_code in ((0, 1), (5, 3)):
        rig = _started(Level(0.1, 0.1, 0.1), code, range_code, noise=True)
        period_us = 250 << code
        squares, sums, count = [0, 0, 0], [0, 0, 0], 600
        rig.wait_us(START_US)
        for _ in range(count // 20):
            rig.wait_us(20 * period_us)
            for frame in rig.frames(20):
                for axis in range(3):
                    sums[axis] += frame[axis]
                    squares[axis] += frame[axis] ** 2
        wanted = 22.5e-6 * (1000 / 2**code) ** 0.5 * (256_000 >> range_code - 1)
        for axis in range(3):
            deviation = (squares[axis] / count - (sums[axis] / count) ** 2) ** 0.5
            assert abs(deviation / wanted - 1) < 0.12, (code, axis, deviation, wanted)


def test_temperature__of_the_die__is_in_twelve_bits():
    for celsius, raw in ((25.0, 1885), (85.0, 1885 - 543), (-40.0, 1885 + 588)):
        rig = _started(temperature_c=celsius)
        high, low = rig.get(0x06, 2)
        assert high << 8 | low == raw
    rig.put(POWER_CTL, 1)
    assert rig.get(0x06, 2) == [0, 0]


def test_fifo__full__drops_the_oldest_and_says_so_until_it_is_told():
    rig = _started()
    rig.wait_us(START_US + 32 * 250)
    assert _left(rig) == 96 and rig.get(STATUS)[0] & 0x06 == 0x02
    rig.wait_us(5 * 250)
    assert _left(rig) == 96
    newest = rig.chip._made - 1
    assert rig.frames()[0][0] == 16 * (newest - 31)
    assert rig.get(STATUS)[0] & 0x04 and not rig.get(STATUS)[0] & 0x04


def test_fifo__entry_read_in_part__is_gone():
    rig = _started()
    rig.wait_us(START_US + 5 * 250)
    rig.put(POWER_CTL, 1)
    left = _left(rig)
    assert rig.get(FIFO_DATA) == [0]
    assert _left(rig) == left - 1
    assert rig.get(FIFO_DATA, 6)[2] == 0  # y: no marker
    assert _left(rig) == left - 3
    assert rig.frames(1) == [(16, -16, 256_016)]


def test_fifo__empty__says_so():
    rig = _started()
    rig.wait_us(START_US + 300)
    assert rig.get(FIFO_DATA, 15)[9:] == [0, 0, 2] * 2


def test_watermark__reached__raises_the_line_at_the_sample_and_reading_lowers_it():
    for polarity in (0, 0x40):
        for ppm in (0, 13_000):
            rig = Rig355("i2c", Counting(), clock_error_ppm=ppm)
            edges = []
            rig.put(RANGE, polarity | 1)
            rig.put(FIFO_SAMPLES, 48)
            rig.put(INT_MAP, 0x02)
            rig.put(FILTER, 3)
            rig.world.pin = noting(rig.world, edges)
            rig.put(POWER_CTL, 0)
            begin_us = rig.world.now_us() - WRITTEN_US + START_US
            rig.wait_us(START_US + 16 * 2000 + 100)
            on, off = (1, 0) if polarity else (0, 1)
            assert len(edges) == 1 and edges[0][1:] == (INT1, on), edges
            assert -1 <= edges[0][0] - begin_us - 16 * 2000 / (1 + ppm * 1e-6) <= 1
            rig.get(STATUS)
            assert len(edges) == 1  # enough wait still
            rig.frames(2)
            assert len(edges) == 2 and edges[1][1:] == (INT1, off)


def test_interrupts__data_ready_and_overrun__on_both_lines():
    rig = Rig355("i2c", Counting(), int2=7)
    rig.put(RANGE, 0x41)
    rig.put(INT_MAP, 0x41)  # ready on INT1, overrun on INT2
    rig.put(POWER_CTL, 0)
    rig.wait_us(START_US + 300)
    lines = [rig.world.pin_state(number) for number in (INT1, 7)]
    assert [line.level for line in lines] == [1, 0]
    rig.get(STATUS)
    assert [line.level for line in lines] == [0, 0]
    rig.wait_us(40 * 250)
    assert [line.level for line in lines] == [1, 1]


def test_log__samples_served__have_the_upper_sixteen_bits():
    rig = _started(Level(2.0, -2.0, -1 / 256_000))
    rig.wait_us(START_US + 600)
    rig.frames(2)
    rig.put(POWER_CTL, 1)
    assert rig.log == [(1, 0, [32000, -32000, -1] * 2)]


def test_faults__supply_and_identity__are_lost():
    rig = _started()
    rig.chip.inject("wrong_identity", {})
    assert rig.get(0, 3) == [0, 0, 0]
    rig.chip.inject("wrong_identity", None)
    assert rig.get(0, 3) == [0xAD, 0x1D, 0xED]
    rig.wait_us(START_US + 3000)
    rig.chip.inject("unplugged", {})
    assert rig.get(POWER_CTL) == [1] and _left(rig) == 0
