"""The twin of the KX134-1211 against its manual (rev. 1.0): bytes in, bytes out, no driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from kx134_rig import Counting, Rig134
from lis_rig import noting

XOUT, WHO_AM_I, INS2, INT_REL = 0x08, 0x13, 0x17, 0x1A
CNTL1, CNTL2, ODCNTL, INC1, INC4 = 0x1B, 0x1C, 0x21, 0x22, 0x25
BUF_CNTL1, BUF_CNTL2, BUF_CLEAR, BUF_READ = 0x5E, 0x5F, 0x62, 0x63
BFI, WMI, DRDY = 0x40, 0x20, 0x10
WRITTEN_US = 45  # a write reaches the chip so long before its last byte has passed
ASKED_US = 67  # and a read so long before its byte has
FIFO, STREAM = 0xE0, 0xE1
DOUBLES = 1.0 + 1e-10 != 1.0  # floats of this interpreter


def _started(source=None, osa=9, gsel=1, buffer=STREAM, watermark=0, **config):
    rig = Rig134("i2c", source or Counting(), **config)
    rig.put(ODCNTL, 0x40 | osa)
    rig.put(BUF_CNTL1, watermark)
    rig.put(BUF_CNTL2, buffer)
    rig.put(INC1, 0x30)
    rig.put(INC4, 0x20)
    rig.put(CNTL1, 0xC0 | gsel << 3)
    return rig


def test_registers__after_power_on__have_their_reset_values():
    rig = Rig134()
    for reg, value in (
        (0x01, 0x46),
        (0x12, 0x55),
        (WHO_AM_I, 0x46),
        (CNTL1, 0),
        (CNTL2, 0x3F),
        (ODCNTL, 0x06),
        (INC1, 0x10),
        (INC4, 0),
        (0x26, 0x10),
        (BUF_CNTL2, 0),
        (0x65, 0x02),
    ):
        assert rig.get(reg) == [value], reg
    assert rig.waiting() == 0


def test_registers__written__only_the_writable_change_and_only_in_standby():
    rig = Rig134()
    for reg in range(0x80):
        if reg in (CNTL1, CNTL2):
            continue
        before = rig.get(reg)[0]
        rig.put(reg, 0x15)
        writable = reg > CNTL1 and not 0x60 <= reg <= BUF_READ
        assert rig.get(reg)[0] == (0x15 if writable else before), reg
    rig = _started()
    rig.put(ODCNTL, 0)
    rig.put(CNTL1, 0xD8)
    assert rig.get(ODCNTL) == [0x49] and rig.get(CNTL1) == [0xC8]
    rig.put(CNTL1, 0)
    rig.put(ODCNTL, 0)
    assert rig.get(ODCNTL) == [0]
    rig.put(CNTL2, 0x80)
    assert rig.get(ODCNTL) == [0x06] and rig.get(CNTL2) == [0x3F]


def test_spi__frames__have_seven_bits_of_address_and_count_up():
    rig = Rig134("spi")
    assert rig.exchange(0x80 | 0x12, 0, 0) == [0x55, 0x46]
    rig.exchange(0x5E, 7, 0x61)
    assert rig.exchange(0x80 | 0x5E, 0, 0) == [7, 0x61]
    assert rig.exchange(0x80 | BUF_READ, 0, 0, 0) == [0, 0, 0]  # empty, and the address stays


def test_standby__time_passes__makes_nothing_and_keeps_the_buffer():
    rig = _started()
    rig.wait_us(10_200)
    rig.put(CNTL1, 0)
    assert rig.waiting() == 24
    rig.wait_us(1_000_000)
    assert rig.waiting() == 24 and rig.chip.next_event_us() is None
    rig.get(BUF_READ, 2)
    rig.put(BUF_CLEAR, 0)
    assert rig.waiting() == 0


def test_rates__each__makes_its_samples():
    for ppm in (-20_000, 0, 20_000):
        for osa in range(16):
            rig = _started(osa=osa, clock_error_ppm=ppm)
            # In whole numbers: floats of 24 bits do not tell 75 s to the microsecond.
            per_sample, parts = 2 ** (15 - osa) * 10**12, 25600 * (1_000_000 + ppm)
            begin_us = rig.world.now_us() - WRITTEN_US
            for samples in (8, 21, 60):
                span_us = samples * per_sample // parts
                slack_us = 0 if DOUBLES else span_us >> 21  # what the twin's own floats lose
                due_us = begin_us + span_us + 1 + slack_us
                asked_us = due_us - 3 - 2 * slack_us
                rig.world.advance_to(asked_us - ASKED_US)
                assert rig.chip._made_at(asked_us) == samples - 1, (ppm, osa, samples)
                assert rig.waiting() == 6 * (samples - 1), (ppm, osa, samples)


def test_ranges__each__scales_and_clips():
    for gsel, range_g in enumerate((8, 16, 32, 64)):
        per_g = 32768 // range_g
        rig = _started(Level(1.5, -1.5, 99.0), gsel=gsel)
        rig.wait_us(3000)
        assert rig.axes() == [(1.5 * per_g, -1.5 * per_g, 32767)], range_g
        rig.chip.sampler.source = Level(0, 0, -99.0)
        rig.chip.sampler._chunk = -1
        assert rig.axes(XOUT) == [(0, 0, -32768)]


def test_noise__per_rate_and_filter__is_that_of_the_data_sheet():
    for osa, lpro, range_g in ((12, 0x40, 8), (12, 0, 8), (7, 0x40, 16)):
        rig = Rig134("i2c", Level(0.1, 0.1, 0.1), noise=True)
        rig.put(ODCNTL, lpro | osa)
        rig.put(BUF_CNTL2, STREAM)
        rig.put(CNTL1, 0xC0 | (8 if range_g == 16 else 0))
        odr_hz = 25600 / 2 ** (15 - osa)
        values = []
        for _ in range(12):
            rig.wait_us(int(50e6 / odr_hz))
            values.extend(rig.axes(count=50))
        for axis in range(3):
            column = [value[axis] for value in values]
            mean = sum(column) / 600
            deviation = (sum([(v - mean) ** 2 for v in column]) / 600) ** 0.5
            wanted = 300e-6 * (odr_hz / (2 if lpro else 9)) ** 0.5 * 32768 / range_g
            assert abs(deviation / wanted - 1) < 0.12, (osa, axis, deviation, wanted)


def test_self_test__code_written__shifts_the_output():
    rig = Rig134("i2c", Level(0, 0, 1.0))
    rig.put(0x5D, 0xCA)
    rig.put(BUF_CNTL2, STREAM)
    rig.put(CNTL1, 0xC0)
    rig.wait_us(30_000)
    assert rig.axes() == [(2048, 2048, 6144)]


def test_stream__full__drops_the_oldest_and_says_so_until_it_is_read():
    rig = _started()
    rig.wait_us(85 * 2500)
    assert rig.waiting() == 510 and not rig.get(INS2)[0] & BFI
    rig.wait_us(20 * 2500)
    assert rig.waiting() == 516 and rig.get(INS2)[0] & BFI
    newest = rig.chip._made - 1
    assert rig.axes()[0][:2] == (newest - 85, 85 - newest)
    assert not rig.get(INS2)[0] & BFI


def test_fifo_mode__full__keeps_the_oldest():
    rig = _started(buffer=FIFO)
    rig.wait_us(120 * 2500)
    assert rig.waiting() == 516
    assert [sample[0] for sample in rig.axes(count=3)] == [0, 1, 2]


def test_buffer__read_in_part__goes_on_where_it_was_left():
    rig = _started()
    rig.wait_us(5 * 2500)
    rig.put(CNTL1, 0x48)  # standby, in the same range
    left = rig.waiting()
    rig.axes()
    assert rig.get(BUF_READ, 2) == [1, 0] and rig.waiting() == left - 8
    assert rig.get(BUF_READ, 4) == [0xFF, 0xFF, 0x01, 0x08]
    assert rig.axes()[0][0] == 2


def test_output_registers__read__give_the_newest_and_leave_the_buffer():
    rig = _started()
    rig.wait_us(10 * 2500)
    rig.put(CNTL1, 0x48)  # standby, in the same range
    newest = rig.chip._made - 1
    assert rig.axes(XOUT)[0][:2] == (newest, -newest)
    assert rig.waiting() == 6 * (newest + 1) and rig.axes()[0][0] == 0


def test_watermark__reached__latches_the_line_until_it_is_released():
    for high in (0x10, 0):
        for ppm in (0, 13_000):
            rig = Rig134("i2c", Counting(), clock_error_ppm=ppm)
            edges = []
            rig.put(ODCNTL, 0x49)
            rig.put(BUF_CNTL1, 32)
            rig.put(BUF_CNTL2, STREAM)
            rig.put(INC1, 0x20 | high)
            rig.put(INC4, WMI)
            rig.world.pin = noting(rig.world, edges)
            rig.put(CNTL1, 0xC8)
            begin_us = rig.world.now_us() - WRITTEN_US
            rig.wait_us(32 * 2600)
            on, off = (1, 0) if high else (0, 1)
            assert len(edges) == 1 and edges[0][1:] == (INT1, on), edges
            assert -1 <= edges[0][0] - begin_us - 32 * 2500 / (1 + ppm * 1e-6) <= 1
            rig.get(INT_REL)
            assert len(edges) == 1 and rig.get(INS2)[0] & WMI  # enough wait still
            rig.axes(count=10)
            assert len(edges) == 1 and not rig.get(INS2)[0] & WMI
            rig.get(INT_REL)
            assert len(edges) == 2 and edges[1][1:] == (INT1, off)


def test_interrupts__on_int2__leave_int1_alone():
    rig = Rig134("i2c", Counting(), int2=7)
    rig.put(BUF_CNTL2, STREAM)
    rig.put(INC1, 0x10)
    rig.put(0x26, 0x30)
    rig.put(0x27, BFI | DRDY)
    rig.put(CNTL1, 0x80)
    rig.wait_us(100_000)
    assert rig.world.pin_state(7).level == 1 and rig.world.pin_state(INT1).level == 0
    assert rig.get(0x19) == [0x10]


def test_log__samples_served__are_written_down_by_run_and_index():
    rig = _started()
    rig.wait_us(40 * 2500)
    samples = rig.axes(count=35)
    rig.put(CNTL1, 0)
    assert [(run, first) for run, first, _ in rig.log] == [(1, 0), (1, 32)]
    assert rig.served(1) == [digit for sample in samples for digit in sample]


def test_faults__supply_and_identity__are_lost():
    rig = _started()
    rig.chip.inject("wrong_identity", {})
    assert rig.get(WHO_AM_I) == [0]
    rig.chip.inject("wrong_identity", None)
    assert rig.get(WHO_AM_I) == [0x46]
    rig.wait_us(50_000)
    rig.chip.inject("unplugged", {})
    assert rig.get(CNTL1) == [0] and rig.waiting() == 0
