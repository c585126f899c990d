# runs on: micropython
"""The drivers of LIS3DH and LIS2DW12 leave the heap alone, in a record too."""

import gc
import sys
from array import array

import micropython
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from heap_rig import Ports as Rig
from heap_rig import prove_record

from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.lis2dw12 import LIS2DW12
from node.drivers.lis3dh import LIS3DH

SAMPLES = 256


class Ports(Rig):
    """A chip at 400 Hz, which both have; a loss leaves its FIFO full."""

    def __init__(self, ident):
        Rig.__init__(self)
        self._regs = bytearray(64)
        self._regs[0x0F] = ident
        self._lis3dh = ident == 0x33
        self._full = 0

    def address(self, byte):
        return byte & 0x3F

    def put(self, reg, value):
        self._regs[reg] = value
        if reg == 0x20:
            self.taken = self.made()

    def get(self, reg, buf):
        reg &= 0x3F
        if reg == 0x2F:
            buf[0] = self.waiting(31 if self._lis3dh else 32) | self._full
        elif reg != 0x28:
            buf[0] = self._regs[reg]
        else:
            self._full = 0
            for at in range(0, len(buf), 6):
                for i in range(6):
                    buf[at + i] = i ^ (self.taken & 1 if i % 2 == 0 else 0)  # never two the same
                self.taken += 1
                if self.taken == self.lose_at:
                    self._full = 0x40
                    self.us += 40 * self.period_us
                    self.taken += 20


def _chips():
    return ((LIS3DH, 0x33), (LIS2DW12, 0x44))


def _proven(spi, irq, lose):
    for driver, ident in _chips():
        ports = Ports(ident)
        sensor = driver(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x18))
        sensor.configure(400, 2)
        prove_record(ports, sensor, SAMPLES, irq, 100 if lose else None)


def test_record__heap_locked__polling_allocates_nothing():
    _proven(spi=False, irq=False, lose=False)
    _proven(spi=True, irq=False, lose=False)


def test_record__heap_locked__interrupts_allocate_nothing():
    _proven(spi=False, irq=True, lose=False)


def test_record__heap_locked__losing_samples_allocates_nothing():
    _proven(spi=False, irq=False, lose=True)
    _proven(spi=True, irq=True, lose=True)


def test_driver__heap_locked__allocates_nothing():
    for driver, ident in _chips():
        ports = Ports(ident)
        sensor = driver(I2CRegisters(ports, 0x18))
        x, y, z = [array("h", bytes(64)) for _ in range(3)]
        sensor.read_into(x, y, z, 0, 32)
        micropython.heap_lock()
        try:
            sensor.start()
            sensor.entries()
            sensor.overrun()
            sensor.read_into(x, y, z, 0, 32)
            sensor.read_into(x, y, z, 5, 3)
            sensor.prove_settings()
            sensor.stop()
        finally:
            micropython.heap_unlock()
        assert x[31] & ~1 == 0x0100 and y[31] & ~1 == 0x0302


def test_sizes__drivers__stay_small():
    for driver, ident in _chips():
        bus = I2CRegisters(Ports(ident), 0x18)
        sensor = driver(bus)
        sensor = None
        gc.collect()
        before = gc.mem_alloc()
        sensor = driver(bus)
        gc.collect()
        used = gc.mem_alloc() - before
        print(sensor.chip, "driver:", used, "bytes")
        assert 1000 < used < 3000, used  # 192 of raw bytes, and 33 views of 32 to 64 bytes each
