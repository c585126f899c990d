"""What waits to be sent: a bounded queue in memory that loses nothing in silence."""

import asyncio


class Item:
    """One payload on its way; the object itself is the token that `acked` wants back."""

    def __init__(self, seq: int, payload: bytes) -> None:
        self.seq = seq
        self.payload = payload


class Outbox:
    """FIFO of at most `capacity` items; one that was taken stays until it is acknowledged.

    Full, it drops the oldest that nobody has taken: what is in flight may be with the broker
    already, and dropping it would free nothing. Only when all is in flight does the oldest of
    that go; an acknowledgement that comes for it later counts as `late` and changes nothing.
    """

    def __init__(self, capacity: int) -> None:
        """capacity: items, from 1 on."""
        if capacity < 1:
            raise ValueError("an outbox for %d items holds nothing" % capacity)
        self.capacity = capacity
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

    def put(self, seq: int, payload: bytes) -> "int | None":
        """Append; the seq of the item that had to go for it, else None."""
        victim = None
        if len(self._items) == self.capacity:
            if self._taken == self.capacity:
                self._taken -= 1
                victim = self._items.pop(0).seq
            else:
                victim = self._items.pop(self._taken).seq
            self.dropped += 1
        self._items.append(Item(seq, payload))
        self._ready.set()
        return victim

    async def wait_unsent(self) -> None:
        """Wait until `take` has something to give."""
        while self._taken == len(self._items):
            self._ready.clear()
            await self._ready.wait()

    def take(self) -> "Item | None":
        """The oldest item not in flight, which is in flight from now on; None: there is none."""
        if self._taken == len(self._items):
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
                self.acked_count += 1
                return True
        self.late += 1
        return False
