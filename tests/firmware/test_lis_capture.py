"""Records of a LIS3DH and of a LIS2DW12 whose bus or program fails at any access."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from lis_rig import LisRig, Steps

from node.capture import Capture
from node.drivers import bus
from node.drivers.errors import SensorReset, SensorTimeout
from node.drivers.lis2dw12 import LIS2DW12
from node.drivers.lis3dh import LIS3DH

DRIVERS = {"lis3dh": LIS3DH, "lis2dw12": LIS2DW12}


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
