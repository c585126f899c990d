# runs on: micropython
"""Once warm, the viper kernels leave the heap alone: only the interpreter's lock can prove it.

What computes with Python's floats around them cannot; it is bounded, and does not grow with the
record.
"""

import gc
import sys
from array import array

import micropython

from node import plan
from node.dsp import decimator, tables, viper_backend, viper_fft, viper_spectrum, viper_time
from node.vibration import Vibration

BLOCK = array("h", [i * 7919 % 65536 - 32768 for i in range(4096)])
WIDE = array("i", [i * 7919 % 65536 - 32768 for i in range(4096)])
DATA, OUT = array("i", bytes(4 * 4096)), array("i", bytes(4 * 8))
TAKEN = array("H", bytes(16))
TURN, REVERSAL = tables.turn(4096), tables.reversal(2048)


def run_all():
    viper_time.extent24(WIDE, 4096, OUT)
    viper_time.centre24(WIDE, 4096, 5, 9, 100, DATA)
    viper_time.extent16(BLOCK, 4096, OUT)
    viper_time.centre16(BLOCK, 4096, 5, 9, 100, DATA)
    viper_time.moments(DATA, 4096, OUT)
    viper_fft.window(DATA, TURN, 4096)
    viper_fft.reorder(DATA, REVERSAL, 2048)
    viper_fft.pairs(DATA, 2048)
    span = 2
    while span < 2048:
        viper_fft.fours_plain(DATA, 2048, span)
        viper_fft.fours(DATA, TURN, 2048, span, 4096)
        span *= 4
    viper_fft.split(DATA, TURN, 4096, 1)
    viper_spectrum.power(DATA, 2048)
    viper_spectrum.total(DATA, 0, 2048, OUT)
    viper_spectrum.integrals(DATA, 1, 2048, OUT)
    viper_spectrum.greatest(DATA, 3, 2040)
    viper_spectrum.strongest(DATA, 3, 2040, TAKEN, 2)


def test_kernels__heap_locked__allocate_nothing():
    run_all()
    micropython.heap_lock()
    try:
        run_all()
    finally:
        micropython.heap_unlock()


def test_decimator__heap_locked__allocates_nothing():
    blocks = tuple([array("h", bytes(64)) for _ in range(3)])
    for factor in (2, 8, 16):
        filtered = decimator.Decimator(factor, 32)
        ready = 0

        def filter_some(filtered=filtered):
            count = 0
            for _ in range(12):
                filtered.offset(32)
                count += filtered.filter(32, blocks, 0)
            return count

        filter_some()
        filtered.reset()
        micropython.heap_lock()
        try:
            ready = filter_some()
        finally:
            micropython.heap_unlock()
        assert ready == (12 * 32 - 10 * factor) // factor + 1, (factor, ready)


def test_backend__heap_locked__transform_and_searches_allocate_nothing():
    found = array("H", bytes(16))
    for samples, lent in ((256, None), (1024, None), (4096, array("h", bytes(2 * 8192)))):
        kernels = viper_backend.Kernels(samples, False, lent)

        def search(kernels=kernels, samples=samples):
            kernels.transform()
            kernels.greatest(3, samples // 2 - 2)
            return kernels.lines(3, samples // 2 - 2, found, 5)

        kernels.load(BLOCK[:samples])
        search()
        kernels.load(BLOCK[:samples])
        micropython.heap_lock()
        try:
            count = search()
        finally:
            micropython.heap_unlock()
        assert count == 5, samples


# Beside the record, bytes: the goals of a Pico. Where words are twice as long, so are objects, but
# not what arrays hold.
GOALS = ((1024, 24_000), (4096, 60_000))
WORDS = 2 if sys.maxsize > 1 << 32 else 1
GARBAGE = 8_000  # of one axis with all features; 4.8 KB of twenty on a Pico


def test_vibration__work_space_and_garbage__within_their_goals_and_free_of_the_length():
    bands = ((10.0, 100.0), (100.0, 300.0), (300.0, 900.0), (900.0, 1500.0))
    garbage = []
    for samples, most in ((64, 24_000),) + GOALS:
        block, out, withheld = BLOCK[:samples], {}, {}
        gc.collect()
        before = gc.mem_alloc()
        vibration = Vibration(viper_backend, samples, bands=bands, shaft_hz=24.0)
        for _ in range(2):
            vibration.compute(block, 0.004, 3200.0, plan.KEYS, out, withheld)
        gc.collect()
        work = gc.mem_alloc() - before
        gc.disable()
        before = gc.mem_alloc()
        vibration.compute(block, 0.004, 3200.0, plan.KEYS, out, withheld)
        garbage.append(gc.mem_alloc() - before)
        gc.enable()
        vibration = None
        if samples > 64:
            arrays = 7 * samples
            held = arrays + (work + garbage[-1] - arrays) // WORDS
            assert held <= most, (samples, work, garbage[-1])
    assert garbage[-1] <= GARBAGE * WORDS and abs(garbage[-1] - garbage[-2]) < 1000, garbage
