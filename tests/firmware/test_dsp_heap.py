# runs on: micropython
"""Once warm, the viper kernels leave the heap alone: only the interpreter's lock can prove it."""

from array import array

import micropython

from node.dsp import decimator, tables, viper_fft, viper_spectrum, viper_time

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
