"""Blocks in a row of each chip: the very next sample in time, a new run where it took too long."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl355_rig import Counting, Rig355
from iis3dwb_rig import Rig3DWB
from kx134_rig import Rig134
from lis_rig import LisRig, Steps
from mpu_rig import MpuRig

from node import drivers
from node.capture import Capture
from node.drivers import bus

# chip, bus, odr_hz, range_g, and how many samples surely fit into the pause between two records
CHIPS = (
    ("adxl355", "spi", 4000, 2, 16),
    ("adxl355", "i2c", 500, 2, 16),
    # 54, less what comes in the 450 us that a Pico takes until it reads them
    ("kx134", "spi", 25600, 16, 54 - 6),
    ("kx134", "i2c", 800, 16, 54),
    ("lis2dw12", "spi", 1600, 8, 16),
    ("lis3dh", "i2c", 400, 8, 16),
    ("mpu6500", "spi", 4000, 8, 40),
    ("mpu6050", "i2c", 1000, 8, 80),
    ("iis3dwb", "spi", 26667, 8, 384),
)


def _rig(chip, kind, odr_hz, range_g):
    if chip == "adxl355":
        rig = Rig355(kind, Counting())
    elif chip == "kx134":
        rig = Rig134(kind, Steps(0.016))
    elif chip == "iis3dwb":
        rig = Rig3DWB(Steps(0.016))
    elif chip.startswith("mpu"):
        rig = MpuRig(chip, kind, Steps(0.016))
    else:
        rig = LisRig(chip, kind, Steps(0.016))
    sensor = rig.sensor(drivers.load(chip), bus)
    sensor.configure(odr_hz, range_g)
    return rig, sensor


def test_record__each_chip_kept__goes_on_in_time_and_starts_anew_when_late():
    for chip, kind, odr_hz, range_g, room in CHIPS:
        for irq in (False, True):
            if irq and chip.startswith("mpu"):
                continue  # no interrupt at a watermark
            rig, sensor = _rig(chip, kind, odr_hz, range_g)
            samples = max(256, 2 * sensor.fifo_depth)  # of less, more than a watermark is left
            capture = Capture(samples, rig.pin() if irq else None, rig.clock)
            blocks = []
            for block in range(3):
                record = capture.record(sensor, keep=True)
                case = (chip, kind, irq, block, record.overruns, record.gaps, record.rate_hz)
                assert record.valid and record.joined == (block > 0) and record.run == 1, case
                assert record.first == sensor.settling_samples + samples * block, case
                blocks += list(capture.blocks[1])
                rig.wait_us(int((room - 4) * 1e6 / odr_hz))
            rig.wait_us(int((sensor.fifo_depth + 8) * 1e6 / odr_hz))
            record = capture.record(sensor)
            case = (chip, kind, irq, record.overruns, record.gaps)
            assert record.valid and (record.run, record.joined) == (2, False), case
            served = rig.served(1)[3 * sensor.settling_samples + 1 :: 3]
            assert len(served) > 3 * samples - 32, case
            assert blocks[: len(served)] == served[: 3 * samples], case
