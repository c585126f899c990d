# runs on: micropython
"""The driver of the IIS3DWB leaves the heap alone, in a record too."""

import gc
import sys
from array import array

import micropython
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from heap_rig import Ports as Rig
from heap_rig import prove_record

from node.drivers.bus import SPIRegisters
from node.drivers.iis3dwb import IIS3DWB

SAMPLES = 512
TAGS = b"\x11\x12\x14\x17"


class Ports(Rig):
    """A chip at 26 667 Hz, 37.5 us a sample; with a loss words are overwritten."""

    access_us = 10
    watermark = 128

    def __init__(self):
        Rig.__init__(self)
        self._regs = bytearray(128)
        self._regs[0x0F] = 0x7B
        self._over = 0

    def made(self):
        return self.us * 2 // 75

    def made_us(self, count):
        return (count * 75 + 1) // 2

    def put(self, reg, value):
        self._regs[reg] = value
        if reg == 0x10:
            self.taken = self.made()

    def get(self, reg, buf):
        if reg == 0x3A:
            waiting = self.waiting(512)
            buf[0] = waiting & 0xFF
            buf[1] = waiting >> 8 | self._over
            self._over = 0
        elif reg != 0x78:
            buf[0] = self._regs[reg]
        else:
            for at in range(0, len(buf), 7):
                buf[at] = TAGS[self.taken & 3]
                for i in range(6):
                    buf[at + 1 + i] = i ^ (self.taken & 1 if i % 2 == 0 else 0)
                self.taken += 1
                if self.taken == self.lose_at:
                    self.us += 25_000
                    self.taken += 155
                    self._over = 0x48


def _proven(irq, lose):
    ports = Ports()
    sensor = IIS3DWB(SPIRegisters(ports, ports))
    sensor.configure()
    prove_record(ports, sensor, SAMPLES, irq, 400 if lose else None)


def test_record__heap_locked__polling_allocates_nothing():
    _proven(irq=False, lose=False)


def test_record__heap_locked__interrupts_allocate_nothing():
    _proven(irq=True, lose=False)


def test_record__heap_locked__losing_samples_allocates_nothing():
    _proven(irq=False, lose=True)
    _proven(irq=True, lose=True)


def test_driver__heap_locked__allocates_nothing():
    ports = Ports()
    sensor = IIS3DWB(SPIRegisters(ports, ports))
    x, y, z = [array("h", bytes(1024)) for _ in range(3)]
    sensor.read_into(x, y, z, 0, 512)
    micropython.heap_lock()
    try:
        sensor.start()
        sensor.entries()
        sensor.overrun()
        sensor.read_into(x, y, z, 0, 512)
        sensor.read_into(x, y, z, 5, 77)
        sensor.prove_settings()
        sensor.stop()
    finally:
        micropython.heap_unlock()
    assert x[511] & ~1 == 0x0100 and y[511] & ~1 == 0x0302


def test_sizes__driver__stays_small():
    bus = SPIRegisters(Ports(), lambda level: None)
    sensor = IIS3DWB(bus)
    sensor = None
    gc.collect()
    before = gc.mem_alloc()
    sensor = IIS3DWB(bus)
    gc.collect()
    used = gc.mem_alloc() - before
    print(sensor.chip, "driver:", used, "bytes")
    assert 700 < used < 1600, used  # 448 of raw bytes, and 7 views of 32 to 64 bytes each
