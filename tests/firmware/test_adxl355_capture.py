"""Records of an ADXL355: the driver and capture on the twin of the chip."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from adxl355_rig import Counting, Rig355

from node.capture import Capture
from node.drivers import bus
from node.drivers.adxl355 import ADXL355
from node.drivers.errors import SensorReset, SensorTimeout


def _rig(kind, odr_hz, source=None, range_g=2, **config):
    rig = Rig355(kind, source or Counting(), **config)
    sensor = rig.sensor(ADXL355, bus)
    sensor.configure(odr_hz, range_g)
    return rig, sensor


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for kind, odr_hz in (("spi", 4000), ("i2c", 2000), ("spi", 1000), ("i2c", 125)):
        for irq in (False, True):
            for ppm in (-20_000, 13_000):
                rig, sensor = _rig(kind, odr_hz, clock_error_ppm=ppm)
                capture = Capture(1024, rig.pin() if irq else None, rig.clock)
                begun = 0
                for run in (1, 2):
                    record = capture.record(sensor)
                    case = (kind, odr_hz, irq, ppm, record.rate_hz, record.overruns, record.gaps)
                    assert record.valid, case
                    true_hz = odr_hz * (1 + ppm * 1e-6)
                    assert abs(record.rate_hz / true_hz - 1) < 0.001, case
                    assert (record.run, record.first, record.samples) == (run, 8, 1024), case
                    digits = rig.served(run)
                    for axis in range(3):
                        served = digits[24 + axis : 24 + axis + 3 * 1024 : 3]
                        assert list(capture.blocks[axis]) == served, case
                    assert capture.blocks[0][0] == (begun + 8) % 400, case
                    begun = rig.chip._unplayed + rig.chip._fifo.count


def test_record__interrupt_wire_broken__polls():
    for start_us in (0, 3_000, 10_000):  # less than 10 ms (table 2)
        rig, sensor = _rig("spi", 4000, int1=None, clock_error_ppm=-9000)
        rig.chip.START_US = start_us
        record = Capture(1024, rig.pin(), rig.clock).record(sensor)
        assert record.valid and abs(record.rate_hz / 4000 / 0.991 - 1) < 0.001, start_us


def test_record__chip_makes_no_samples__times_out_and_goes_on():
    rig, sensor = _rig("spi", 500)
    capture = Capture(128, None, rig.clock)
    rig.chip.odr_hz = lambda: 0
    try:
        capture.record(sensor)
    except SensorTimeout as error:
        assert error.chip == "adxl355"
    else:
        raise AssertionError("no samples, and no error")
    del rig.chip.odr_hz
    assert capture.record(sensor).valid


def test_record__faults_of_the_chip__are_in_the_evidence():
    for kind, fault in (("overrun", {}), ("stuck", {}), ("clipping", {"factor": 40.0})):
        rig, sensor = _rig("spi", 1000, Level(0.1, -0.2, 1.0), noise=True, clock_error_ppm=5000)
        capture = Capture(512, rig.pin(), rig.clock)
        assert capture.record(sensor).valid, kind
        rig.chip.inject(kind, fault)
        record = capture.record(sensor)
        assert not record.valid, kind
        found = {"overrun": record.overruns, "stuck": record.stuck, "clipping": record.clipped}
        for name in found:
            # What stands at its rail is stuck as well: evidence.py says the graver.
            if name != kind and (kind, name) != ("clipping", "stuck"):
                assert not found[name], (kind, found)
        assert found[kind], (kind, found)
        rig.chip.inject(kind, None)
        assert capture.record(sensor).valid, kind


def test_record__supply_lost_for_a_moment__is_a_reset():
    for odr_hz in (500, 4000):
        rig, sensor = _rig("spi", odr_hz)
        capture = Capture(512, rig.pin(), rig.clock)
        lose = [True]
        entries = sensor.entries

        def failing(rig=rig, lose=lose, entries=entries):
            if rig.chip._served > 100 and lose:
                lose.pop()
                rig.chip.inject("unplugged", {})
            return entries()

        sensor.entries = failing
        try:
            capture.record(sensor)
        except (SensorReset, SensorTimeout):
            pass
        else:
            raise AssertionError("not seen")
        assert capture.record(sensor).valid


def test_record__noise_of_every_range__is_that_of_the_chip():
    for range_g in (2, 4, 8):
        rig, sensor = _rig("spi", 4000, Level(0.0, 0.0, 1.0), range_g, noise=True)
        capture = Capture(1024, rig.pin(), rig.clock)
        assert capture.record(sensor).valid
        for axis, block in enumerate(capture.blocks):
            mean = sum(block) / 1024
            noise_g = (sum([(v - mean) ** 2 for v in block]) / 1024) ** 0.5 * sensor.g_per_digit
            assert abs(noise_g / (22.5e-6 * 1000**0.5) - 1) < 0.1, (range_g, axis, noise_g)
            assert abs(mean * sensor.g_per_digit - (axis == 2)) < 250e-6, (range_g, axis, mean)
