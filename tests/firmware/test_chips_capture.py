"""Records of every accelerometer: drivers and capture on the twins of the chips."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from accelerometer_rig import CHIPS, ChipRig
from adxl345_rig import Level
from lis_rig import Steps

from node.capture import Capture
from node.drivers.errors import SensorReset, SensorTimeout

STEP_G = 0.016  # of x from sample to sample, up to 6.4 g
# chip, bus, rate
WAYS = (
    ("adxl345", "spi", 3200),
    ("adxl345", "i2c", 800),
    ("adxl355", "spi", 4000),
    ("adxl355", "i2c", 2000),
    ("adxl355", "i2c", 125),
    ("iis3dwb", "spi", 26667),
    ("kx134", "spi", 25600),
    ("kx134", "spi", 6400),
    ("kx134", "i2c", 3200),
    ("kx134", "i2c", 100),
    ("lis2dw12", "spi", 1600),
    ("lis2dw12", "i2c", 1600),
    ("lis2dw12", "i2c", 50),
    ("lis3dh", "spi", 5376),
    ("lis3dh", "i2c", 1600),
    ("lis3dh", "spi", 1344),
    ("lis3dh", "i2c", 100),
    ("mpu6050", "i2c", 1000),
    ("mpu6050", "i2c", 100),
    ("mpu6500", "spi", 4000),
    ("mpu6500", "i2c", 4000),
    ("mpu6500", "i2c", 1000),
)
# The rate and bus at which faults are tried, and the range in which each chip shows its noise
FAULTY = {
    "adxl345": ("i2c", 800, 16),
    "adxl355": ("spi", 1000, 2),
    "iis3dwb": ("spi", 26667, 2),
    "kx134": ("spi", 1600, 16),
    "lis2dw12": ("i2c", 400, 2),
    "lis3dh": ("i2c", 400, 2),
    "mpu6050": ("i2c", 1000, 2),
    "mpu6500": ("i2c", 1000, 2),
}


def _rig(chip, kind, odr_hz, source=None, range_g=8, **config):
    rig = ChipRig(chip, kind, source or Steps(STEP_G), **config)
    rig.sensor.configure(odr_hz, range_g)
    return rig, rig.sensor


def _faulty(chip, source=None, **config):
    kind, odr_hz, range_g = FAULTY[chip]
    return _rig(chip, kind, odr_hz, source, range_g if source else 8, **config)


def _pin(rig):
    return rig.pin() if rig.row["interrupt"] else None


def _true_hz(odr_hz, ppm):
    return odr_hz * (1 + ppm * 1e-6)


def _raised(call, *errors):
    try:
        call()
    except errors as error:
        return error
    raise AssertionError("not seen")


def test_record__every_way__holds_what_was_served_and_measures_the_rate():
    for chip, kind, odr_hz in WAYS:
        for irq, ppm in ((False, -20_000), (True, 13_000)):
            rig, sensor = _rig(chip, kind, odr_hz, clock_error_ppm=ppm)
            capture = Capture(1024, _pin(rig) if irq else None, rig.clock)
            for run in (1, 2):
                record = capture.record(sensor)
                case = (chip, kind, odr_hz, irq, ppm, record.rate_hz, record.overruns)
                assert record.valid, case
                off = abs(record.rate_hz / _true_hz(odr_hz, ppm) - 1)
                assert off < 0.001 and off * 1e6 <= record.measured_ppm, case
                if not irq:  # by interrupts: 40 us of the span
                    assert record.measured_ppm < 6000, (case, record.measured_ppm)
                first = sensor.settling_samples
                assert (record.run, record.first, record.samples) == (run, first, 1024), case
                digits = rig.served(run)[3 * first :]
                for axis in range(3):
                    assert list(capture.blocks[axis]) == digits[axis : 3 * 1024 : 3], case
                if rig.row["interrupt"] and odr_hz != 5376:
                    # Nothing is left of the run before: the source says which sample it was.
                    wanted_g = (rig.chip._base + first) % 400 * STEP_G
                    error_g = capture.blocks[0][0] * sensor.g_per_digit - wanted_g
                    assert abs(error_g) <= (0.064 if odr_hz == 1600 else 0.017), (case, error_g)


def _slow(rig, sensor, most_us, first_us=0):
    """The same chip, asked by a program that takes its time before and behind each access.

    first_us: and so much more until it reads what waits.
    """
    read_into, spent = sensor._bus.read_into, [0]
    take = sensor.read_into

    def taking(x, y, z, at, count):
        rig.wait_us(first_us)
        take(x, y, z, at, count)

    sensor.read_into = taking

    def reading(reg, buf):
        spent[0] += 1
        early_us = spent[0] * 7919 % 20 + most_us // 2
        rig.wait_us(early_us)
        read_into(reg, buf)
        rig.wait_us(most_us - early_us + spent[0] * 31 % 15)

    sensor._bus.read_into = reading


def test_record__polled_by_a_slow_program__states_how_well_it_knows_the_rate():
    # A question of 160 us, in which four samples come, as on an RP2040
    for samples, most_ppm in ((128, 45_000), (1024, 4500)):
        for ppm in (-15_000, 0, 4_000, 13_000):
            rig, sensor = _rig("kx134", "spi", 25600, clock_error_ppm=ppm)
            _slow(rig, sensor, 160)
            capture = Capture(samples, None, rig.clock)
            for _ in range(2):
                record = capture.record(sensor)
                off_ppm = abs(record.rate_hz / _true_hz(25600, ppm) - 1) * 1e6
                case = (samples, ppm, record.rate_hz, record.measured_ppm, record.overruns)
                assert record.valid and off_ppm <= record.measured_ppm < most_ppm, case
                assert off_ppm < 1000 or samples < 1024, case
                digits = rig.served(record.run)[3 * record.first :]
                assert list(capture.blocks[0]) == digits[: 3 * samples : 3], case


def test_record__slow_polls_that_lose_a_little_each_time__is_not_valid():
    # 3 % of the samples, drain by drain: a chip that is 3 % slow would look the same.
    seen = 0
    for most_us in range(200, 440, 20):
        rig, sensor = _rig("kx134", "spi", 25600)
        _slow(rig, sensor, most_us, 430)
        pop, numbers = rig.chip._fifo.pop, []

        def popped(pop=pop, numbers=numbers):
            numbers.append(pop())
            return numbers[-1]

        rig.chip._fifo.pop = popped
        record = Capture(1024, None, rig.clock).record(sensor)
        lost = numbers[-1] - numbers[0] + 1 != len(numbers)
        assert not (lost and record.valid), (most_us, record.measured_hz)
        seen += lost
    assert seen >= 3, seen


def test_record__first_samples__are_settled():
    for chip, kind, odr_hz in WAYS + (("mpu6050", "i2c", 50), ("mpu6500", "i2c", 50)):
        rig, sensor = _rig(chip, kind, odr_hz, Level(2.0, -2.0, 1.0))
        capture = Capture(256, None, rig.clock)
        capture.record(sensor)
        assert [len(set(block)) for block in capture.blocks] == [1, 1, 1], (chip, odr_hz)
        if rig.chip.unsettled():
            assert rig.served(1)[0] not in list(capture.blocks[0]), (chip, odr_hz)


def test_record__interrupt_wire_broken__polls():
    starts_us = {
        "adxl355": (0, 3_000, 10_000),
        "kx134": (0, 3_000),
    }  # of which the sheet has a most
    for chip, kind, odr_hz in WAYS:
        for start_us in starts_us.get(chip, (None,)):
            rig, sensor = _rig(chip, kind, odr_hz, int1=None, clock_error_ppm=-9000)
            if not rig.row["interrupt"] or kind != "spi":
                continue
            if start_us is not None:
                rig.chip.START_US = start_us
            record = Capture(1024, rig.pin(), rig.clock).record(sensor)
            case = (chip, odr_hz, start_us, record.overruns, record.gaps)
            assert record.valid, case
            assert abs(record.rate_hz / _true_hz(odr_hz, -9000) - 1) < 0.001, case


def test_record__a_pin_without_a_watermark__capture_polls():
    # The chips' pin tells an overflow.  (At 4000 Hz waiting in vain for an edge takes longer than
    # the FIFO lasts: there no pin may be given.)
    for chip in ("mpu6500", "mpu6050"):
        rig, sensor = _rig(chip, "i2c", 1000, clock_error_ppm=-9000)
        assert not sensor.watermark_interrupt
        record = Capture(1024, rig.pin(), rig.clock).record(sensor)
        assert record.valid and abs(record.rate_hz / 991 - 1) < 0.001, chip


def test_record__program_late__is_seen_and_the_next_record_is_whole():
    for chip in CHIPS:
        for irq in (False, True):
            for at in (2, 5):  # drains, each of one question for an overrun
                rig, sensor = _faulty(chip)
                if irq and not rig.row["interrupt"]:
                    continue
                capture = Capture(1024, rig.pin() if irq else None, rig.clock)
                late, left = sensor.overrun, [at]

                def asked(rig=rig, left=left, late=late, sensor=sensor):
                    left[0] -= 1
                    if not left[0]:
                        rig.wait_us(sensor.fifo_us * 5 // 4)
                    return late()

                sensor.overrun = asked
                record = capture.record(sensor)
                assert left[0] > 0 or (record.overruns >= 1 and not record.valid), (chip, irq, at)
                sensor.overrun = late
                assert capture.record(sensor).valid, (chip, irq, at)


def test_record__chip_makes_no_samples__times_out_and_goes_on():
    for chip in CHIPS:
        rig, sensor = _faulty(chip)
        capture = Capture(256, _pin(rig), rig.clock)
        rig.chip.odr_hz = lambda: 0
        assert _raised(lambda: capture.record(sensor), SensorTimeout).chip == chip  # noqa: B023
        del rig.chip.odr_hz
        assert capture.record(sensor).valid, chip


def test_record__faults_of_the_chip__are_in_the_evidence():
    for chip in CHIPS:
        factor = 400.0 if chip == "kx134" else 40.0
        rig, sensor = _faulty(chip, Level(0.1, -0.2, 1.0), noise=True, clock_error_ppm=5000)
        capture = Capture(512, _pin(rig), rig.clock)
        for kind, fault in (("overrun", {}), ("stuck", {}), ("clipping", {"factor": factor})):
            assert capture.record(sensor).valid, (chip, kind)
            rig.chip.inject(kind, fault)
            record = capture.record(sensor)
            assert not record.valid, (chip, kind)
            found = {"overrun": record.overruns, "stuck": record.stuck, "clipping": record.clipped}
            for name in found:
                # What stands at its rail is stuck as well: evidence.py says the graver.
                if name != kind and (kind, name) != ("clipping", "stuck"):
                    assert not found[name], (chip, kind, found)
            assert found[kind], (chip, kind, found)
            rig.chip.inject(kind, None)
        assert capture.record(sensor).valid, chip


def test_record__supply_lost_for_a_moment__is_seen_and_the_next_is_good():
    for chip in CHIPS:
        for method in ("entries", "read_into"):
            rig, sensor = _faulty(chip)
            capture = Capture(512, _pin(rig), rig.clock)
            whole, lose = getattr(sensor, method), [True]

            def failing(*args, rig=rig, lose=lose, whole=whole):
                if rig.chip._served > 100 and lose:
                    lose.pop()
                    rig.chip.inject("unplugged", {})
                    rig.chip.inject("unplugged", None)
                return whole(*args)

            setattr(sensor, method, failing)
            _raised(lambda: capture.record(sensor), OSError)  # noqa: B023
            assert not lose and capture.record(sensor).valid, (chip, method)


def test_record__supply_lost_after_the_last_sample__is_a_reset():
    for chip in CHIPS:
        rig, sensor = _faulty(chip)
        whole = sensor.read_into

        def losing(x, y, z, at, count, rig=rig, whole=whole):
            whole(x, y, z, at, count)
            if at + count == 256 and rig.chip._served > 256:
                rig.chip.inject("unplugged", {})

        sensor.read_into = losing
        capture = Capture(256, None, rig.clock)
        error = _raised(lambda: capture.record(sensor), SensorReset)  # noqa: B023
        assert error.reg == sensor.proof_reg, chip
        sensor.read_into = whole
        assert capture.record(sensor).valid, chip


def test_record__quiet_machine_in_the_coarsest_range__is_not_taken_for_stuck():
    ways = tuple([(chip,) + FAULTY[chip][:2] for chip in CHIPS])
    for chip, kind, odr_hz in ways + (("mpu6050", "i2c", 10), ("lis3dh", "spi", 1344)):
        rig, sensor = _rig(chip, kind, odr_hz, Level(0.0, 0.0, 1.008), noise=True)
        rig.world.log_samples = lambda *served: None
        for range_g in (rig.row["ranges_g"][0], rig.row["ranges_g"][-1]):
            sensor.configure(odr_hz, range_g)
            assert Capture(1024, None, rig.clock).record(sensor).valid, (chip, odr_hz, range_g)


def test_record__noise__is_that_of_the_chip():
    for chip, kind, odr_hz in WAYS:
        rig, sensor = _rig(chip, kind, odr_hz, Level(0.0, 0.0, 1.0), range_g=8, noise=True)
        if sensor.still_samples > 64 or chip == "adxl345":
            continue  # rounding hides it, or each axis has its own
        capture = Capture(1024, None, rig.clock)
        capture.record(sensor)
        wanted_g = rig.row["noise_g_rthz"] * sensor.bandwidth_hz**0.5
        for axis, block in enumerate(capture.blocks):
            mean = sum(block) / 1024
            noise_g = (sum([(v - mean) ** 2 for v in block]) / 1024) ** 0.5 * sensor.g_per_digit
            assert 0.85 < noise_g / wanted_g < 1.3, (chip, odr_hz, axis, noise_g, wanted_g)
            assert abs(mean * sensor.g_per_digit - (axis == 2)) < 0.005, (chip, axis, mean)


def test_record__program_late_after_it_has_asked_for_loss__hides_none():
    # Some chips forget a loss as soon as a sample is read: what came after they were asked counts.
    for chip, kind, odr_hz in (("kx134", "spi", 25600), ("lis3dh", "spi", 5376)):
        lossy = []
        for late in (0, 10, 30, 60, 90):  # samples
            rig, sensor = _rig(chip, kind, odr_hz)
            asked, pop, numbers = sensor.overrun, rig.chip._fifo.pop, []
            span_us = int(late * 1e6 / odr_hz)

            def overrun(asked=asked, rig=rig, span_us=span_us):
                lost = asked()
                rig.wait_us(span_us)
                return lost

            def popped(pop=pop, numbers=numbers):
                numbers.append(pop())
                return numbers[-1]

            sensor.overrun, rig.chip._fifo.pop = overrun, popped
            record = Capture(512, None, rig.clock).record(sensor)
            lost = numbers[-1] - numbers[0] + 1 != len(numbers)
            case = (chip, late, record.overruns, record.gaps, record.measured_hz)
            assert not (lost and record.valid), case
            assert not lost or record.overruns, case
            lossy.append(lost)
        assert lossy[0] is False and lossy[-1] is True, (chip, lossy)
