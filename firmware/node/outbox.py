"""What waits to be sent: a bounded queue in memory that loses nothing in silence."""

import asyncio

_LEAST_BYTES = 4096


class Item:
    """One payload on its way; the object itself is the token that `acked` wants back.

    payload: there once it was taken, to be copied before anything else is put.
    """

    def __init__(self, seq: int, start: int, length: int) -> None:
        self.seq = seq
        self.start, self.length = start, length
        self.payload: "bytes | memoryview" = b""


class Outbox:
    """FIFO of at most `capacity` items and `most_bytes` of payload; what was taken stays until it
    is acknowledged.

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
        self.held_bytes = 0  # of payloads
        self.sent = 0  # taken by the uplink
        self.acked_count = 0
        self.dropped = 0
        self.late = 0  # acknowledged after it was dropped
        self._items = []  # type: list[Item]
        self._taken = 0  # that many at the front are in flight
        self._ready = asyncio.Event()

    @property
    def queued(self) -> int:
        """Items not acknowledged yet, those in flight included."""
        return len(self._items)

    @property
    def unsent(self) -> bool:
        """True where `take` has something to give."""
        return self._taken < len(self._items)

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
            victim = self._drop()
        start = self._room(length)
        self._memory[start : start + length] = payload
        self._items.append(Item(seq, start, length))
        self.held_bytes += length
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
        index = self._taken
        if index == len(self._items):
            self._taken -= 1
            index = 0
        item = self._items.pop(index)
        self.held_bytes -= item.length
        self.dropped += 1
        return item.seq

    async def wait_unsent(self) -> None:
        """Wait until `take` has something to give."""
        while not self.unsent:
            self._ready.clear()
            await self._ready.wait()

    def take(self) -> "Item | None":
        """The oldest item not in flight, which is in flight from now on; None: there is none."""
        if not self.unsent:
            return None
        item = self._items[self._taken]
        self._taken += 1
        self.sent += 1
        item.payload = self._memory[item.start : item.start + item.length]
        return item

    def put_back(self, item: Item) -> None:
        """The item taken last was not sent: it is the next again."""
        if self._taken and self._items[self._taken - 1] is item:
            self._taken -= 1
            self.sent -= 1

    def acked(self, item: Item) -> bool:
        """An item in flight has arrived, in any order.  False: it had been dropped meanwhile."""
        for index in range(self._taken):
            if self._items[index] is item:
                self._items.pop(index)
                self._taken -= 1
                self.held_bytes -= item.length
                self.acked_count += 1
                return True
        self.late += 1
        return False
