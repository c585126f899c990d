"""A record and its evidence: the driver and capture on the twin of the chip."""

import sys
from errno import EIO, ETIMEDOUT

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level, Ramp, Rig

from node.capture import Capture
from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.errors import DeviceMismatch, SensorTimeout


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


class Faulty:
    """A bus that raises OSError at its access number `at`."""

    kind = "i2c"

    def __init__(self, bus):
        self._bus, self.rate_hz, self.at, self.accesses = bus, bus.rate_hz, -1, 0
        self._rig, self._late_at, self._late_us = None, -1, 0

    def delay(self, rig, at, us):
        """Let time pass before an access, as if the program had been kept from it."""
        self._rig, self._late_at, self._late_us = rig, at, us

    def _count(self):
        self.accesses += 1
        if self.accesses == self._late_at:
            self._rig.wait_us(self._late_us)
        if self.accesses == self.at:
            raise OSError(5)

    def read_into(self, reg, buf):
        self._count()
        self._bus.read_into(reg, buf)

    def write(self, reg, value):
        self._count()
        self._bus.write(reg, value)


def _raised(call, kind):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def _small(source=None, irq=False, samples=128, **config):
    """A rig, its sensor at 800 Hz on a bus that can fail, and a capture."""
    rig = Rig("i2c", source or Ramp(), **config)
    bus = Faulty(I2CRegisters(rig.i2c, 0x53))
    sensor = ADXL345(bus)
    sensor.configure(800, 16)
    bus.accesses = 0
    return rig, bus, sensor, Capture(samples, rig.pin() if irq else None, rig.clock)


def test_record__same_seed__is_the_same_whatever_the_pauses():
    blocks = []
    for pauses in ((0, 0, 0), (17, 3_000_000, 123_457)):
        rig = Rig("i2c", seed=7, noise=True)
        sensor = _sensor(rig)
        capture = Capture(128, rig.pin(), rig.clock)
        for pause_us in pauses:
            rig.wait_us(pause_us)
            capture.record(sensor)
            blocks.append([list(block) for block in capture.blocks])
    assert blocks[:3] == blocks[3:]
    assert blocks[0] != blocks[1] != blocks[2]


def test_record__low_rates__take_their_time():
    for odr_hz, samples, exact_hz in ((50, 64, 50), (12.5, 64, 12.5), (0.2, 64, 0.1953125)):
        rig = Rig("i2c", Ramp())
        sensor = _sensor(rig, odr_hz)
        record = Capture(samples, rig.pin(), rig.clock).record(sensor)
        assert record.valid and record.samples == samples
        assert abs(record.rate_hz / exact_hz - 1) < 0.01, (odr_hz, record.rate_hz)


def test_record__longer_than_the_ticks_can_tell__is_refused():
    rig = Rig("i2c", Ramp())
    sensor = _sensor(rig, 1.56)
    error = _raised(lambda: Capture(1024, None, rig.clock).record(sensor), ValueError)
    assert error.args == ("samples", 1024, 780)
    assert _raised(lambda: Capture(63), ValueError).args == ("samples", 63, 64)


def test_record__bus_fails_at_any_access__raises_and_the_next_record_is_whole():
    for irq in (False, True):
        for at in (1, 2, 5, 9, 10, 11, 13, 14, 40, 150):
            rig, bus, sensor, capture = _small(irq=irq)
            bus.at = at
            error = _raised(lambda: capture.record(sensor), OSError)  # noqa: B023
            assert error.args[0] == 5
            assert not rig.chip._regs[0x2D] & 8 or at < 4, at  # in standby
            record = capture.record(sensor)
            assert record.valid, at
            assert record.run == rig.chip._run == (1 if at <= 10 else 2), at
            assert list(capture.blocks[0]) == rig.served(record.run)[12::3]


def test_record__sensor_object_renewed__goes_on_counting_runs():
    rig, bus, sensor, capture = _small()
    capture.record(sensor)
    renewed = ADXL345(bus)
    renewed.configure(800, 16)
    assert capture.record(renewed).run == rig.chip._run == 2


def test_record__chip_stops_making_samples__times_out():
    for irq in (False, True):
        rig, _, sensor, capture = _small(irq=irq)
        rig.chip.odr_hz = lambda: 0
        begin_us = rig.world.now_us()
        error = _raised(lambda: capture.record(sensor), SensorTimeout)  # noqa: B023
        assert error.chip == "adxl345" and error.waited_us > 40_000 and error.errno == ETIMEDOUT
        assert rig.world.now_us() - begin_us < 150_000
        del rig.chip.odr_hz
        assert capture.record(sensor).valid


def test_record__other_chip__raises_device_mismatch():
    rig, _, sensor, capture = _small()
    capture.record(sensor)
    rig.chip._regs[0] = 0x33
    assert _raised(lambda: capture.record(sensor), DeviceMismatch).got == 0x33


def test_record__impossible_number_of_entries__is_a_bus_error():
    rig, _, sensor, capture = _small()
    rig.chip._fifo.push = lambda first, end: setattr(rig.chip._fifo, "count", 63) or False
    assert _raised(lambda: capture.record(sensor), OSError).args[0] == EIO


def test_record__program_late__is_an_overrun_and_not_valid():
    for irq in (False, True):
        rig, bus, sensor, capture = _small(irq=irq)
        capture.record(sensor)
        # From the first look at the FIFO to the last entry read, also within one reading; then
        # come only the last look, the proof of the settings and the standby.
        for at in range(12, bus.accesses - 3):
            rig, bus, sensor, capture = _small(irq=irq)
            bus.delay(rig, at, 50_000)
            record = capture.record(sensor)
            assert record.overruns + record.gaps >= 1, (irq, at)
            assert not record.valid and record.samples == 128
        assert capture.record(sensor).valid


def test_record__samples_missing_without_an_overrun__are_a_gap():
    for irq in (False, True):
        for lost in (1, 2, 9):
            rig, _, sensor, capture = _small(irq=irq, samples=512)
            made_at = rig.chip._made_at

            left = [lost]

            def pausing(now_us, chip=rig.chip, made_at=made_at, lost=left):
                if lost and made_at(now_us) >= 200:
                    chip._begin_us += lost.pop() * 1250
                return max(chip._made, made_at(now_us))

            rig.chip._made_at = pausing
            record = capture.record(sensor)
            assert record.gaps == 1 and record.overruns == 0 and not record.valid, (irq, lost)


def test_record__program_a_little_late__is_no_gap():
    for irq in (False, True):
        # 18 ms: more than a watermark has come meanwhile, so the line stays high without an edge
        for delay_us in (300, 2_000, 12_000, 18_000):
            rig, bus, sensor, capture = _small(irq=irq, samples=512)
            bus.delay(rig, 60, delay_us)
            record = capture.record(sensor)
            assert record.valid, (irq, delay_us, record.gaps, record.overruns)
            assert abs(record.rate_hz / 800 - 1) < 0.002


def test_record__interrupt_wire_broken__polls():
    for kind, odr_hz in (("i2c", 800), ("spi", 3200)):
        rig = Rig(kind, Ramp(), int1=None, clock_error_ppm=-9000)
        sensor = _sensor(rig, odr_hz)
        record = Capture(1024, rig.pin(), rig.clock).record(sensor)
        case = (kind, record.rate_hz, record.overruns, record.gaps, record.span_samples)
        assert record.valid and abs(record.rate_hz / odr_hz / 0.991 - 1) < 0.001, case


def test_record__port_without_hard_interrupts__polls():
    class SoftPin:
        IRQ_RISING = 1

        def irq(self, handler, trigger):
            raise AssertionError("not to be used")

    rig = Rig("i2c", Ramp())
    assert Capture(128, SoftPin(), rig.clock).record(_sensor(rig)).valid


def test_record__rail_touched__counts_the_samples_and_is_not_valid():
    for kind, odr_hz, rail in (("i2c", 800, 4095), ("spi", 3200, 4094)):
        for source, clipped in (
            (Level(rail / 256, 0, 0, shake=0.1), 64),
            (Level(0, -16.0, 99.0, shake=0.1), 128),
            (Level(0, 0, (rail - 2) / 256, shake=0.1), 0),
            (Level(-4094 / 256, 0, 0, shake=0.1), 0),
        ):
            rig = Rig(kind, source)
            record = Capture(128, None, rig.clock).record(_sensor(rig, odr_hz))
            assert record.clipped == clipped and record.valid == (not clipped), (kind, source.g)
