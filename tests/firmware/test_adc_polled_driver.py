"""The converter inside a chip that is asked for single values, as an ESP32's is."""

from math import pi, sin, sqrt

from node.drivers.adc_polled import PolledADC
from node.drivers.inputs import Take, make_blocks

AMPLITUDE_V, BIAS_V, LINE_HZ = 0.7, 1.3, 50
READ_US = 50  # of a read


class Time:
    """A clock that reads move; every so often another task was first."""

    def __init__(self, late_every=0, late_us=0):
        self.now_us, self.reads = 0, 0
        self._late_every, self._late_us = late_every, late_us

    def ticks_us(self):
        return self.now_us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        self.now_us += us

    def read(self):
        self.reads += 1
        if self._late_every and self.reads % self._late_every == 0:
            self.now_us += self._late_us
        self.now_us += READ_US


class Calibrated:
    """machine.ADC of a port with the factory's calibration: its codes bend, its microvolts do not.

    What it reads is of the read's middle.
    """

    def __init__(self, clock, pin, amplitude_v=AMPLITUDE_V):
        self._clock, self.pin, self._amplitude_v = clock, pin, amplitude_v

    def _volts(self):
        at_s = (self._clock.now_us - READ_US / 2) / 1e6
        return BIAS_V + self._amplitude_v * sin(2 * pi * LINE_HZ * at_s)

    def read_uv(self):
        self._clock.read()
        return int(1e6 * self._volts())

    def read_u16(self):
        self._clock.read()
        volts = self._volts()
        return min(65535, max(0, int(65536 * (volts - 0.05 * volts * volts) / 3.3)))


class Plain(Calibrated):
    """One of a port that has no calibration: the driver asks for the method."""


class Port:
    def __init__(self, clock, kind=Calibrated):
        self._clock, self._kind = clock, kind

    def ADC(self, pin):
        made = self._kind(self._clock, pin)
        return Only(made) if self._kind is Plain else made


class Strong(Calibrated):
    """What flows is more than the converter takes: down to 0 V."""

    def __init__(self, clock, pin):
        super().__init__(clock, pin, 1.3)


class Only:
    """Nothing but read_u16: hasattr() is what the driver asks."""

    def __init__(self, adc):
        self.read_u16 = adc.read_u16


def _record(clock, kind=Calibrated, rate_hz=2000, samples=1024):
    driver = PolledADC(Port(clock, kind), clock)
    driver.configure(rate_hz, samples, (32,), 3.3, LINE_HZ)
    blocks, take = make_blocks(1, samples), Take(1)
    driver.finish(blocks, take)
    return driver, blocks[0], take


def _rms_v(driver, block):
    """Of whole cycles: 1000 samples at 2 kHz are 25."""
    count = 1000
    mean = sum(block[:count]) / count
    squares = sum([(x - mean) * (x - mean) for x in block[:count]])
    return driver.per_digit(32) * sqrt(squares / count), driver.per_digit(32) * mean


def test_record__factory_calibration__microvolts_and_not_codes():
    driver, block, take = _record(Time())
    rms_v, mean_v = _rms_v(driver, block)
    assert abs(rms_v / (AMPLITUDE_V / sqrt(2)) - 1) < 0.001 and abs(mean_v - BIAS_V) < 0.001
    # What bends without it: some percent, here.
    plain, codes, _ = _record(Time(), Plain)
    bent_v, _ = _rms_v(plain, codes)
    assert abs(bent_v / (AMPLITUDE_V / sqrt(2)) - 1) > 0.05
    assert take.gaps == 0 and take.jitter_us < 1 and driver.rate_ppm == 50


def test_record__others_were_first__jitter_stated_and_half_a_period_is_a_gap():
    _, _, take = _record(Time(late_every=8, late_us=100))
    # An eighth of the samples end 100 us later: nothing of it moves the next one.
    assert take.gaps == 0 and take.jitter_us < 5, take.jitter_us
    _, _, take = _record(Time(late_every=8, late_us=700))
    # Now the next one begins 250 us late, and more than half of its period is a gap.
    assert 50 < take.jitter_us < 120 and take.gaps == 0, (take.jitter_us, take.gaps)
    _, _, take = _record(Time(late_every=8, late_us=800))
    assert take.gaps == 128, take.gaps


def test_configure__faster_than_reads_are__refused_with_what_can_be():
    driver = PolledADC(Port(Time()), Time())
    try:
        driver.configure(12_000, 256, (32, 33), 3.3, LINE_HZ)
    except ValueError as error:
        assert error.args[0] == "rate_hz" and "at most" in error.args[2]
        return
    raise AssertionError("accepted")


def test_record__beyond_the_calibrated_range__clipped():
    driver, _, take = _record(Time())
    low, high = driver.rails
    assert take.clipped == [0]
    digit_v = driver.per_digit(32)
    assert abs(low * digit_v - 0.15) < 1e-6 and abs(high * digit_v - 2.45) < 1e-6
    driver, block, take = _record(Time(), Strong)
    # Of a sine of 1.3 V about 1.3 V, 2 acos(1.15 / 1.3) / 2 pi are beyond each of the ends.
    assert abs(take.clipped[0] / 1024 - 2 * 0.1544) < 0.02, take.clipped
    assert min(block) < low and max(block) > high
