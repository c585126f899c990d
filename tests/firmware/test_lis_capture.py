"""Records of a LIS3DH and of a LIS2DW12: the drivers and capture on the twins of the chips."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from lis_rig import LisRig, Steps

from node.capture import Capture
from node.drivers import bus
from node.drivers.errors import SensorReset, SensorTimeout
from node.drivers.lis2dw12 import LIS2DW12
from node.drivers.lis3dh import LIS3DH

DRIVERS = {"lis3dh": LIS3DH, "lis2dw12": LIS2DW12}


def _rig(chip, kind, odr_hz, source=None, range_g=8, **config):
    rig = LisRig(chip, kind, source or Steps(0.016), **config)  # up to 6.4 g
    sensor = rig.sensor(DRIVERS[chip], bus)
    sensor.configure(odr_hz, range_g)
    return rig, sensor


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for chip, kind, odr_hz in (
        ("lis3dh", "spi", 5376),
        ("lis3dh", "i2c", 1600),
        ("lis3dh", "spi", 1344),
        ("lis3dh", "i2c", 100),
        ("lis2dw12", "spi", 1600),
        ("lis2dw12", "i2c", 1600),
        ("lis2dw12", "i2c", 50),
    ):
        for irq in (False, True):
            for ppm in (-20_000, 13_000):
                rig, sensor = _rig(chip, kind, odr_hz, clock_error_ppm=ppm)
                capture = Capture(1024, rig.pin() if irq else None, rig.clock)
                for run in (1, 2):
                    record = capture.record(sensor)
                    case = (chip, kind, odr_hz, irq, ppm, record.rate_hz, record.overruns)
                    assert record.valid, case
                    true_hz = odr_hz * (1 + ppm * 1e-6)
                    assert abs(record.rate_hz / true_hz - 1) < 0.001, case
                    first = sensor.settling_samples
                    assert (record.run, record.first, record.samples) == (run, first, 1024), case
                    digits = rig.served(run)
                    for axis in range(3):
                        served = digits[3 * first + axis :: 3]
                        assert list(capture.blocks[axis]) == served, case


def test_record__first_samples__are_settled():
    for chip, rates in (("lis3dh", (5376, 1344, 400)), ("lis2dw12", (1600, 800, 100))):
        for odr_hz in rates:
            rig, sensor = _rig(chip, "spi", odr_hz, Level(2.0, -2.0, 1.0))
            capture = Capture(64, None, rig.clock)
            capture.record(sensor)
            assert [len(set(block)) for block in capture.blocks] == [1, 1, 1], (chip, odr_hz)
            assert rig.served(1)[0] not in list(capture.blocks[0]), (chip, odr_hz)


def test_record__interrupt_wire_broken__polls():
    for chip, odr_hz in (("lis3dh", 1344), ("lis2dw12", 1600)):
        rig, sensor = _rig(chip, "spi", odr_hz, int1=None, clock_error_ppm=-9000)
        record = Capture(1024, rig.pin(), rig.clock).record(sensor)
        assert record.valid and abs(record.rate_hz / odr_hz / 0.991 - 1) < 0.001, chip


def test_record__fault_under_way__is_in_the_evidence_or_raised():
    for chip in DRIVERS:
        rig, sensor = _rig(chip, "i2c", 400, Level(0.1, 0.5, 1.0), 2, noise=True)
        capture = Capture(256, rig.pin(), rig.clock)
        assert capture.record(sensor).valid, chip
        rig.chip.inject("overrun", {})
        record = capture.record(sensor)
        assert record.overruns == 1 and not record.valid, chip
        rig.chip.inject("overrun", None)
        rig.chip.inject("stuck", {})
        assert capture.record(sensor).stuck == 7, chip
        rig.chip.inject("stuck", None)
        rig.chip.inject("clipping", {"factor": 3})
        assert capture.record(sensor).clipped > 200, chip
        rig.chip.inject("clipping", None)
        assert capture.record(sensor).valid, chip


class Spoiled:
    """A bus that calls back at its access number `at`, before it is made."""

    kind = "i2c"

    def __init__(self, rig):
        self._bus = bus.I2CRegisters(rig.i2c, 0x18)
        self.rate_hz, self.multiple = self._bus.rate_hz, 0
        self.accesses, self.at, self.then = 0, -1, None

    def _count(self):
        self.accesses += 1
        if self.accesses == self.at:
            self.then()

    def read_into(self, reg, buf):
        self._count()
        self._bus.read_into(reg, buf)

    def write(self, reg, value):
        self._count()
        self._bus.write(reg, value)


def _spoiled(chip, irq=False):
    """A rig, its bus with no access counted yet, the sensor at 400 Hz, and a capture."""
    rig = LisRig(chip, "i2c", Steps(0.004))
    spoiled = Spoiled(rig)
    sensor = DRIVERS[chip](spoiled)
    sensor.configure(400, 2)
    spoiled.accesses = 0
    return rig, spoiled, sensor, Capture(128, rig.pin() if irq else None, rig.clock)


def test_record__program_late_at_any_access__is_not_valid():
    for chip in DRIVERS:
        for irq in (False, True):
            rig, spoiled, sensor, capture = _spoiled(chip, irq)
            capture.record(sensor)
            # Not seen by capture: being late for the last reading; no harm: what follows it.
            last = spoiled.accesses - 3
            for at in range(12, last + 1, 1 if irq else 5):
                rig, spoiled, sensor, capture = _spoiled(chip, irq)
                spoiled.at, spoiled.then = at, lambda rig=rig: rig.wait_us(120_000)
                record = capture.record(sensor)
                assert record.overruns + record.gaps >= 1, (chip, irq, at, last)
                assert not record.valid, (chip, irq, at)


def test_record__bus_fails_at_any_access__raises_and_the_next_record_is_whole():
    def fail():
        raise OSError(5)

    for chip in DRIVERS:
        for irq in (False, True):
            for at in (1, 2, 5, 10, 11, 12, 13, 14, 15, 30):
                rig, spoiled, sensor, capture = _spoiled(chip, irq)
                spoiled.at, spoiled.then = at, fail
                try:
                    capture.record(sensor)
                except OSError as error:
                    assert error.args[0] == 5
                else:
                    raise AssertionError((chip, irq, at))
                assert rig.chip.odr_hz() == 0, (chip, irq, at)  # powered down
                record = capture.record(sensor)
                assert record.valid and record.run == rig.chip._run, (chip, irq, at)
                first = 3 * sensor.settling_samples
                assert list(capture.blocks[0]) == rig.served(record.run)[first::3]


def test_record__supply_lost_in_between__raises():
    for chip in DRIVERS:
        seen = set()
        for at in (2, 12, 30, 60):
            rig, spoiled, sensor, capture = _spoiled(chip)

            def pull(rig=rig):
                rig.chip.inject("unplugged", {})
                rig.chip.inject("unplugged", None)

            spoiled.at, spoiled.then = at, pull
            try:
                valid = capture.record(sensor).valid
            except (SensorReset, SensorTimeout) as error:
                seen.add(type(error).__name__)
            else:
                assert valid and at == 2, (chip, at)  # lost before the first write: no harm
            assert capture.record(sensor).valid, (chip, at)
        assert "SensorTimeout" in seen, (chip, seen)


def test_record__supply_lost_after_the_last_sample__is_a_reset():
    for chip in DRIVERS:
        rig, sensor = _rig(chip, "i2c", 400)
        read_into = sensor.read_into

        def losing(x, y, z, at, count, rig=rig, read_into=read_into):
            read_into(x, y, z, at, count)
            if at + count == 128:
                rig.chip.inject("unplugged", {})

        sensor.read_into = losing
        try:
            Capture(128, None, rig.clock).record(sensor)
        except SensorReset as error:
            assert error.reg == 0x20, chip
        else:
            raise AssertionError(chip)


def test_record__quiet_machine_in_a_coarse_range__is_not_taken_for_stuck():
    # At 16 g a digit of the LIS3DH is 48 mg, eight times its noise: standing still proves nothing.
    rig, sensor = _rig("lis3dh", "spi", 1344, Level(0.0, 0.0, 1.008), 16, noise=True)
    capture = Capture(1024, None, rig.clock)
    assert capture.record(sensor).valid
    assert len(set(capture.blocks[0])) == 1
    # At 2 g its noise shows, and so does that of the LIS2DW12 at 16 g.
    for chip, odr_hz, range_g in (("lis3dh", 1344, 2), ("lis2dw12", 1600, 16)):
        rig, sensor = _rig(chip, "spi", odr_hz, Level(0.0, 0.0, 1.0), range_g, noise=True)
        capture = Capture(1024, None, rig.clock)
        assert capture.record(sensor).valid, chip
        rig.chip.inject("stuck", {})
        assert capture.record(sensor).stuck == 7, chip
