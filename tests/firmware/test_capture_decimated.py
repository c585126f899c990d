"""Records that are decimated as they stream: results and evidence of an IIS3DWB at 26 667 Hz."""

import sys
from math import pi, sin

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from iis3dwb_rig import Rig3DWB
from lis_rig import Steps

from node.capture import Capture
from node.drivers import bus
from node.drivers.iis3dwb import IIS3DWB
from node.dsp.decimator import design

ODR_HZ = 26_667
SETTLING = 256


class Tone:
    """A source of one frequency, in parts of its rate, the same in all axes."""

    def __init__(self, place, g):
        self.place, self.g = place, g

    def fill(self, start, count, rate_hz, out):
        for i in range(count):
            g = self.g * sin(2 * pi * ((start + i) * self.place % 1))
            out[3 * i] = out[3 * i + 1] = out[3 * i + 2] = g


def _rig(source=None, range_g=8, **config):
    rig = Rig3DWB(source or Steps(0.016), **config)  # up to 6.4 g
    sensor = rig.sensor(IIS3DWB, bus, 5_000_000)
    sensor.configure(ODR_HZ, range_g)
    return rig, sensor


def filtered(samples, factor, count):
    """What the taps make of the sensor's own samples, in whole numbers."""
    half = [tap - 32768 for tap in design(factor)]
    taps = half + half[::-1]
    found = []
    for i in range(count):
        total = sum([taps[j] * samples[i * factor + j] for j in range(len(taps))])
        found.append((total + 16384) >> 15)
    return found


def _follows(rig, capture, record, factor):
    """Every value is made of exactly the samples that run and first tell."""
    digits = rig.served(record.run)
    assert record.raw_samples == factor * (record.samples - 1) + 10 * factor
    for axis in range(3):
        samples = digits[3 * record.first + axis :: 3][: record.raw_samples]
        assert len(samples) == record.raw_samples
        assert list(capture.blocks[axis]) == filtered(samples, factor, record.samples), axis


def test_record__every_factor__is_what_the_taps_make_of_what_was_served():
    for irq in (False, True):
        for factor, ppm in ((2, -20_000), (4, 0), (8, 13_000)):
            rig, sensor = _rig(clock_error_ppm=ppm)
            capture = Capture(128, rig.pin() if irq else None, rig.clock, factor)
            for run in (1, 2):
                record = capture.record(sensor)
                case = (irq, factor, record.rate_hz, record.overruns, record.gaps, record.stuck)
                assert record.valid, case
                true_hz = ODR_HZ * (1 + ppm * 1e-6) / factor
                assert abs(record.rate_hz / true_hz - 1) < (0.004 if factor == 2 else 0.001), case
                assert abs(record.nominal_hz - ODR_HZ / factor) < 0.001
                assert (record.run, record.first, record.decimate) == (run, SETTLING, factor)
                _follows(rig, capture, record, factor)


def test_bandwidth__of_the_sensor_or_of_the_decimator():
    rig, sensor = _rig()
    found = [Capture(64, None, rig.clock, factor).bandwidth_hz(sensor) for factor in (1, 2, 4, 8)]
    assert [round(hz) for hz in found] == [6300, 4000, 2000, 1000]


def test_record__tone_above_the_band__is_not_there():
    # 5 kHz would alias to 1667 Hz; it is 60 dB down, and 300 Hz beside it comes through.
    for place, least, most in ((5 / 26.667, 0, 8), (0.3 / 26.667, 8000, 8200)):
        rig, sensor = _rig(Tone(place, 2.0))
        capture = Capture(128, None, rig.clock, 8)
        assert capture.record(sensor).valid
        assert least <= max(capture.blocks[0]) <= most


def test_record__clipped_for_one_sample__is_seen_though_the_filter_hides_it():
    rig, sensor = _rig(Level(0.1, 0.5, 1.0), 2, noise=True)
    capture = Capture(64, None, rig.clock, 8)
    assert capture.record(sensor).valid
    for axis, digits in ((0, 32767), (2, -32768)):
        # The record begins after 256 samples of settling; 128 are read at once.
        rig, sensor = _rig(Level(0.1, 0.5, 1.0), 2, noise=True)
        plain, seen = sensor.read_into, [0]

        def spiking(x, y, z, at, count, axis=axis, digits=digits, seen=seen, plain=plain):
            plain(x, y, z, at, count)
            seen[0] += count
            if seen[0] - count < SETTLING + 200 <= seen[0]:
                (x, y, z)[axis][at + SETTLING + 199 - seen[0] + count] = digits

        sensor.read_into = spiking
        record = Capture(64, None, rig.clock, 8).record(sensor)
        assert record.clipped == 1 and not record.valid, (axis, record.clipped)


def test_record__frozen_for_64_samples__is_stuck_though_blocks_hold_eight_of_them():
    rig, sensor = _rig(Level(0.1, 0.5, 1.0), 2, noise=True)
    plain, seen = sensor.read_into, [0]

    def freezing(x, y, z, at, count):
        plain(x, y, z, at, count)
        for i in range(count):  # across two chunks
            if SETTLING + 100 <= seen[0] + i < SETTLING + 165:
                y[at + i] = 1234
        seen[0] += count

    sensor.read_into = freezing
    record = Capture(64, None, rig.clock, 8).record(sensor)
    assert record.stuck == 2 and not record.valid


def test_record__samples_lost__is_an_overrun():
    for factor in (2, 8):
        rig, sensor = _rig(Level(0.1, 0.5, 1.0), 2, noise=True)
        capture = Capture(128, rig.pin(), rig.clock, factor)
        rig.chip.inject("overrun", {})
        record = capture.record(sensor)
        assert record.overruns >= 1 and not record.valid and record.samples == 128
        rig.chip.inject("overrun", None)
        assert capture.record(sensor).valid


def test_record__cpu_too_slow_for_the_filter__is_an_overrun_and_never_valid():
    for us_a_sample, overruns in ((20, False), (33, False), (60, True)):
        rig, sensor = _rig(Level(0.1, 0.5, 1.0), 2, noise=True)
        plain = sensor.read_into

        def slow(x, y, z, at, count, rig=rig, plain=plain, us=us_a_sample):
            plain(x, y, z, at, count)
            rig.wait_us((us - 11) * count)  # 7 bytes at 5 MHz take 11

        sensor.read_into = slow
        record = Capture(512, rig.pin(), rig.clock, 8).record(sensor)
        assert bool(record.overruns) == overruns == (not record.valid), us_a_sample


def test_record__kept__goes_on_with_the_very_next_result():
    rig, sensor = _rig()
    capture = Capture(64, rig.pin(), rig.clock, 8)
    for block in range(4):
        record = capture.record(sensor, keep=block < 3)
        assert record.valid and record.joined == (block > 0)
        assert (record.run, record.first) == (1, SETTLING + 64 * 8 * block)
        rows = (list(capture.blocks[0]), record.first, record.raw_samples)
        if block == 3:
            _follows(rig, capture, record, 8)
        else:
            digits = [d for run, _, frames in rig.log for d in frames][::3]
            raw = digits[rows[1] : rows[1] + rows[2]]
            known = (len(raw) - 80) // 8 + 1  # the log comes by 32 frames
            assert known >= 60 and rows[0][:known] == filtered(raw, 8, known)
