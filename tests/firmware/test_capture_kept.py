"""Blocks in a row: the sensor streams on while features are computed, and what became of it."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Ramp, Rig

from node.capture import Capture, make_blocks
from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.errors import SensorReset
from node.stamps import Stamps


def _sensor(rig, odr_hz=800):
    if hasattr(rig, "i2c"):
        sensor = ADXL345(I2CRegisters(rig.i2c, 0x53))
    else:
        sensor = ADXL345(SPIRegisters(rig.spi, rig.cs))
    sensor.configure(odr_hz, 16)
    return sensor


def _small(irq=False, odr_hz=800, kind="i2c", **config):
    rig = Rig(kind, Ramp(), **config)
    return rig, _sensor(rig, odr_hz), Capture(128, rig.pin() if irq else None, rig.clock)


def test_record__kept_and_computed_in_time__goes_on_with_the_very_next_sample():
    for kind, odr_hz, pause_us in (("i2c", 800, 18_000), ("spi", 3200, 4_500), ("i2c", 800, 0)):
        for irq in (False, True):
            rig, sensor, capture = _small(irq, odr_hz, kind, clock_error_ppm=9000)
            blocks = []
            for block in range(5):
                record = capture.record(sensor, keep=block < 4)
                case = (kind, irq, pause_us, block, record.overruns, record.gaps, record.rate_hz)
                assert record.valid and record.joined == (block > 0), case
                assert (record.run, record.first) == (1, 4 + 128 * block), case
                blocks += list(capture.blocks[0])
                rig.wait_us(pause_us)
            assert blocks == rig.served(1)[12::3]
            # The rate is that of the whole run: better than 128 samples could tell.
            assert record.span_samples > 500 and record.measured_ppm < (300 if irq else 3000)
            assert abs(record.measured_hz / odr_hz / 1.009 - 1) < 0.001, case
            assert record.new_samples <= 160


def test_record__kept_but_computed_too_long__starts_anew_and_says_so():
    # The FIFO holds 32 samples of 1.25 ms, and 12 of a watermark were not for the block before.
    for irq in (False, True):
        rig, sensor, capture = _small(irq)
        found = []
        for pause_us in (0, 18_000, 41_000, 3_000_000, 10_000):
            rig.wait_us(pause_us)
            record = capture.record(sensor, keep=True)
            assert record.valid, (irq, pause_us, record.overruns, record.gaps)
            found.append((record.run, record.first, record.joined))
        assert found == [
            (1, 4, False),
            (1, 132, True),
            (2, 4, False),
            (3, 4, False),
            (3, 132, True),
        ]
        assert rig.chip._run == 3


def test_record__not_kept__is_in_standby_and_the_next_one_starts_anew():
    rig, sensor, capture = _small()
    capture.record(sensor, keep=True)
    assert rig.chip._regs[0x2D] & 8
    capture.record(sensor)
    assert not rig.chip._regs[0x2D] & 8
    assert not capture.record(sensor).joined
    capture.record(sensor, keep=True)
    capture.release()
    assert not rig.chip._regs[0x2D] & 8
    record = capture.record(sensor)
    assert (record.run, record.joined) == (3 + 1, False)


def test_record__kept_by_another_object__starts_anew():
    rig, sensor, capture = _small()
    capture.record(sensor, keep=True)
    other = _sensor(rig)
    record = capture.record(other, keep=True)
    assert (record.run, record.joined) == (2, False)


def test_record__another_capture_in_between__both_start_anew_and_count_the_same_runs():
    rig, sensor, _ = _small()
    stamps = Stamps(rig.pin(), rig.clock)
    blocks = make_blocks(64)
    one = Capture(64, blocks=blocks, stamps=stamps)
    two = Capture(64, blocks=blocks, stamps=stamps)
    found = []
    for capture in (one, two, one, one):
        record = capture.record(sensor, keep=True)
        assert record.valid
        found.append((record.run, record.joined))
    assert found == [(1, False), (2, False), (3, False), (3, True)]
    assert rig.chip._run == 3


def test_record__supply_lost_while_kept__is_a_reset_and_the_next_is_good():
    rig, sensor, capture = _small()
    capture.record(sensor, keep=True)
    rig.chip.inject("unplugged", {})
    rig.chip.inject("unplugged", None)
    try:
        capture.record(sensor, keep=True)
    except SensorReset:
        pass
    else:
        raise AssertionError("went on")
    record = capture.record(sensor, keep=True)
    assert record.valid and not record.joined


def test_record__samples_missing_while_kept__are_a_gap():
    for irq in (False, True):
        rig, sensor, capture = _small(irq)
        capture.record(sensor, keep=True)
        rig.wait_us(10_000)
        rig.chip._begin_us += 5 * 1250  # the chip has paused
        made_at = rig.chip._made_at
        rig.chip._made_at = lambda now_us, chip=rig.chip, at=made_at: max(chip._made, at(now_us))
        record = capture.record(sensor, keep=True)
        assert record.joined and record.gaps == 1 and not record.valid


def test_record__blocks_of_another_length__are_refused():
    try:
        Capture(128, blocks=make_blocks(64))
    except ValueError as error:
        assert error.args == ("samples", 128, 64)
    else:
        raise AssertionError("taken")
