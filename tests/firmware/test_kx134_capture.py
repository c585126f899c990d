"""Records of a KX134: the driver and capture on the twin of the chip."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from kx134_rig import Counting, Rig134

from node.capture import Capture
from node.drivers import bus
from node.drivers.errors import SensorReset, SensorTimeout
from node.drivers.kx134 import KX134


def _rig(kind, odr_hz, source=None, range_g=16, **config):
    rig = Rig134(kind, source or Counting(), **config)
    sensor = rig.sensor(KX134, bus)
    sensor.configure(odr_hz, range_g)
    return rig, sensor


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for kind, odr_hz in (("spi", 25600), ("spi", 6400), ("i2c", 3200), ("i2c", 100)):
        for irq in (False, True):
            for ppm in (-20_000, 13_000):
                rig, sensor = _rig(kind, odr_hz, clock_error_ppm=ppm)
                capture = Capture(1024, rig.pin() if irq else None, rig.clock)
                for run in (1, 2):
                    record = capture.record(sensor)
                    case = (kind, odr_hz, irq, ppm, record.rate_hz, record.overruns, record.gaps)
                    assert record.valid, case
                    true_hz = odr_hz * (1 + ppm * 1e-6)
                    assert abs(record.rate_hz / true_hz - 1) < 0.001, case
                    assert (record.run, record.first, record.samples) == (run, 8, 1024), case
                    digits = rig.served(run)
                    for axis in range(3):
                        assert list(capture.blocks[axis]) == digits[24 + axis :: 3], case


def test_record__interrupt_wire_broken__polls():
    for start_us in (0, 3_000):
        rig, sensor = _rig("spi", 25600, int1=None, clock_error_ppm=-9000)
        rig.chip.START_US = start_us
        record = Capture(1024, rig.pin(), rig.clock).record(sensor)
        case = (start_us, record.rate_hz, record.overruns, record.gaps)
        assert record.valid and abs(record.rate_hz / 25600 / 0.991 - 1) < 0.001, case


def test_record__program_late__is_seen_and_the_next_record_is_whole():
    for irq in (False, True):
        for at in range(4, 20):  # drains, each of one access to the registers of the level
            rig, sensor = _rig("spi", 3200)
            capture = Capture(1024, rig.pin() if irq else None, rig.clock)
            late, left = sensor.overrun, [at]

            def asked(rig=rig, left=left, late=late):
                left[0] -= 1
                if not left[0]:
                    rig.wait_us(30_000)  # 96 samples
                return late()

            sensor.overrun = asked
            record = capture.record(sensor)
            assert record.overruns >= 1 and not record.valid, (irq, at)
            record = capture.record(sensor)
            assert record.valid, (irq, at)


def test_record__chip_makes_no_samples__times_out_and_goes_on():
    rig, sensor = _rig("spi", 400)
    capture = Capture(128, rig.pin(), rig.clock)
    rig.chip.odr_hz = lambda: 0
    try:
        capture.record(sensor)
    except SensorTimeout as error:
        assert error.chip == "kx134"
    else:
        raise AssertionError("no samples, and no error")
    del rig.chip.odr_hz
    assert capture.record(sensor).valid


def test_record__faults_of_the_chip__are_in_the_evidence():
    for kind, fault in (("overrun", {}), ("stuck", {}), ("clipping", {"factor": 400.0})):
        rig, sensor = _rig("spi", 1600, Level(0.1, -0.2, 1.0), noise=True, clock_error_ppm=5000)
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


def test_record__supply_lost_for_a_moment__is_seen():
    for odr_hz in (400, 25600):
        rig, sensor = _rig("spi", odr_hz)
        capture = Capture(512, rig.pin(), rig.clock)
        lose, entries = [True], sensor.entries

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
