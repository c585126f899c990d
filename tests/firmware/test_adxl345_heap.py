# runs on: micropython
"""Driver and capture leave the heap alone: only the interpreter's lock can prove it."""

import gc
from array import array

import micropython

from node.capture import Capture
from node.drivers.adxl345 import ADXL345
from node.drivers.bus import I2CRegisters, SPIRegisters

SAMPLES = 256


class Ports:
    """I2C, SPI, chip select, pin and clock of a chip at 800 Hz, without a heap of their own.

    Each access takes 100 us; `lose` makes the FIFO full and lets time jump, once.
    """

    IRQ_RISING = 8

    def __init__(self):
        self._us = 0
        self._taken = 0
        self._register = 0
        self._full = 0
        self._handler = None
        self.lose_at = -1

    def irq(self, handler, trigger, hard):
        self._handler = handler

    def value(self):
        return self._us // 1250 - self._taken >= 16

    def ticks_us(self):
        return self._us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        edge_us = (self._taken + 16) * 1250
        end_us = self._us + us
        if self._handler is not None and self._us < edge_us <= end_us:
            self._us = edge_us
            self._handler(self)
        self._us = end_us

    def __call__(self, level):
        pass

    def write(self, buf):
        self._register = buf[0] & 0x3F

    def readinto(self, buf):
        self.readfrom_mem_into(0, self._register, buf)

    def writeto_mem(self, address, reg, buf):
        self._us += 100
        self._taken = self._us // 1250

    def readfrom_mem_into(self, address, reg, buf):
        self._us += 100
        if reg == 0x00:
            buf[0] = 0xE5
        elif reg == 0x39:
            buf[0] = min(33, self._us // 1250 - self._taken)
        elif reg == 0x30:
            buf[0] = self._full
            self._full = 0
        elif reg == 0x2D:
            buf[0] = 0x08
        else:
            for i in range(6):
                buf[i] = i ^ (self._taken & 1 if i % 2 == 0 else 0)  # never two the same
            self._taken += 1
            if self._taken == self.lose_at:
                self._full = 1
                self._us += 40 * 1250
                self._taken += 20


def _proven(spi, irq, lose):
    ports = Ports()
    sensor = ADXL345(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x53))
    sensor.configure(800, 16)
    capture = Capture(SAMPLES, ports if irq else None, ports)
    gc.collect()
    capture.record(sensor)  # what is loaded once
    if lose:
        ports.lose_at = ports._us // 1250 + 100
    micropython.heap_lock()
    try:
        record = capture.record(sensor)
        valid = record.valid
    finally:
        micropython.heap_unlock()
    assert record.samples == SAMPLES and record.run == 2
    assert valid != lose and bool(record.overruns) == lose
    assert sorted(capture.blocks[2][-2:]) == [0x0504, 0x0505]


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
