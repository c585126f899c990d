"""What waits to be sent: a bounded queue in memory that loses nothing in silence."""

import asyncio


class Item:
    """One payload on its way; the object itself is the token that `acked` wants back."""

    def __init__(self, seq: int, payload: bytes) -> None:
        self.seq = seq
        self.payload = payload


class Outbox:
    """FIFO of at most `capacity` items and `most_bytes` of payload; what was taken stays until it
    is acknowledged.

    Full, it drops the oldest that nobody has taken: what is in flight may be with the broker
    already, and dropping it would free nothing. Only when all is in flight does the oldest of
    that go; an acknowledgement that comes for it later counts as `late` and changes nothing.
    """

    def __init__(self, capacity: int, most_bytes: "int | None" = None) -> None:
        """capacity: items, from 1 on; most_bytes: of all payloads, but for a single longer one.

        None: no bound but capacity; most_bytes may be set later.
        """
        if capacity < 1:
            raise ValueError("an outbox for %d items holds nothing" % capacity)
        self.capacity = capacity
        self.most_bytes = most_bytes
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

    def put(self, seq: int, payload: bytes) -> "int | None":
        """Append; the seq of the last item that had to go for it, else None."""
        victim = None
        while self._items and self._is_full(len(payload)):
            victim = self._drop()
        self._items.append(Item(seq, payload))
        self.held_bytes += len(payload)
        self._ready.set()
        return victim

    def _is_full(self, more_bytes: int) -> bool:
        if len(self._items) >= self.capacity:
            return True
        return self.most_bytes is not None and self.held_bytes + more_bytes > self.most_bytes

    def _drop(self) -> int:
        index = self._taken
        if index == len(self._items):
            self._taken -= 1
            index = 0
        item = self._items.pop(index)
        self.held_bytes -= len(item.payload)
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
        return item

    def acked(self, item: Item) -> bool:
        """An item in flight has arrived, in any order.  False: it had been dropped meanwhile."""
        for index in range(self._taken):
            if self._items[index] is item:
                self._items.pop(index)
                self._taken -= 1
                self.held_bytes -= len(item.payload)
                self.acked_count += 1
                return True
        self.late += 1
        return False
