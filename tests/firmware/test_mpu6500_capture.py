"""Records of an MPU-6500 and of an MPU-6050: the drivers and capture on the twins of the chips."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from lis_rig import Steps
from mpu_rig import MpuRig

from node.capture import Capture
from node.drivers import bus
from node.drivers.errors import SensorReset
from node.drivers.mpu6500 import MPU6050, MPU6500

DRIVERS = {"mpu6500": MPU6500, "mpu6050": MPU6050}


def _rig(chip, kind, odr_hz, source=None, range_g=8, **config):
    rig = MpuRig(chip, kind, source or Steps(0.016), **config)  # up to 6.4 g
    sensor = rig.sensor(DRIVERS[chip], bus)
    sensor.configure(odr_hz, range_g)
    return rig, sensor


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for chip, kind, odr_hz in (
        ("mpu6500", "spi", 4000),
        ("mpu6500", "i2c", 4000),
        ("mpu6500", "i2c", 1000),
        ("mpu6050", "i2c", 1000),
        ("mpu6050", "i2c", 100),
    ):
        for ppm in (-40_000, 13_000):
            rig, sensor = _rig(chip, kind, odr_hz, clock_error_ppm=ppm)
            capture = Capture(1024, None, rig.clock)
            for run in (1, 2):
                record = capture.record(sensor)
                case = (chip, kind, odr_hz, ppm, record.rate_hz, record.overruns, record.gaps)
                assert record.valid, case
                true_hz = odr_hz * (1 + ppm * 1e-6)
                assert abs(record.rate_hz / true_hz - 1) < 0.001, case
                first = sensor.settling_samples
                assert (record.run, record.first, record.samples) == (run, first, 1024), case
                digits = rig.served(run)
                for axis in range(3):
                    assert list(capture.blocks[axis]) == digits[3 * first + axis :: 3], case


def test_record__a_pin_is_given_all_the_same__capture_polls():
    # The chips have no interrupt for a watermark; theirs tells an overflow.  (At 4000 Hz waiting
    # in vain for an edge takes longer than the FIFO lasts: there no pin may be given.)
    for chip, kind, odr_hz in (("mpu6500", "spi", 1000), ("mpu6050", "i2c", 1000)):
        assert not DRIVERS[chip].watermark_interrupt
        rig, sensor = _rig(chip, kind, odr_hz, clock_error_ppm=-9000)
        record = Capture(1024, rig.pin(), rig.clock).record(sensor)
        assert record.valid and abs(record.rate_hz / odr_hz / 0.991 - 1) < 0.001, chip


def test_record__first_samples__are_settled():
    for chip, odr_hz in (("mpu6500", 4000), ("mpu6500", 50), ("mpu6050", 1000), ("mpu6050", 50)):
        rig, sensor = _rig(chip, "i2c", odr_hz, Level(2.0, -2.0, 1.0))
        capture = Capture(256, None, rig.clock)
        capture.record(sensor)
        assert [len(set(block)) for block in capture.blocks] == [1, 1, 1], (chip, odr_hz)
        assert rig.served(1)[0] not in list(capture.blocks[0]), (chip, odr_hz)


def test_record__fault_under_way__is_in_the_evidence():
    for chip in DRIVERS:
        rig, sensor = _rig(chip, "i2c", 1000, Level(0.1, 0.5, 1.0), 2, noise=True)
        capture = Capture(256, None, rig.clock)
        assert capture.record(sensor).valid, chip
        rig.chip.inject("overrun", {})
        record = capture.record(sensor)
        assert record.overruns >= 1 and not record.valid, chip
        rig.chip.inject("overrun", None)
        rig.chip.inject("stuck", {})
        assert capture.record(sensor).stuck == 7, chip
        rig.chip.inject("stuck", None)
        rig.chip.inject("clipping", {"factor": 3})
        assert capture.record(sensor).clipped > 200, chip
        rig.chip.inject("clipping", None)
        assert capture.record(sensor).valid, chip


def test_record__supply_lost_after_the_last_sample__is_a_reset():
    for chip in DRIVERS:
        rig, sensor = _rig(chip, "i2c", 1000)
        read_into = sensor.read_into

        def losing(x, y, z, at, count, rig=rig, read_into=read_into):
            read_into(x, y, z, at, count)
            if at + count == 256:
                rig.chip.inject("unplugged", {})

        sensor.read_into = losing
        try:
            Capture(256, None, rig.clock).record(sensor)
        except SensorReset as error:
            assert error.reg == 0x23, chip
        else:
            raise AssertionError(chip)
        sensor.read_into = read_into
        assert Capture(256, None, rig.clock).record(sensor).valid, chip


def test_record__quiet_machine_in_the_coarsest_range__is_not_taken_for_stuck():
    for chip, odr_hz in (("mpu6500", 1000), ("mpu6050", 1000), ("mpu6500", 10), ("mpu6050", 10)):
        rig, sensor = _rig(chip, "i2c", odr_hz, Level(0.0, 0.0, 1.0), 16, noise=True)
        assert Capture(1024, None, rig.clock).record(sensor).valid, (chip, odr_hz)
