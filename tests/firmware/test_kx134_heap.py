# runs on: micropython
"""The KX134's driver leaves the heap alone, in a record too."""

import gc
import sys
from array import array

import micropython
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from heap_rig import Ports as Rig
from heap_rig import prove_record

from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.kx134 import KX134

SAMPLES = 256


class Ports(Rig):
    """A chip at 400 Hz; a loss leaves its buffer full."""

    def __init__(self):
        Rig.__init__(self)
        self._control = 0

    def put(self, reg, value):
        self.taken = self.made()
        if reg == 0x1B:
            self._control = value

    def get(self, reg, buf):
        if reg == 0x13:
            buf[0] = 0x46
        elif reg == 0x60:
            level = 6 * self.waiting(86)
            buf[0], buf[1] = level & 0xFF, level >> 8
        elif reg == 0x1B:
            buf[0] = self._control
        elif reg == 0x63:
            for i in range(len(buf)):
                buf[i] = i % 6 ^ (self.taken + i // 6 & 1 if i % 2 == 0 else 0)
            self.taken += len(buf) // 6
            if self.taken > self.lose_at > 0:
                self.lose_at = -1
                self.us += 100 * self.period_us
                self.taken = self.made() - 86
        else:
            buf[0] = 0


def _proven(spi, irq, lose):
    ports = Ports()
    sensor = KX134(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x1E))
    sensor.configure(400, 16)
    prove_record(ports, sensor, SAMPLES, irq, 100 if lose else None)


def test_record__heap_locked__allocates_nothing():
    for irq in (False, True):
        for lose in (False, True):
            _proven(irq, irq, lose)


def test_driver__heap_locked__allocates_nothing():
    sensor = KX134(I2CRegisters(Ports(), 0x1E))
    x, y, z = [array("h", bytes(172)) for _ in range(3)]
    sensor.read_into(x, y, z, 0, 85)
    sensor.start()
    micropython.heap_lock()
    try:
        sensor.start()
        sensor.read_into(x, y, z, 0, 85)
        sensor.entries()
        sensor.overrun()
        sensor.prove_settings()
        sensor.stop()
    finally:
        micropython.heap_unlock()
    assert x[84] & ~1 == 0x0100 and x[85] == 0


def test_sizes__driver__stays_small():
    ports = I2CRegisters(Ports(), 0x1E)
    gc.collect()
    before = gc.mem_alloc()
    sensor = KX134(ports)
    gc.collect()
    used = gc.mem_alloc() - before
    print("driver:", used, "bytes")
    assert used < 1600 and sensor.axes == 3, used
