"""Records of an IIS3DWB: the driver and capture on the twin of the chip, at 26 667 Hz."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from iis3dwb_rig import Rig3DWB
from lis_rig import Steps

from node.capture import Capture
from node.drivers import bus
from node.drivers.errors import SensorReset
from node.drivers.iis3dwb import IIS3DWB

ODR_HZ = 26_667


def _rig(source=None, range_g=8, **config):
    rig = Rig3DWB(source or Steps(0.016), **config)  # up to 6.4 g
    sensor = rig.sensor(IIS3DWB, bus, 5_000_000)
    sensor.configure(ODR_HZ, range_g)
    return rig, sensor


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for irq in (False, True):
        for ppm in (-20_000, 13_000):
            for samples in (256, 1024):
                rig, sensor = _rig(clock_error_ppm=ppm)
                capture = Capture(samples, rig.pin() if irq else None, rig.clock)
                for run in (1, 2):
                    record = capture.record(sensor)
                    case = (irq, ppm, samples, record.rate_hz, record.overruns, record.gaps)
                    assert record.valid, case
                    if samples == 1024:
                        true_hz = ODR_HZ * (1 + ppm * 1e-6)
                        assert abs(record.rate_hz / true_hz - 1) < 0.001, case
                    assert (record.run, record.first, record.samples) == (run, 256, samples), case
                    digits = rig.served(run)
                    for axis in range(3):
                        assert list(capture.blocks[axis]) == digits[3 * 256 + axis :: 3], case


def test_record__first_samples__are_settled():
    rig, sensor = _rig(Level(2.0, -2.0, 1.0))
    capture = Capture(256, None, rig.clock)
    capture.record(sensor)
    assert [len(set(block)) for block in capture.blocks] == [1, 1, 1]
    assert rig.served(1)[0] not in list(capture.blocks[0])


def test_record__interrupt_wire_broken__polls():
    rig, sensor = _rig(int1=None, clock_error_ppm=-9000)
    record = Capture(1024, rig.pin(), rig.clock).record(sensor)
    assert record.valid and abs(record.rate_hz / ODR_HZ / 0.991 - 1) < 0.001


def test_record__fault_under_way__is_in_the_evidence():
    rig, sensor = _rig(Level(0.1, 0.5, 1.0), 2, noise=True)
    capture = Capture(512, rig.pin(), rig.clock)
    assert capture.record(sensor).valid
    rig.chip.inject("overrun", {})
    record = capture.record(sensor)
    assert record.overruns >= 1 and not record.valid
    rig.chip.inject("overrun", None)
    rig.chip.inject("stuck", {})
    assert capture.record(sensor).stuck == 7
    rig.chip.inject("stuck", None)
    rig.chip.inject("clipping", {"factor": 3})
    assert capture.record(sensor).clipped > 400
    rig.chip.inject("clipping", None)
    assert capture.record(sensor).valid


def test_record__supply_lost_after_the_last_sample__is_a_reset():
    rig, sensor = _rig()
    read_into = sensor.read_into

    def losing(x, y, z, at, count):
        read_into(x, y, z, at, count)
        if at + count == 512:
            rig.chip.inject("unplugged", {})

    sensor.read_into = losing
    try:
        Capture(512, None, rig.clock).record(sensor)
    except SensorReset as error:
        assert error.reg == 0x10
    else:
        raise AssertionError("not found")


def test_record__supply_lost_while_reading__is_an_error_and_the_next_is_good():
    rig, sensor = _rig()
    read_into = sensor.read_into
    plug = [2]

    def losing(x, y, z, at, count):
        plug[0] -= 1
        if plug[0] == 0:
            rig.chip.inject("unplugged", {})
            rig.chip.inject("unplugged", None)
        read_into(x, y, z, at, count)

    sensor.read_into = losing
    capture = Capture(512, None, rig.clock)
    try:
        capture.record(sensor)
    except OSError:
        pass
    else:
        raise AssertionError("words of an empty FIFO were taken for samples")
    assert capture.record(sensor).valid


def test_record__quiet_machine_in_the_coarsest_range__is_not_taken_for_stuck():
    rig, sensor = _rig(Level(0.0, 0.0, 1.0), 16, noise=True)
    capture = Capture(4096, rig.pin(), rig.clock)
    assert capture.record(sensor).valid
