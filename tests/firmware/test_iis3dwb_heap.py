# runs on: micropython
"""The driver of the IIS3DWB leaves the heap alone, in a record too."""

import gc
from array import array

import micropython

from node.capture import Capture
from node.drivers.bus import SPIRegisters
from node.drivers.iis3dwb import IIS3DWB

SAMPLES = 512
TAGS = b"\x11\x12\x14\x17"


class Ports:
    """SPI, chip select, pin and clock of a chip at 26 667 Hz, without a heap of their own.

    Each access takes 10 us; at entry lose_at time jumps, once, and words are overwritten.
    """

    IRQ_RISING = 8

    def __init__(self):
        self._regs = bytearray(128)
        self._regs[0x0F] = 0x7B
        self._us = 0
        self.taken = 0
        self._register = 0
        self._over = 0
        self._handler = None
        self.lose_at = -1

    def irq(self, handler, trigger, hard):
        self._handler = handler

    def ticks_us(self):
        return self._us

    def ticks_diff(self, end, start):
        return end - start

    def _made(self):
        return self._us * 2 // 75

    def sleep_us(self, us):
        edge_us = (self.taken + 128) * 75 // 2 + 1
        end_us = self._us + us
        if self._handler is not None and self._us < edge_us <= end_us:
            self._us = edge_us
            self._handler(self)
        self._us = end_us

    def __call__(self, level=None):
        return self._made() >= self.taken + 128

    value = __call__

    def write(self, buf):
        self._register = buf[0] & 0x7F
        if len(buf) == 2:
            self._us += 10
            self._regs[buf[0]] = buf[1]
            if buf[0] == 0x10:
                self.taken = self._made()

    def readinto(self, buf):
        self._us += 10
        reg = self._register
        if reg == 0x3A:
            waiting = min(512, self._made() - self.taken)
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
                    self._us += 25_000
                    self.taken += 155
                    self._over = 0x48


def _proven(irq, lose):
    ports = Ports()
    sensor = IIS3DWB(SPIRegisters(ports, ports))
    sensor.configure()
    capture = Capture(SAMPLES, ports if irq else None, ports)
    gc.collect()
    capture.record(sensor)  # what is loaded once
    if lose:
        ports.lose_at = ports._made() + 400
    micropython.heap_lock()
    try:
        record = capture.record(sensor)
        valid = record.valid
    finally:
        micropython.heap_unlock()
    case = (irq, lose, record.overruns, record.gaps, record.stuck)
    assert record.samples == SAMPLES and record.run == 2, case
    assert valid != lose and bool(record.overruns) == lose, case
    assert sorted(capture.blocks[2][-2:]) == [0x0504, 0x0505], case


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
