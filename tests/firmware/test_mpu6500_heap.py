# runs on: micropython
"""The drivers of MPU-6500 and MPU-6050 leave the heap alone, in a record too."""

import gc
import sys
from array import array

import micropython
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from heap_rig import Ports as Rig
from heap_rig import prove_record

from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.mpu6500 import MPU6050, MPU6500

SAMPLES = 512


class Ports(Rig):
    """A chip at 1000 Hz, which has no interrupt; with a loss its FIFO overflows."""

    period_us = 1000

    def __init__(self, ident, size):
        Rig.__init__(self)
        self._regs = bytearray(128)
        self._regs[0x75] = ident
        self._size = size
        self._over = 0
        self._part = 0

    def put(self, reg, value):
        self._regs[reg] = value
        if reg == 0x6A and value == 0x40:
            self.taken = self.made()

    def get(self, reg, buf):
        if reg == 0x72:
            waiting = min(self._size, 6 * (self.made() - self.taken) + self._part)
            buf[0], buf[1] = waiting >> 8, waiting & 0xFF
        elif reg == 0x3A:
            buf[0] = self._over
            self._over = 0
        elif reg != 0x74:
            buf[0] = self._regs[reg]
        elif len(buf) < 6:
            assert len(buf) <= self._part
            self._part -= len(buf)
        else:
            for at in range(0, len(buf), 6):
                for i in range(6):
                    buf[at + i] = i ^ (self.taken & 1 if i % 2 else 0)  # never two the same
                self.taken += 1
                if self.taken == self.lose_at:
                    self.us += 300_000
                    self.taken = self.made() - 70
                    self._over = 0x10
                    self._part = 4


def _chips():
    return ((MPU6500, 0x70, 512, False), (MPU6500, 0x70, 512, True), (MPU6050, 0x68, 1024, False))


def _sensor(driver, ports, spi):
    if spi:
        return driver(SPIRegisters(ports, ports, 1_000_000))
    return driver(I2CRegisters(ports, 0x68))


def _proven(lose):
    for driver, ident, size, spi in _chips():
        ports = Ports(ident, size)
        sensor = _sensor(driver, ports, spi)
        sensor.configure(1000, 2)
        prove_record(ports, sensor, SAMPLES, False, 300 if lose else None, (0x0404, 0x0405))


def test_record__heap_locked__polling_allocates_nothing():
    _proven(lose=False)


def test_record__heap_locked__losing_samples_allocates_nothing():
    _proven(lose=True)


def test_driver__heap_locked__allocates_nothing():
    for driver, ident, size, spi in _chips():
        sensor = _sensor(driver, Ports(ident, size), spi)
        depth = sensor.fifo_depth
        x, y, z = [array("h", bytes(2 * depth)) for _ in range(3)]
        sensor.read_into(x, y, z, 0, depth)
        micropython.heap_lock()
        try:
            sensor.start()
            sensor.entries()
            sensor.overrun()
            sensor.read_into(x, y, z, 0, depth)
            sensor.read_into(x, y, z, 5, 33)
            sensor.prove_settings()
            sensor.stop()
        finally:
            micropython.heap_unlock()
        assert x[depth - 1] & ~1 == 0x0000 and y[depth - 1] & ~1 == 0x0202


def test_sizes__drivers__stay_small():
    kept = []  # what is freed in between, or is not since a stale word still names it, counts not
    for driver, ident, size, spi in _chips():
        ports = Ports(ident, size)
        kept.append((ports, _sensor(driver, ports, spi)))
        gc.collect()
        before = gc.mem_alloc()
        sensor = _sensor(driver, ports, spi)
        gc.collect()
        kept.append(sensor)
        used = gc.mem_alloc() - before
        print(sensor.chip, "driver:", used, "bytes")
        assert 600 < used < 2400, used  # 192 of raw bytes, and 12 views of 32 to 64 bytes each
