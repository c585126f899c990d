# runs on: micropython
"""Once warm, adding a block with viper leaves the heap alone; the work space is bounded."""

import gc
from array import array

import micropython

from node import dsp
from node.envelope import Envelope

ORDERS = {"bpfo": 3.585, "bpfi": 5.415, "bsf": 2.357, "ftf": 0.398}
BLOCK = array("h", [i * 7919 % 65536 - 32768 for i in range(4096)])
WIDE = array("i", [(i * 7919 % 65536 - 32768) << 8 for i in range(4096)])


def test_add__heap_locked__allocates_nothing():
    for block, wide in ((BLOCK, False), (WIDE, True)):
        for band in (0, 4):
            envelope = Envelope(dsp.backend("viper"), 4096, ORDERS, band, 2, wide)
            envelope.add(block, 1)
            micropython.heap_lock()
            try:
                envelope.begin()
                envelope.add(block, 0)
                envelope.add(block, 1)
                envelope.add(block, 1)
            finally:
                micropython.heap_unlock()
            assert (envelope.blocks(0), envelope.blocks(1)) == (1, 2)


def test_envelope__three_axes_of_4096__work_space_within_60_kb():
    dsp.envelope("viper")
    gc.collect()
    before = gc.mem_alloc()
    envelope = Envelope(dsp.backend("viper"), 4096, ORDERS, 0, 3)
    gc.collect()
    # Names and small objects are twice as long on 64 bits; buffers are not.
    assert gc.mem_alloc() - before <= 60 * 1024, gc.mem_alloc() - before
    assert envelope.blocks(2) == 0
