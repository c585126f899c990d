# runs on: micropython
"""Once warm, the viper kernels leave the heap alone: only the interpreter's lock can prove it."""

from array import array

import micropython

from node.dsp import viper_time


def test_time_kernels__heap_locked__allocate_nothing():
    block = array("h", [i * 7919 % 65536 - 32768 for i in range(4096)])
    data, out = array("i", bytes(4 * 4096)), array("i", bytes(4 * 8))
    micropython.heap_lock()
    try:
        viper_time.extent16(block, 4096, out)
        viper_time.centre16(block, 4096, 5, 9, 100, data)
        viper_time.moments(data, 4096, out)
    finally:
        micropython.heap_unlock()
    assert out[2] != 0
