# runs on: micropython
"""The KX134's driver leaves the heap alone, in a record too."""

import gc
from array import array

import micropython

from node.capture import Capture
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.kx134 import KX134

SAMPLES = 256
PERIOD_US = 2500


class Ports:
    """I2C, SPI, chip select, pin and clock of a chip at 400 Hz, without a heap of their own.

    Each access takes 100 us; at sample lose_at time jumps, once, and the buffer is full.
    """

    IRQ_RISING = 8

    def __init__(self):
        self._us = 0
        self._taken = 0
        self._register = 0
        self._control = 0
        self._full = 0
        self._handler = None
        self.lose_at = -1

    def irq(self, handler, trigger, hard):
        self._handler = handler

    def value(self):
        return self._us >= (self._taken + 16) * PERIOD_US

    def ticks_us(self):
        return self._us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        edge_us = (self._taken + 16) * PERIOD_US
        end_us = self._us + us
        if self._handler is not None and self._us < edge_us <= end_us:
            self._us = edge_us
            self._handler(self)
        self._us = end_us

    def __call__(self, level):
        pass

    def write(self, buf):
        self._register = buf[0] & 0x7F
        if len(buf) > 1:
            self.writeto_mem(0, self._register, buf)

    def readinto(self, buf):
        self.readfrom_mem_into(0, self._register, buf)

    def writeto_mem(self, address, reg, buf):
        self._us += 100
        self._taken = self._us // PERIOD_US
        if reg == 0x1B:
            self._control = buf[-1]

    def readfrom_mem_into(self, address, reg, buf):
        self._us += 100
        if reg == 0x13:
            buf[0] = 0x46
        elif reg == 0x60:
            level = 6 * min(86, self._us // PERIOD_US - self._taken)
            buf[0], buf[1] = level & 0xFF, level >> 8
        elif reg == 0x17:
            buf[0] = self._full
            self._full = 0
        elif reg == 0x1B:
            buf[0] = self._control
        elif reg == 0x63:
            for i in range(len(buf)):
                buf[i] = i % 6 ^ (self._taken + i // 6 & 1 if i % 2 == 0 else 0)
            self._taken += len(buf) // 6
            if self._taken > self.lose_at > 0:
                self.lose_at = -1
                self._full = 0x40
                self._us += 100 * PERIOD_US
                self._taken += 20
        else:
            buf[0] = 0


def _proven(spi, irq, lose):
    ports = Ports()
    sensor = KX134(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x1E))
    sensor.configure(400, 16)
    capture = Capture(SAMPLES, ports if irq else None, ports)
    gc.collect()
    capture.record(sensor)  # what is loaded once
    if lose:
        ports.lose_at = ports._us // PERIOD_US + 100
    micropython.heap_lock()
    try:
        record = capture.record(sensor)
        valid = record.valid
    finally:
        micropython.heap_unlock()
    assert record.samples == SAMPLES and record.run == 2
    assert valid != lose and bool(record.overruns) == lose, (record.overruns, record.gaps)
    assert sorted(capture.blocks[2][-2:]) == [0x0504, 0x0505]


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
