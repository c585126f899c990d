"""The ADC of an RP2 that runs round and round until a current rises: a record from before that.

The second DMA channel sends the first one to the begin of the room again, with its number of
transfers (RP2040 datasheet 2.5.2.2; RP2350: 12.6.3.2): no program is asked, and none can be late
by less than a room.
"""

import time
from array import array

from micropython import const

from node.drivers import input_kernels
from node.drivers.rp2_adc import RP2ADC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from node.drivers.inputs import Samples, Take

# As in rp2_adc.py
_EN = const(0x001)
_UNDER_OVER = const(0x0C00)
# RP2040 datasheet 2.5.7: of each channel, a write address that starts it; RP2350: the same
_DMA_BASE = const(0x5000_0000)
_OF_CHANNEL = const(0x40)
_AL2_WRITE_ADDR_TRIG = const(0x2C)
_BEFORE = const(8)  # a record begins this part of itself before the rise, at least
_CONVERSION_US = const(3)  # 4.9.2: 96 cycles of 48 MHz, of the one that is under way
_CYCLE_HZ = const(40)  # the slowest line: a look covers a cycle of it


class RP2Ring(RP2ADC):
    """A converter that can wait for a rise, besides all others do."""

    def __init__(self, port: "Any", clock: "Any" = time) -> None:
        super().__init__(port, clock)
        self._home = array("I", [0])  # where the room begins
        self._again = _DMA_BASE + _OF_CHANNEL * self._taker.channel + _AL2_WRITE_ADDR_TRIG
        self._extent = array("i", [0, 0])
        self._rounds = 0  # of all inputs, at the last look
        self._looked_ticks = 0
        self._was_low = False
        self._whole = False  # the room has been written once round since watch()
        self._left_us: "int | None" = None  # after the look that saw a rise

    def watch(self) -> None:
        """Run on, over the oldest samples, and wait for a rise."""
        self._taker.config(write=self._raw, trigger=False)
        self._home[0] = self._taker.write
        self._set_free(self._home, self._again)
        self._was_low, self._rounds, self._whole = False, 0, False
        self._looked_ticks = self._begin_ticks

    def risen(self, least: "Sequence[int]") -> bool:
        """Whether one of the inputs moves now, which none did at the look before.

        least: codes from the lowest to the highest of each input, in the order of the blocks, from
        which on it moves; 0: it is not watched.  finish() then gives the record; to be asked some
        times in each length of a record, or its begin is overwritten.
        """
        clock, mem = self._clock, self._mem
        now = clock.ticks_us()
        gone_us = clock.ticks_diff(now, self._looked_ticks)
        if mem[self._fcs] & _UNDER_OVER or not self._taker.active():
            self.watch()  # what has lost a sample has its inputs in wrong places
            return False
        samples, count = self._samples, len(self._places)
        rounds = (self._count - self._taker.count) // count
        new = (rounds - self._rounds) % samples if gone_us < self._span_us else samples
        cycle = min(samples, int(self.rate_hz / _CYCLE_HZ) + 1)
        since_us = 0
        if not self._whole:  # no longer than it matters: ticks wrap after nine minutes
            since_us = clock.ticks_diff(now, self._begin_ticks)
            if since_us * self.rate_hz < 1e6 * (cycle + 1):
                return False
            self._whole = since_us >= self._span_us
        window = max(cycle, new)
        low = True
        for index in range(count):
            if least[index]:
                first = (rounds - window) % samples * count + self._places[index]
                input_kernels.extent(self._raw, first, count, window, self._count, self._extent)
                if self._extent[1] - self._extent[0] >= least[index]:
                    low = False
        found = self._was_low and not low
        self._was_low, self._rounds, self._looked_ticks = low, rounds, now
        if found:
            after = max(0, samples - samples // _BEFORE - new)
            self._left_us = int(after * 1e6 / self.rate_hz)
            if not self._whole:  # what is older than watch() is of another record
                self._left_us = max(self._left_us, self._span_us - since_us)
        return found

    def left_us(self) -> int:
        if self._left_us is None:
            return super().left_us()
        gone: int = self._clock.ticks_diff(self._clock.ticks_us(), self._looked_ticks)
        return max(0, self._left_us - gone)

    def finish(self, blocks: "tuple[Samples, ...]", take: "Take", again: bool = False) -> None:
        if self._left_us is None:
            super().finish(blocks, take, again)
            return
        left_us = self.left_us()
        if left_us:
            self._clock.sleep_us(left_us)
        self._mem[self._cs] = _EN
        self._clock.sleep_us(_CONVERSION_US)
        raw, count, samples = self._raw, len(self._places), self._samples
        at = self._count - self._taker.count
        self._tell(take)
        self.stop()
        while at % count:  # a round that was begun: as in the round before it
            for byte in (2 * at, 2 * at + 1):
                raw[byte] = raw[(byte - 2 * count) % (2 * self._count)]
            at += 1
        oldest = at // count % samples
        for index in range(count):
            place, newer = self._places[index], samples - oldest
            block, wide = blocks[index], self._wide
            input_kernels.split(raw, block, oldest * count + place, count, newer, wide)
            if oldest:
                rest = memoryview(block)[newer:]
                input_kernels.split(raw, rest, place, count, oldest, wide)
        self._look(blocks, take)

    def stop(self) -> None:
        self._left_us = None
        super().stop()
