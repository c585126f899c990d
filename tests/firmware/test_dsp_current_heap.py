# runs on: micropython
"""Once warm, the viper kernels of currents leave the heap alone; their work space is bounded."""

import gc
from array import array

import micropython

from node import current, dsp
from node.dsp import tables, tones, viper_current, viper_mains, viper_time

BLOCK = array("h", [i * 7919 % 65536 - 32768 for i in range(1024)])
TABLE, SPLINE, REVERSAL = tables.turn(1024), tones.spline(), tables.reversal(128)
SHAPED, OUT = array("H", bytes(2 * 1024)), array("i", bytes(4 * 4))
GRID, DATA, HOW = array("i", bytes(4 * 260)), array("i", bytes(4 * 256)), array("H", bytes(8))


def run_all():
    viper_time.extent16(BLOCK, 1024, OUT)
    viper_mains.weigh(BLOCK, 1024, 32768, 0, TABLE, 1, SHAPED, OUT)
    viper_mains.cross(BLOCK, BLOCK, 1024, HOW, TABLE, 1, OUT)
    viper_mains.thin(BLOCK, 128, 3, 32768, 0, SHAPED)
    viper_mains.correlate(SHAPED, 0, 128, TABLE, 10, 1678021, OUT)
    viper_mains.fold(SHAPED, 1024, 1678021, SPLINE, GRID)
    viper_mains.widest(GRID)
    viper_mains.sort(GRID, 0, REVERSAL, DATA)
    viper_mains.crossings(BLOCK, 1024, -1000, 1000)
    viper_mains.cycles(BLOCK, 24, 100, 10, 32768, 0, DATA)
    viper_mains.first_beyond(BLOCK, 1024, -32768, 32767)


def test_kernels__heap_locked__allocate_nothing():
    HOW[0] = HOW[2] = 32768
    run_all()
    micropython.heap_lock()
    try:
        run_all()
    finally:
        micropython.heap_unlock()


def test_compute__record_after_record__no_memory_is_kept():
    features = current.Current(dsp.backend("viper"), 1024, 3, 0, None, [0.0] * 3)
    told = [[{}, {}, {}] for _ in range(3)]
    blocks, scales = [BLOCK, BLOCK, BLOCK], [0.01] * 3
    kept = []
    for _ in range(4):
        features.compute(blocks, scales, 8000.0, 50.0, current.KEYS, *told)
        gc.collect()
        kept.append(gc.mem_alloc())
    assert kept[3] <= kept[2] + 64, kept


def test_sums__of_three_channels__work_space_within_13_kb():
    viper_current.Sums(64, 1)
    for samples, most in ((1024, 13 * 1024), (4096, 37 * 1024)):
        gc.collect()
        before = gc.mem_alloc()
        sums = viper_current.Sums(samples, 6)
        gc.collect()
        assert gc.mem_alloc() - before <= most, (samples, gc.mem_alloc() - before)
        assert sums.samples == samples
