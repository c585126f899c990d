# runs on: micropython
"""The drivers of MPU-6500 and MPU-6050 leave the heap alone, in a record too."""

import gc
from array import array

import micropython

from node.capture import Capture
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.mpu6500 import MPU6050, MPU6500

SAMPLES = 512
PERIOD_US = 1000


class Ports:
    """I2C, SPI, chip select and clock of a chip at 1000 Hz, without a heap of their own.

    Each access takes 100 us; at entry lose_at time jumps, once, and the FIFO has overflowed.
    """

    def __init__(self, ident, size):
        self._regs = bytearray(128)
        self._regs[0x75] = ident
        self._size = size
        self._us = 0
        self.taken = 0
        self._register = 0
        self._over = 0
        self._part = 0
        self.lose_at = -1

    def ticks_us(self):
        return self._us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        self._us += us

    def __call__(self, level=None):
        return 0

    def write(self, buf):
        self._register = buf[0] & 0x7F
        if len(buf) == 2:
            self._put(buf[0], buf[1])

    def readinto(self, buf):
        self.readfrom_mem_into(0, self._register, buf)

    def writeto_mem(self, address, reg, buf):
        self._put(reg, buf[0])

    def _put(self, reg, value):
        self._us += 100
        self._regs[reg] = value
        if reg == 0x6A and value == 0x40:
            self.taken = self._us // PERIOD_US

    def readfrom_mem_into(self, address, reg, buf):
        self._us += 100
        if reg == 0x72:
            waiting = min(self._size, 6 * (self._us // PERIOD_US - self.taken) + self._part)
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
                    self._us += 300_000
                    self.taken = self._us // PERIOD_US - 70
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
        capture = Capture(SAMPLES, None, ports)
        gc.collect()
        capture.record(sensor)  # what is loaded once
        if lose:
            ports.lose_at = ports._us // PERIOD_US + 300
        micropython.heap_lock()
        try:
            record = capture.record(sensor)
            valid = record.valid
        finally:
            micropython.heap_unlock()
        case = (sensor.chip, spi, lose, record.overruns, record.gaps, record.stuck)
        assert record.samples == SAMPLES and record.run == 2, case
        assert valid != lose and bool(record.overruns) == lose, case
        assert sorted(capture.blocks[2][-2:]) == [0x0404, 0x0405], case


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
