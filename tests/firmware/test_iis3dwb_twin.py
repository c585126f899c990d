"""The twin of the IIS3DWB against its data sheet (DS12569): bytes in, bytes out, no driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from iis3dwb_rig import Rig3DWB
from lis_rig import Steps, noting

FIFO_CTRL1, FIFO_CTRL2, FIFO_CTRL3, FIFO_CTRL4 = 0x07, 0x08, 0x09, 0x0A
INT1_CTRL, INT2_CTRL, CTRL1_XL, CTRL3_C, CTRL5_C = 0x0D, 0x0E, 0x10, 0x12, 0x14
STATUS, OUTX_L, FREQ_FINE = 0x1E, 0x28, 0x63
ON = 0xA0
FIFO, CONTINUOUS = 0x01, 0x06
WTM, OVR, FULL, LATCHED = 0x80, 0x40, 0x20, 0x08
ODR_HZ = 26_667
STEP_G = 2 / 32768
TAGS = (0x11, 0x12, 0x14, 0x17)  # sensor 2, counter 0 to 3, an even number of ones


def _started(mode, source=None, watermark=0, ctrl1=ON, **config):
    rig = Rig3DWB(source or Steps(STEP_G), **config)
    rig.put(FIFO_CTRL1, watermark & 0xFF)
    rig.put(FIFO_CTRL2, watermark >> 8)
    rig.put(FIFO_CTRL3, 0x0A)
    rig.put(FIFO_CTRL4, mode)
    rig.put(CTRL1_XL, ctrl1)
    return rig


def _wait(rig, samples):
    """From the start, until so many samples have been made."""
    rig.world.advance_to(rig.chip._begin_us + int((samples + 0.5) * 1e6 / rig.chip._rate_hz))


def test_registers__after_power_on__have_their_reset_values():
    rig = Rig3DWB()
    expected = {0x02: 0x3F, 0x0F: 0x7B, CTRL3_C: 0x04, 0x18: 0xE0}
    values = rig.get(0x00, 0x78)
    for reg in range(0x78):
        assert values[reg] == expected.get(reg, 0), reg


def test_registers__written__only_the_writable_change():
    rig = Rig3DWB()
    writable = {0x02, 0x10, 0x73, 0x74, 0x75}
    writable.update(range(0x07, 0x0F), range(0x12, 0x1A), range(0x56, 0x60))
    for reg in range(0x78):
        before = rig.get(reg)[0]
        rig.put(reg, 0x44)  # no reset, the address counts up
        assert rig.get(reg)[0] == (0x44 if reg in writable else before), reg


def test_ctrl3__reset_and_boot__end_by_themselves():
    rig = _started(CONTINUOUS)
    rig.put(CTRL3_C, 0x84)
    assert rig.get(CTRL1_XL) == [ON] and rig.get(CTRL3_C) == [0x04]
    rig.put(CTRL3_C, 0x05)
    assert rig.get(CTRL1_XL) == [0] and rig.get(CTRL3_C) == [0x04]
    rig.wait_us(10_000)
    assert rig.waiting() == (0, 0)


def test_several_bytes__address_counts_up_as_the_register_says():
    rig = Rig3DWB()
    rig.exchange(0x0B, 1, 2)
    assert rig.get(0x0A, 4) == [0, 1, 2, 0]
    rig.put(CTRL3_C, 0)
    assert rig.get(0x0B, 2) == [1, 1]


def test_rate__with_a_clock_error__makes_its_samples_and_tells_its_trim():
    for ppm, trim in ((-30_000, 0xEC), (-700, 0), (0, 0), (30_000, 20)):
        rig = _started(CONTINUOUS, clock_error_ppm=ppm)
        begin_us, rate_hz = rig.chip._begin_us, ODR_HZ * (1 + ppm * 1e-6)
        for samples in (1, 50, 500):
            due_us = begin_us + int(samples * 1e6 / rate_hz) + 1
            rig.world.advance_to(due_us - 2)
            assert rig.waiting()[0] == samples - 1, (ppm, samples)
            rig.world.advance_to(due_us)
            assert rig.waiting()[0] == samples, (ppm, samples)
        assert rig.get(FREQ_FINE) == [trim]


def test_rate__codes_that_are_none__make_nothing():
    for ctrl1 in (0x00, 0x20, 0x80, 0xC0, 0xE0):
        rig = _started(CONTINUOUS, ctrl1=ctrl1)
        rig.wait_us(10_000)
        assert rig.waiting() == (0, 0) and rig.chip.next_event_us() is None, ctrl1
    for batch in (0x00, 0x09, 0x0B):
        rig = _started(CONTINUOUS)
        rig.put(FIFO_CTRL3, batch)
        rig.wait_us(10_000)
        assert rig.waiting() == (0, 0) and rig.get(STATUS) == [1], batch


def test_ranges__each_code__scales_and_clips():
    for code, range_g in enumerate((2, 16, 4, 8)):  # FS_XL
        step_g = range_g / 32768
        rig = _started(0, Level(7 * step_g, -99.0, 99.0), ctrl1=ON | code << 2)
        _wait(rig, 300)
        assert rig.get(STATUS) == [1]
        assert rig.get(OUTX_L, 6) == [7, 0, 0x00, 0x80, 0xFF, 0x7F], range_g
        assert rig.get(STATUS) == [0]


def test_self_test__either_sign__moves_every_axis_within_the_limits():
    for st, sign in ((0b01, 1), (0b10, -1), (0b11, 0)):
        rig = _started(CONTINUOUS, Level(0, 0, 0), ctrl1=ON | 0x08)
        rig.put(CTRL5_C, st)
        _wait(rig, 100)
        for digits in rig.words(100)[99][1:]:
            moved_mg = sign * digits * 4000 / 32768
            assert 800 <= moved_mg <= 3200 if sign else digits == 0, (st, digits)


def test_noise__over_the_bandwidth__is_that_of_the_data_sheet():
    rig = _started(CONTINUOUS, Level(0.1, 0.1, 0.1), noise=True)
    _wait(rig, 500)
    digits = []
    for word in rig.words(500)[100:]:
        digits.extend(word[1:])
    mean = sum(digits) / len(digits)
    rms = (sum([(value - mean) ** 2 for value in digits]) / len(digits)) ** 0.5
    wanted = 75e-6 * 6300**0.5 * 16384
    assert abs(rms / wanted - 1) < 0.06, (rms, wanted)


def test_fifo__burst__rolls_from_the_last_byte_to_the_next_words_tag():
    rig = _started(CONTINUOUS)
    _wait(rig, 80)
    words = rig.words(80)
    assert [word[0] for word in words] == [TAGS[n & 3] for n in range(80)]
    for n in range(64, 80):  # those before have not settled
        assert words[n][1:] == (n, -n, 100 + n % 2)
    assert words[10][1:] == (5, -5, 50)
    rig.put(CTRL1_XL, 0)
    assert rig.words(rig.waiting()[0])[0][1] == 80
    assert rig.words() == [(0, 0, 0, 0)]  # empty: the tag of no sensor


def test_continuous__filling__shows_threshold_full_and_overrun():
    rig = _started(CONTINUOUS, watermark=300)
    for samples, state in (
        (0, (0, 0)),
        (299, (299, 0)),
        (300, (300, WTM)),
        (511, (511, WTM | FULL)),
        (512, (512, WTM | FULL)),  # full, and nothing overwritten
        (513, (512, WTM | FULL | OVR | LATCHED)),
        (600, (512, WTM | FULL | OVR | LATCHED)),
    ):
        _wait(rig, samples)
        assert rig.waiting() == state, samples
    assert rig.waiting() == (512, WTM | FULL | OVR)  # the latch ended with its reading
    assert [word[:2] for word in rig.words(20)][:2] == [(TAGS[0], 88), (TAGS[1], 89)]
    assert rig.waiting()[1] & OVR == 0


def test_fifo_mode__full__keeps_the_oldest_until_bypass_resets_it():
    rig = _started(FIFO)
    _wait(rig, 2000)
    assert rig.waiting() == (512, FULL)
    words = rig.words(512)
    assert words[511][1:3] == (511 % 400, -(511 % 400))
    rig.wait_us(10_000)
    assert rig.waiting() == (0, 0)
    rig.put(FIFO_CTRL4, 0)
    rig.put(FIFO_CTRL4, FIFO)
    rig.wait_us(390)
    assert rig.waiting() == (10, 0)


def test_interrupts__each_on_either_line__come_at_their_sample():
    for ctrl, line in ((INT1_CTRL, INT1), (INT2_CTRL, 7)):
        for polarity in (0, 0x20):
            for enabled, samples in ((0x01, 1), (0x08, 300), (0x10, 513)):
                rig = Rig3DWB(Steps(STEP_G), clock_error_ppm=9000, int2=7)
                edges = []
                rig.world.pin = noting(rig.world, edges)
                rig.put(CTRL3_C, 0x04 | polarity)
                rig.put(ctrl, enabled)
                rig.exchange(FIFO_CTRL1, 300 & 0xFF, 300 >> 8, 0x0A, CONTINUOUS)
                edges.clear()
                rig.put(CTRL1_XL, ON)
                begin_us = rig.chip._begin_us
                rig.wait_us(30_000)
                case = (line, polarity, enabled, edges)
                on, off = (0, 1) if polarity else (1, 0)
                assert len(edges) == 1 and edges[0][1:] == (line, on), case
                due_us = samples * 1e6 / ODR_HZ / 1.009
                assert -1 <= edges[0][0] - begin_us - due_us <= 1, case
                rig.get(OUTX_L, 6)
                rig.words(500)
                assert edges[1][1:] == (line, off), case


def test_faults__supply_and_identity__are_what_the_bus_shows():
    rig = _started(CONTINUOUS)
    _wait(rig, 100)
    rig.chip.inject("wrong_identity", {})
    assert rig.get(0x0F) == [0]
    rig.chip.inject("wrong_identity", None)
    assert rig.get(0x0F) == [0x7B] and rig.waiting()[0] == 100
    rig.chip.inject("unplugged", {})
    assert rig.get(CTRL1_XL) == [0] and rig.waiting() == (0, 0)
    rig.wait_us(100_000)
    assert rig.waiting() == (0, 0) and rig.words() == [(0, 0, 0, 0)]
