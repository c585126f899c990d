# runs on: micropython
"""The ADXL355's driver leaves the heap alone, in a record too."""

import gc
import sys
from array import array

import micropython
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from heap_rig import Ports as Rig
from heap_rig import prove_record

from node.drivers.adxl355 import ADXL355
from node.drivers.bus import I2CRegisters, SPIRegisters

SAMPLES = 256


class Ports(Rig):
    """A chip at 500 Hz; with a loss its FIFO runs over."""

    period_us = 2000

    def __init__(self):
        Rig.__init__(self)
        self._power = 1
        self._lost = 0

    def address(self, byte):
        return byte >> 1

    def put(self, reg, value):
        self.taken = self.made()
        if reg == 0x2D:
            self._power = value

    def get(self, reg, buf):
        if reg == 0x00:
            buf[0] = 0xAD
        elif reg == 0x02:
            buf[0] = 0xED
        elif reg == 0x05:
            buf[0] = 3 * self.waiting(32)
        elif reg == 0x04:
            buf[0] = self._lost
            self._lost = 0
        elif reg == 0x2D:
            buf[0] = self._power
        elif reg == 0x11:
            for i in range(len(buf)):
                buf[i] = 0x10 * (i % 9) + 3 * (self.taken + i // 9 & 1) if i % 3 < 2 else 0
            for i in range(2, len(buf), 9):
                buf[i] = 1
            self.taken += len(buf) // 9
            if self.taken > self.lose_at > 0:
                self.lose_at = -1
                self._lost = 4
                self.us += 40 * 2000
                self.taken += 20


def _proven(spi, irq, lose):
    ports = Ports()
    sensor = ADXL355(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x1D))
    sensor.configure(500, 2)
    prove_record(ports, sensor, SAMPLES, irq, 100 if lose else None, (0x6070, 0x6373))


def test_record__heap_locked__allocates_nothing():
    for irq in (False, True):
        for lose in (False, True):
            _proven(irq, irq, lose)


def test_driver__heap_locked__allocates_nothing():
    for wide, code in ((False, "h"), (True, "i")):
        sensor = ADXL355(I2CRegisters(Ports(), 0x1D))
        sensor.configure(125, 8, wide)
        x, y, z = [array(code, bytes(128)) for _ in range(3)]
        sensor.read_into(x, y, z, 0, 31)
        sensor.start()
        micropython.heap_lock()
        try:
            sensor.start()
            sensor.read_into(x, y, z, 0, 31)
            sensor.entries()
            sensor.overrun()
            sensor.temperature_cdeg()
            sensor.prove_settings()
            sensor.stop()
        finally:
            micropython.heap_unlock()
        assert x[0] & ~(0x3030 if wide else 0x303) == (0x100 if wide else 0x10)


def test_sizes__driver__stays_small():
    ports = I2CRegisters(Ports(), 0x1D)
    gc.collect()
    before = gc.mem_alloc()
    sensor = ADXL355(ports)
    gc.collect()
    used = gc.mem_alloc() - before
    print("driver:", used, "bytes")
    assert used < 1600 and sensor.axes == 3, used
