"""A record and its evidence: the driver and capture on the twin of the chip."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Ramp, Rig

from node.capture import Capture
from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters


def _sensor(rig, odr_hz=800):
    if hasattr(rig, "i2c"):
        sensor = ADXL345(I2CRegisters(rig.i2c, 0x53))
    else:
        sensor = ADXL345(SPIRegisters(rig.spi, rig.cs))
    sensor.configure(odr_hz, 16)
    return sensor


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for kind, odr_hz in (("i2c", 800), ("spi", 3200), ("i2c", 100)):
        for irq in (False, True):
            for ppm in (-20_000, 0, 20_000):
                rig = Rig(kind, Ramp(), clock_error_ppm=ppm)
                sensor = _sensor(rig, odr_hz)
                capture = Capture(1024, rig.pin() if irq else None, rig.clock)
                for run in (1, 2):
                    record = capture.record(sensor)
                    case = (kind, odr_hz, irq, ppm, record.rate_hz, record.gaps, record.overruns)
                    assert record.valid, case
                    true_hz = odr_hz * (1 + ppm * 1e-6)
                    assert abs(record.rate_hz / true_hz - 1) < 0.001, case
                    assert (record.run, record.first) == (run, 4)
                    assert record.samples == 1024
                    digits = rig.served(run)
                    for axis in range(3):
                        block = list(capture.blocks[axis])
                        assert block == digits[12 + axis :: 3], case
