# runs on: micropython
"""Capture leaves the heap alone, decimating and streaming on, too; and long windows fit a Pico."""

import gc

import micropython

from node.capture import Capture, make_blocks
from node.dsp import decimator  # noqa: F401 - loaded here: its code is not what a capture takes
from node.stamps import Stamps


class Sensor:
    """A sensor at 1000 Hz and the clock it lives by, without a heap of their own."""

    chip = "sensor"
    rail_low, rail_high = -32768, 32767
    still_samples, still_frames = 64, 16
    fifo_depth, watermark, grain = 512, 128, 1
    settling_samples, settling_us = 100, 0
    odr_hz, period_us, bandwidth_hz = 1000, 1000, 400

    def __init__(self):
        self.now_us = self.begin_us = self.taken = self.runs = 0
        self.lose = False

    def ticks_us(self):
        return self.now_us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        self.now_us += us

    def start(self):
        self.runs += 1
        self.begin_us, self.taken = self.now_us, 0

    def stop(self):
        self.now_us += 10

    prove_settings = stop

    def entries(self):
        self.now_us += 10
        return (self.now_us - self.begin_us) // 1000 - self.taken

    def overrun(self):
        lost, self.lose = self.lose, False
        return lost

    def read_into(self, x, y, z, at, count):
        for i in range(at, at + count):
            x[i] = y[i] = z[i] = self.taken & 1023
            self.taken += 1


def _proven(decimate, lose):
    sensor = Sensor()
    capture = Capture(256, None, sensor, decimate)
    for _ in range(2):
        capture.record(sensor, keep=True)  # what is loaded once
    valid = True
    gc.collect()
    micropython.heap_lock()
    try:
        record = capture.record(sensor, keep=True)
        sensor.lose = lose
        record = capture.record(sensor, keep=True)  # anew, where samples were lost
        capture.record(sensor)
        record = capture.record(sensor)  # anew
        valid = record.valid
    finally:
        micropython.heap_unlock()
    assert valid and record.samples == 256
    assert sensor.runs == record.run == (3 if lose else 2), (sensor.runs, record.run)


def test_record__heap_locked__decimating_allocates_nothing():
    for factor in (1, 2, 8):
        _proven(factor, lose=False)
        _proven(factor, lose=True)


def _taken(make):
    gc.collect()
    before = gc.mem_alloc()
    made = make()
    gc.collect()
    return gc.mem_alloc() - before, made


def test_sizes__three_axes_of_4096__blocks_and_little_else():
    sensor = Sensor()
    for factor, most in ((1, 1500), (2, 3000), (8, 3500)):
        used, capture = _taken(lambda factor=factor: Capture(4096, None, sensor, factor))
        print(
            "capture of 4096 samples by", factor, ":", used - 3 * 8192, "bytes beside its blocks"
        )
        # Objects are twice as long here as on a board; the lines of the decimator are not.
        assert 3 * 8192 < used < 3 * 8192 + most, (factor, used - 3 * 8192)
        del capture


def test_sizes__sets_of_one_sensor__share_blocks_and_stamps():
    sensor = Sensor()
    blocks, stamps = make_blocks(4096), Stamps(None, sensor)
    used, captures = _taken(
        lambda: [Capture(4096, decimate=n, blocks=blocks, stamps=stamps) for n in (1, 2, 8)]
    )
    assert len(captures) == 3 and used < 6500, used
