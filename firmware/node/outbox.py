"""What waits to be sent: a bounded queue in memory that loses nothing in silence.

What a broker has acknowledged is kept for a moment longer: mosquitto acknowledges before it saves,
and one that dies in between has lost it (docs/reliability.md).
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_LEAST_BYTES = const(4096)
# Of an item; from 0 on: kept, and the ticks of its last acknowledgement.
_WAITS, _IN_FLIGHT, _WAITS_AGAIN, _IN_FLIGHT_AGAIN = -1, -2, -3, -4
_KEEP_MS = const(2000)  # mosquitto saves within 10 ms on a good disk: two hundred times that
_MOST_KEPT = const(16)  # a thousand nodes that return must not all bring an outbox


class Item:
    """One payload on its way; the object itself is the token that `acked` wants back."""

    def __init__(self, seq: int, start: int, length: int) -> None:
        # Four, as a fifth would take 32 bytes more of each of hundreds.
        self.seq = seq
        self.start, self.length = start, length
        self.state = _WAITS

    @property
    def spare(self) -> bool:
        """True where it has been acknowledged once."""
        return self.state >= 0 or self.state <= _WAITS_AGAIN


class Outbox:
    """FIFO of at most `capacity` items and `most_bytes` of payload; what was taken stays until it
    is acknowledged, and a moment longer where nothing else needs its place.

    Payloads lie in one piece of memory that is made once: for hours and days they would cut the
    heap into pieces in which the next one finds no room.

    Full, it drops the oldest that nobody has taken: what is in flight may be with the broker
    already, and dropping it would free nothing. Only when all is in flight does the oldest of
    that go; an acknowledgement that comes for it later counts as `late` and changes nothing.
    """

    def __init__(self, capacity: int, most_bytes: int = 16_384) -> None:
        """capacity: items, from 1 on; most_bytes: of all payloads."""
        if capacity < 1:
            raise ValueError("an outbox for %d items holds nothing" % capacity)
        self.capacity = capacity
        self._memory = memoryview(b"")
        self._most_bytes = most_bytes
        self.held_bytes = 0  # of payloads, those that are kept included
        self.sent = 0  # taken by the uplink
        self.acked_count = 0
        self.dropped = 0
        self.late = 0  # acknowledged after it was dropped
        self.again = 0  # taken back after they were acknowledged
        self._items = []  # type: list[Item]
        self._waiting = 0
        self._spare = 0  # items of that kind
        self._ready = asyncio.Event()

    @property
    def queued(self) -> int:
        """Items not acknowledged yet, those in flight included."""
        return len(self._items) - self._spare

    @property
    def unsent(self) -> bool:
        """True where `take` has something to give."""
        return self._waiting > 0

    def reserve(self, most_bytes: int) -> None:
        """Take the memory of all payloads, while it is to be had: less where no such piece is.

        Without this the first put() takes it.  Raises ValueError if not empty, MemoryError where
        there is next to nothing.
        """
        if self._items:
            raise ValueError("an outbox with %d items cannot move" % len(self._items))
        while True:
            try:
                self._memory = memoryview(bytearray(most_bytes))
            except MemoryError:
                if most_bytes < _LEAST_BYTES:
                    raise
                most_bytes = most_bytes * 3 // 4
            else:
                break
        self._most_bytes = most_bytes

    def put(self, seq: int, payload: "bytes | bytearray | memoryview") -> "int | None":
        """Append a copy; the seq of the last item that had to go for it, else None.

        One that is longer than all the memory goes itself.
        """
        if not len(self._memory):
            self.reserve(self._most_bytes)
        length = len(payload)
        if length > self._most_bytes:
            self.dropped += 1
            return seq
        victim = None
        while self._items and self._is_full(length):
            if self._spare:
                self._forget_oldest()
            else:
                victim = self._drop()
        start = self._room(length)
        self._memory[start : start + length] = payload
        self._items.append(Item(seq, start, length))
        self.held_bytes += length
        self._waiting += 1
        self._ready.set()
        return victim

    def _is_full(self, more_bytes: int) -> bool:
        if len(self._items) >= self.capacity:
            return True
        return self.held_bytes + more_bytes > self._most_bytes

    def _room(self, length: int) -> int:
        """Where a payload that fits goes: behind the last, if need be after moving all up."""
        end = self._items[-1].start + self._items[-1].length if self._items else 0
        if end + length <= self._most_bytes:
            return end
        end, memory = 0, self._memory
        for item in self._items:
            if item.start != end:
                memory[end : end + item.length] = memory[item.start : item.start + item.length]
                item.start = end
            end += item.length
        return end

    def _drop(self) -> int:
        index = 0
        for i in range(len(self._items)):
            if self._items[i].state == _WAITS:  # nothing is spare when something is dropped
                index = i
                break
        seq = self._items[index].seq
        self._remove(index)
        self.dropped += 1
        return seq

    def _remove(self, index: int) -> None:
        item = self._items.pop(index)
        self.held_bytes -= item.length
        if item.state in (_WAITS, _WAITS_AGAIN):
            self._waiting -= 1
        if item.spare:
            self._spare -= 1

    def _forget_oldest(self) -> None:
        """The oldest that has been acknowledged: whoever has not been comes first."""
        for index in range(len(self._items)):
            if self._items[index].spare:
                self._remove(index)
                return

    async def wait_unsent(self) -> None:
        """Wait until `take` has something to give."""
        while not self.unsent:
            self._ready.clear()
            await self._ready.wait()

    def take(self) -> "Item | None":
        """The oldest item not in flight, which is in flight from now on; None: there is none."""
        for item in self._items:
            if item.state in (_WAITS, _WAITS_AGAIN):
                item.state += _IN_FLIGHT - _WAITS
                self._waiting -= 1
                self.sent += 1
                return item
        return None

    def payload(self, item: Item) -> memoryview:
        """Of an item that was taken; to be copied before anything else is put."""
        return self._memory[item.start : item.start + item.length]

    def put_back(self, item: Item) -> None:
        """The item taken last was not sent: it is the next again."""
        if item.state in (_IN_FLIGHT, _IN_FLIGHT_AGAIN):
            item.state += _WAITS - _IN_FLIGHT
            self._waiting += 1
            self.sent -= 1

    def acked(self, item: Item) -> bool:
        """An item in flight has arrived, in any order.  False: it had been dropped meanwhile."""
        if item.state not in (_IN_FLIGHT, _IN_FLIGHT_AGAIN) or item not in self._items:
            self.late += 1
            return False
        if not item.spare:
            self._spare += 1
            self.acked_count += 1
        item.state = now = ticks_ms()
        self._forget_old(now)
        return True

    def _forget_old(self, alive_ticks: int) -> None:
        """Let go of what was acknowledged so long before, and of all but the last few."""
        items = self._items
        while items and items[0].state >= 0:  # the oldest is the first, but for odd brokers
            recent = ticks_diff(alive_ticks, items[0].state) < _KEEP_MS
            if recent and self._spare <= _MOST_KEPT:
                break
            self._remove(0)

    def lost(self, alive_ticks: int) -> None:
        """The broker is back, perhaps without what it acknowledged last: that goes out again.

        alive_ticks: until when it is known to have lived.
        """
        self._forget_old(alive_ticks)
        for item in self._items:
            if item.state >= 0:
                item.state = _WAITS_AGAIN
                self._waiting += 1
                self.again += 1
        if self.unsent:
            self._ready.set()
