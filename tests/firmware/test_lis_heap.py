# runs on: micropython
"""The drivers of LIS3DH and LIS2DW12 leave the heap alone, in a record too."""

import gc
from array import array

import micropython

from node.capture import Capture
from node.drivers.bus import I2CRegisters, SPIRegisters
from node.drivers.lis2dw12 import LIS2DW12
from node.drivers.lis3dh import LIS3DH

SAMPLES = 256
PERIOD_US = 2500  # of 400 Hz, which both have


class Ports:
    """I2C, SPI, chip select, pin and clock of a chip at 400 Hz, without a heap of their own.

    Each access takes 100 us; at entry lose_at time jumps, once, and the FIFO is full.
    """

    IRQ_RISING = 8

    def __init__(self, ident):
        self._regs = bytearray(64)
        self._regs[0x0F] = ident
        self._lis3dh = ident == 0x33
        self._us = 0
        self.taken = 0
        self._register = 0
        self._full = 0
        self._handler = None
        self.lose_at = -1

    def irq(self, handler, trigger, hard):
        self._handler = handler

    def ticks_us(self):
        return self._us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        edge_us = (self.taken + 16) * PERIOD_US
        end_us = self._us + us
        if self._handler is not None and self._us < edge_us <= end_us:
            self._us = edge_us
            self._handler(self)
        self._us = end_us

    def __call__(self, level=None):
        return self._us >= (self.taken + 16) * PERIOD_US

    value = __call__

    def write(self, buf):
        self._register = buf[0]
        if len(buf) == 2:
            self._put(buf[0], buf[1])

    def readinto(self, buf):
        self.readfrom_mem_into(0, self._register, buf)

    def writeto_mem(self, address, reg, buf):
        self._put(reg, buf[0])

    def _put(self, reg, value):
        self._us += 100
        self._regs[reg] = value
        if reg == 0x20:
            self.taken = self._us // PERIOD_US

    def readfrom_mem_into(self, address, reg, buf):
        self._us += 100
        reg &= 0x3F
        if reg == 0x2F:
            waiting = min(32, self._us // PERIOD_US - self.taken)
            if self._lis3dh:
                waiting = min(31, waiting)
            buf[0] = waiting | self._full
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
                    self._us += 40 * PERIOD_US
                    self.taken += 20


def _chips():
    return ((LIS3DH, 0x33), (LIS2DW12, 0x44))


def _proven(spi, irq, lose):
    for driver, ident in _chips():
        ports = Ports(ident)
        sensor = driver(SPIRegisters(ports, ports) if spi else I2CRegisters(ports, 0x18))
        sensor.configure(400, 2)
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
        case = (sensor.chip, spi, irq, lose, record.overruns, record.gaps, record.stuck)
        assert record.samples == SAMPLES and record.run == 2, case
        assert valid != lose and bool(record.overruns) == lose, case
        assert sorted(capture.blocks[2][-2:]) == [0x0504, 0x0505], case


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
