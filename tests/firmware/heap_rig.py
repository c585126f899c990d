"""What stands behind a driver while the heap is locked: clock, pins and buses without a heap.

A chip's Ports say what is in its registers; the rest is here.
"""

import gc

import micropython

from node.capture import Capture


class Ports:
    """Clock, interrupt pin, chip select, I2C and SPI of one chip at one rate.

    A chip overrides get(reg, buf) and put(reg, value), and address(byte), the register that the
    first byte on SPI means.  access_us: what each access takes; watermark: samples that wait when
    the pin goes up.  At sample lose_at, that is for get() to see, time jumps once.
    """

    IRQ_RISING = 8
    period_us = 2500
    access_us = 100
    watermark = 16

    def __init__(self):
        self.us = 0
        self.taken = 0  # samples that were read, of all that were made
        self.lose_at = -1
        self._register = 0
        self._handler = None

    def get(self, reg, buf):
        raise NotImplementedError

    def put(self, reg, value):
        raise NotImplementedError

    def address(self, byte):
        return byte & 0x7F

    def made(self):
        """Samples that the chip has made so far."""
        return self.us // self.period_us

    def made_us(self, count):
        """When it will have made so many."""
        return count * self.period_us

    def waiting(self, most):
        return min(most, self.made() - self.taken)

    # --- the clock and the pins

    def irq(self, handler, trigger, hard):
        self._handler = handler

    def __call__(self, level=None):
        return self.us >= self.made_us(self.taken + self.watermark)

    value = __call__

    def ticks_us(self):
        return self.us

    def ticks_diff(self, end, start):
        return end - start

    def sleep_us(self, us):
        edge_us = self.made_us(self.taken + self.watermark)
        end_us = self.us + us
        if self._handler is not None and self.us < edge_us <= end_us:
            self.us = edge_us
            self._handler(self)
        self.us = end_us

    # --- the buses

    def write(self, buf):
        self._register = self.address(buf[0])
        if len(buf) > 1:
            self.writeto_mem(0, self._register, buf)

    def readinto(self, buf):
        self.readfrom_mem_into(0, self._register, buf)

    def writeto_mem(self, address, reg, buf):
        self.us += self.access_us
        self.put(reg, buf[-1])

    def readfrom_mem_into(self, address, reg, buf):
        self.us += self.access_us
        self.get(reg, buf)


def prove_record(ports, sensor, samples, irq, lose_after=None, last=(0x0504, 0x0505)):
    """A record under a locked heap, good, or with samples lost lose_after from its start on.

    last: the digits with which its z ends, in either order.
    """
    lose = lose_after is not None
    capture = Capture(samples, ports if irq else None, ports)
    gc.collect()
    capture.record(sensor)  # what is loaded once
    if lose:
        ports.lose_at = ports.made() + lose_after
    micropython.heap_lock()
    try:
        record = capture.record(sensor)
        valid = record.valid
    finally:
        micropython.heap_unlock()
    case = (sensor.chip, irq, lose, record.overruns, record.gaps, record.stuck)
    assert record.samples == samples and record.run == 2, case
    assert valid != lose and bool(record.overruns) == lose, case
    assert sorted(capture.blocks[2][-2:]) == list(last), case
