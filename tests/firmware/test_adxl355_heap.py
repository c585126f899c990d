# runs on: micropython
"""The ADXL355's driver leaves the heap alone, in a record too."""

import gc
from array import array

import micropython

from node.capture import Capture
from node.drivers.adxl355 import ADXL355
from node.drivers.bus import I2CRegisters, SPIRegisters

SAMPLES = 256
PERIOD_US = 2000


class Ports:
    """I2C, SPI, chip select, pin and clock of a chip at 500 Hz, without a heap of their own.

    Each access takes 100 us; at sample lose_at time jumps, once, and the FIFO runs over.
    """

    IRQ_RISING = 8

    def __init__(self):
        self._us = 0
        self._taken = 0
        self._register = 0
        self._power = 1
        self._lost = 0
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
        self._register = buf[0] >> 1
        if len(buf) > 1:
            self.writeto_mem(0, self._register, buf)

    def readinto(self, buf):
        self.readfrom_mem_into(0, self._register, buf)

    def writeto_mem(self, address, reg, buf):
        self._us += 100
        self._taken = self._us // PERIOD_US
        if reg == 0x2D:
            self._power = buf[-1]

    def readfrom_mem_into(self, address, reg, buf):
        self._us += 100
        if reg == 0x00:
            buf[0] = 0xAD
        elif reg == 0x02:
            buf[0] = 0xED
        elif reg == 0x05:
            buf[0] = 3 * min(32, self._us // PERIOD_US - self._taken)
        elif reg == 0x04:
            buf[0] = self._lost
            self._lost = 0
        elif reg == 0x2D:
            buf[0] = self._power
        elif reg == 0x11:
            for i in range(len(buf)):
                buf[i] = 0x10 * (i % 9) + 3 * (self._taken + i // 9 & 1) if i % 3 < 2 else 0
            for i in range(2, len(buf), 9):
                buf[i] = 1
            self._taken += len(buf) // 9
            if self._taken > self.lose_at > 0:
                self.lose_at = -1
                self._lost = 4
                self._us += 40 * PERIOD_US
                self._taken += 20


def _proven(spi, irq, lose):
    ports = Ports()
    sensor = ADXL355(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x1D))
    sensor.configure(500, 2)
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
    assert sorted(capture.blocks[2][-2:]) == [0x6070, 0x6373]


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
