"""The twin of the ADXL345 against its data sheet (rev. G): bytes in, bytes out, no driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level, Ramp, Rig

BW_RATE, POWER_CTL, INT_ENABLE, INT_MAP, INT_SOURCE = 0x2C, 0x2D, 0x2E, 0x2F, 0x30
DATA_FORMAT, FIFO_CTL, FIFO_STATUS = 0x31, 0x38, 0x39
MEASURE = 0x08
FULL_RES = 0x08
WRITTEN_US = 45  # a write reaches the chip so long before its last byte has passed
ASKED_US = 67  # a read reaches the chip after three bytes of 22.5 us
BYPASS, FIFO, STREAM, TRIGGER = 0x00, 0x40, 0x80, 0xC0
OVERRUN, WATERMARK, DATA_READY = 0x01, 0x02, 0x80
DOUBLES = 1.0 + 1e-10 != 1.0  # floats of this interpreter


def _started(fifo, source=None, code=0x0D, form=FULL_RES | 3, **config):
    rig = Rig("i2c", source or Ramp(), **config)
    rig.put(BW_RATE, code)
    rig.put(DATA_FORMAT, form)
    rig.put(FIFO_CTL, fifo)
    rig.put(POWER_CTL, MEASURE)
    return rig


def _noting(world, edges):
    def pin(number, level):
        edges.append((world.now_us(), number, level))

    return pin


def test_registers__after_power_on__have_their_reset_values():
    rig = Rig("i2c")
    expected = {0x00: 0xE5, BW_RATE: 0x0A, INT_SOURCE: 0x02}
    values = rig.get(0x00, 0x3A)
    for reg in range(0x3A):
        assert values[reg] == expected.get(reg, 0), reg


def test_registers__written__only_the_writable_change():
    rig = Rig("i2c")
    for reg in range(0x3A):
        before = rig.get(reg)[0]
        rig.put(reg, 0x15)
        read_only = reg < 0x1D or reg in (0x2B, 0x30) or 0x32 <= reg <= 0x37 or reg == 0x39
        assert rig.get(reg)[0] == (before if read_only else 0x15), reg


def test_registers__multi_byte_access__counts_up():
    rig = Rig("i2c")
    rig.i2c.writeto_mem(0x53, 0x1E, bytes([1, 2, 3]))
    assert rig.get(0x1D, 5) == [0, 1, 2, 3, 0]


def test_spi__frames__need_both_bits_and_end_with_chip_select():
    rig = Rig("spi", Level(0, 0, 0))

    def exchange(*out):
        got = bytearray(len(out))
        rig.cs(0)
        rig.spi.write_readinto(bytes(out), got)
        rig.cs(1)
        return list(got)[1:]

    assert exchange(0x80, 0) == [0xE5]
    exchange(0x40 | 0x1E, 7, 8, 9)  # write, multiple
    assert exchange(0xC0 | 0x1E, 0, 0, 0) == [7, 8, 9]
    assert exchange(0x80 | 0x1E, 0, 0) == [7, 7]  # one register, again and again
    exchange(0x1E, 1, 2)
    assert exchange(0xC0 | 0x1E, 0, 0) == [2, 8]
    got = bytearray(1)
    rig.spi.write_readinto(b"\x80", got)  # nobody is selected
    assert got[0] == 0


def test_standby__time_passes__makes_nothing():
    rig = Rig("i2c", Ramp())
    rig.put(FIFO_CTL, STREAM)
    rig.wait_us(10_000_000)
    assert rig.get(FIFO_STATUS) == [0]
    assert rig.chip.next_event_us() is None


def test_rates__each__makes_its_samples_after_the_turn_on_time():
    for ppm in (-20_000, 0, 20_000):
        for code in range(16):
            rig = _started(STREAM, code=code, clock_error_ppm=ppm)
            # In whole numbers: floats of 24 bits do not tell 200 s to the microsecond.
            per_sample, parts = 2 ** (15 - code) * 10**12, 3200 * (1_000_000 + ppm)
            begin_us = rig.world.now_us() - WRITTEN_US + 1100
            for samples in (1, 7, 20):
                span_us = samples * per_sample // parts
                slack_us = 0 if DOUBLES else span_us >> 21  # what the twin's own floats lose
                due_us = begin_us + span_us + 1 + slack_us
                rig.world.advance_to(due_us - ASKED_US - 3 - 2 * slack_us)
                assert rig.get(FIFO_STATUS) == [samples - 1], (ppm, code, samples)
                rig.world.advance_to(due_us)  # the bus adds ASKED_US
                assert rig.get(FIFO_STATUS) == [samples], (ppm, code, samples)


def test_ranges__full_resolution_and_ten_bit__scale_clip_and_justify():
    for code in (0x0D, 0x0E, 0x0F):
        for range_code in range(4):
            for form in (0, FULL_RES):
                for justify in (0, 0x04):
                    range_g = 2 << range_code
                    bits = 10 + (range_code if form else 0)
                    per_g = 256 if form else 256 >> range_code
                    shift = 16 - bits if justify else 0
                    rig = _started(
                        BYPASS,
                        Level(1.504, -1.504, 40.0),
                        code=code,
                        form=form | justify | range_code,
                    )
                    rig.wait_us(20_000)
                    x, y, z = rig.axes()
                    case = (code, range_g, form, justify)
                    rail = 1 << bits - 1
                    even = code >= 0x0E and (form or not range_code)
                    for digits, wanted in ((x, 1.504 * per_g), (y, -1.504 * per_g)):
                        wanted = int((wanted + 0.5) // 1)
                        assert digits == (wanted & ~1 if even else wanted) << shift, case
                    assert z == (rail - 1 & ~1 if even else rail - 1) << shift, case
                    rig.chip.sampler.source.g = (0, 0, -40.0)
                    rig.put(BW_RATE, code ^ 0x10)
                    rig.put(BW_RATE, code)
                    rig.wait_us(20_000)
                    assert rig.axes()[2] == -rail << shift, case


def test_offsets_and_self_test__shift_the_output():
    rig = _started(BYPASS, Level(0.5, 0.5, 0.5))
    rig.put(0x1E, 10)
    rig.put(0x1F, 0xF6)  # -10
    rig.wait_us(20_000)
    assert rig.axes() == [128 + 40, 128 - 40, 128]
    rig.put(DATA_FORMAT, 0x80 | FULL_RES | 3)
    rig.wait_us(20_000)
    x, y, z = rig.axes()
    assert 50 <= x - 168 <= 540 and 50 <= 88 - y <= 540 and 75 <= z - 128 <= 875  # table 15


def test_orientation__signs_and_axes__are_those_of_the_mounting():
    rig = _started(BYPASS, Level(0.25, 0.5, 1.0), orientation="-zxy")
    rig.wait_us(20_000)
    assert rig.axes() == [-256, 64, 128]
    for wrong in ("xy", "xyzx", "xqz"):
        try:
            Rig("i2c", orientation=wrong)
        except ValueError as error:
            assert error.args[:2] == ("orientation", wrong)
        else:
            raise AssertionError(wrong)


def test_noise__per_rate__is_that_of_the_data_sheet():
    for code, doublings in ((0x08, 0), (0x0A, 0), (0x0D, 3)):
        rig = _started(STREAM, Level(0.1, 0.1, 0.1), code=code, noise=True)
        sums, squares = [0, 0, 0], [0, 0, 0]
        count = 1500
        for _ in range(count):
            rig.wait_us(50_000 if code == 8 else 12_000 if code == 10 else 1_300)
            digits = rig.axes()
            for axis in range(3):
                sums[axis] += digits[axis]
                squares[axis] += digits[axis] ** 2
        for axis, lsb in enumerate((0.75, 0.75, 1.1)):
            deviation = (squares[axis] / count - (sums[axis] / count) ** 2) ** 0.5
            wanted = (lsb * lsb * 2**doublings + 1 / 12) ** 0.5  # and that of the digit
            assert abs(deviation / wanted - 1) < 0.08, (code, axis, deviation, wanted)


def test_bypass__samples__the_newest_is_read_and_lost_ones_are_an_overrun():
    rig = _started(BYPASS)
    rig.wait_us(2_400)  # the first is there
    assert rig.get(INT_SOURCE)[0] & (DATA_READY | OVERRUN) == DATA_READY
    assert rig.axes() == [0, 0, 256]
    assert rig.get(INT_SOURCE)[0] & (DATA_READY | OVERRUN) == 0
    rig.wait_us(12_500)
    assert rig.get(INT_SOURCE)[0] & (DATA_READY | OVERRUN) == DATA_READY | OVERRUN
    x = rig.axes()[0]
    assert x in (10, 11)
    assert rig.get(INT_SOURCE)[0] & OVERRUN == 0
    assert rig.get(FIFO_STATUS) == [0]


def test_stream__full__drops_the_oldest_and_says_so():
    rig = _started(STREAM | 16)
    rig.wait_us(1100 + 31 * 1250)
    assert rig.get(FIFO_STATUS) == [31] and not rig.get(INT_SOURCE)[0] & OVERRUN
    rig.wait_us(1250)
    assert rig.get(FIFO_STATUS) == [32] and rig.get(INT_SOURCE)[0] & OVERRUN
    rig.wait_us(100 * 1250)
    assert rig.get(FIFO_STATUS) == [33]
    newest = rig.chip._made - 1
    assert rig.axes()[0] == newest - 32
    assert rig.get(INT_SOURCE)[0] & OVERRUN  # still full
    assert rig.axes()[0] == newest - 31
    assert not rig.get(INT_SOURCE)[0] & OVERRUN
    assert [rig.axes()[0] for _ in range(20)] == list(range(newest - 30, newest - 10))


def test_stream__a_few_too_many__drops_only_those():
    rig = _started(STREAM | 16)
    rig.wait_us(1100 + 30 * 1250)
    assert rig.get(FIFO_STATUS) == [30]
    rig.wait_us(5 * 1250)
    assert rig.get(FIFO_STATUS) == [33]
    assert [rig.axes()[0] for _ in range(31)] == list(range(2, 33))


def test_fifo_mode__full__keeps_the_oldest_and_goes_on_when_read():
    rig = _started(FIFO | 16)
    rig.wait_us(100 * 1250)
    assert rig.get(FIFO_STATUS) == [32] and rig.get(INT_SOURCE)[0] & OVERRUN
    assert [rig.axes()[0] for _ in range(3)] == [0, 1, 2]
    rig.wait_us(10 * 1250)
    assert rig.get(FIFO_STATUS) == [32]
    digits = [rig.axes()[0] for _ in range(32)]
    assert digits[:29] == list(range(3, 32))
    assert digits[29] > 90 and digits[30] == digits[29] + 1


def test_trigger_mode__event__keeps_the_last_samples_and_fills_up():
    rig = _started(TRIGGER | 5)
    rig.wait_us(100 * 1250)
    assert rig.get(FIFO_STATUS) == [33]
    made = rig.chip._made
    rig.chip.trigger()
    assert rig.get(FIFO_STATUS) == [5]
    rig.wait_us(100 * 1250)
    assert rig.get(FIFO_STATUS) == [32]
    assert [rig.axes()[0] for _ in range(32)] == list(range(made - 5, made + 27))


def test_fifo__set_to_bypass__is_empty():
    rig = _started(STREAM)
    rig.wait_us(100_000)
    rig.put(FIFO_CTL, BYPASS)
    rig.put(POWER_CTL, 0)
    rig.put(FIFO_CTL, STREAM)
    assert rig.get(FIFO_STATUS) == [0]


def test_fifo__one_byte_read__costs_the_whole_entry():
    rig = _started(STREAM)
    rig.wait_us(1100 + 10 * 1250)
    assert rig.get(0x32) == [0]
    assert rig.axes()[0] == 1
    while rig.get(FIFO_STATUS)[0]:
        last = rig.axes()
    assert rig.axes() == last  # empty: the registers keep the last one


def test_watermark__reached__raises_the_line_at_the_sample_and_reading_lowers_it():
    for invert in (0, 0x20):
        for ppm in (0, 13_000):
            rig = Rig("i2c", Ramp(), clock_error_ppm=ppm)
            edges = []
            rig.world.pin = _noting(rig.world, edges)
            rig.put(BW_RATE, 0x0D)
            rig.put(DATA_FORMAT, FULL_RES | invert | 3)
            rig.put(FIFO_CTL, STREAM | 16)
            rig.put(INT_ENABLE, WATERMARK)
            edges.clear()
            rig.put(POWER_CTL, MEASURE)
            begin_us = rig.world.now_us() - WRITTEN_US + 1100
            rig.wait_us(30_000)
            on, off = (0, 1) if invert else (1, 0)
            assert len(edges) == 1 and edges[0][1:] == (INT1, on)
            period_us = 1250 / (1 + ppm * 1e-6)
            assert -1 <= edges[0][0] - begin_us - 16 * period_us <= 1
            while len(edges) == 1:
                before = rig.get(FIFO_STATUS)[0]
                rig.axes()
            assert before == 16 and rig.get(FIFO_STATUS) == [15]
            assert len(edges) == 2 and edges[1][1:] == (INT1, off)


def test_interrupts__mapped_to_int2__leave_int1_alone():
    rig = Rig("i2c", Ramp(), int2=7)
    rig.put(INT_MAP, DATA_READY)
    rig.put(INT_ENABLE, DATA_READY | OVERRUN)
    rig.put(FIFO_CTL, STREAM)
    rig.put(POWER_CTL, MEASURE)
    rig.wait_us(1100 + 10_000)
    assert rig.world.pin_state(7).level == 1 and rig.world.pin_state(INT1).level == 0
    rig.wait_us(320_000)
    assert rig.world.pin_state(INT1).level == 1
    rig.put(INT_ENABLE, 0)
    assert rig.world.pin_state(7).level == 0 and rig.world.pin_state(INT1).level == 0


def test_log__samples_served__are_written_down_by_run_and_index():
    rig = _started(STREAM)
    rig.wait_us(60_000)
    digits = [value for _ in range(10) for value in rig.axes()]
    rig.put(POWER_CTL, 0)
    assert rig.log == [(1, 0, digits)]
    rig.put(FIFO_CTL, BYPASS)
    rig.put(FIFO_CTL, STREAM)
    rig.put(POWER_CTL, MEASURE)
    rig.wait_us(700_000)
    for _ in range(33):
        rig.axes()
    rig.put(POWER_CTL, 0)
    assert [(run, first, len(frames)) for run, first, frames in rig.log[1:]] == [
        (2, 0, 96),
        (2, 32, 3),
    ]


def test_source__second_run__goes_on_where_the_first_was_read_to():
    for pause_us in (0, 5_000_000):
        rig = _started(STREAM)
        rig.wait_us(20_000)
        assert [rig.axes()[0] for _ in range(5)] == [0, 1, 2, 3, 4]
        rig.put(POWER_CTL, 0)
        rig.wait_us(pause_us)
        rig.put(FIFO_CTL, BYPASS)
        rig.put(FIFO_CTL, STREAM)
        rig.put(POWER_CTL, MEASURE)
        rig.wait_us(20_000)
        assert [rig.axes()[0] for _ in range(3)] == [5, 6, 7]
