# runs on: micropython
"""Driver and capture leave the heap alone: only the interpreter's lock can prove it."""

import gc
import sys
from array import array

import micropython
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from heap_rig import Ports as Rig
from heap_rig import prove_record

from node.capture import Capture
from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters

SAMPLES = 256


class Ports(Rig):
    """A chip at 800 Hz; a loss leaves its FIFO full."""

    period_us = 1250

    def __init__(self):
        Rig.__init__(self)
        self._full = 0

    def address(self, byte):
        return byte & 0x3F

    def put(self, reg, value):
        self.taken = self.made()

    def get(self, reg, buf):
        if reg == 0x00:
            buf[0] = 0xE5
        elif reg == 0x39:
            buf[0] = self.waiting(33)
        elif reg == 0x30:
            buf[0] = self._full
            self._full = 0
        elif reg == 0x2D:
            buf[0] = 0x08
        else:
            for i in range(6):
                buf[i] = i ^ (self.taken & 1 if i % 2 == 0 else 0)  # never two the same
            self.taken += 1
            if self.taken == self.lose_at:
                self._full = 1
                self.us += 40 * 1250
                self.taken += 20


def _proven(spi, irq, lose):
    ports = Ports()
    sensor = ADXL345(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x53))
    sensor.configure(800, 16)
    prove_record(ports, sensor, SAMPLES, irq, 100 if lose else None)


def test_record__heap_locked__polling_allocates_nothing():
    _proven(spi=False, irq=False, lose=False)
    _proven(spi=True, irq=False, lose=False)


def test_record__heap_locked__interrupts_allocate_nothing():
    _proven(spi=False, irq=True, lose=False)


def test_record__heap_locked__losing_samples_allocates_nothing():
    _proven(spi=False, irq=False, lose=True)
    _proven(spi=False, irq=True, lose=True)


def test_read_into__heap_locked__allocates_nothing():
    ports = Ports()
    sensor = ADXL345(I2CRegisters(ports, 0x53))
    x, y, z = [array("h", bytes(66)) for _ in range(3)]
    sensor.read_into(x, y, z, 0, 33)
    micropython.heap_lock()
    try:
        sensor.read_into(x, y, z, 0, 33)
        sensor.entries()
        sensor.overrun()
        sensor.start()
        sensor.stop()
    finally:
        micropython.heap_unlock()
    assert x[32] & ~1 == 0x0100


def test_sizes__capture_and_driver__stay_small():
    gc.collect()
    before = gc.mem_alloc()
    sensor = ADXL345(I2CRegisters(Ports(), 0x53))
    capture = Capture(1024, None, Ports())
    gc.collect()
    used = gc.mem_alloc() - before
    print("driver and capture of 1024 samples:", used, "bytes")
    assert used < 3 * 2 * 1024 + 4500, used  # blocks, and 33 views of 32 to 64 bytes each
    assert len(capture.blocks[0]) == 1024 and sensor.axes == 3
