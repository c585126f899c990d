"""From the outbox to the broker: as many at once as the client's window holds, in order."""

import asyncio
import gc

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from node.outbox import Item, Outbox
    from node.uplink.mqtt import MqttClient

_LOOK_MS = const(100)  # for a link


class Pump:
    """Publishes what the outbox holds; only a PUBACK takes an item out of it."""

    def __init__(
        self,
        outbox: "Outbox",
        client: "MqttClient",
        topic: str,
        on_acked: "Callable[[int], None] | None" = None,
        on_turn: "Callable[[], None] | None" = None,
    ) -> None:
        """on_acked(seq): called once for each item that arrives; on_turn(): for each that goes."""
        self._outbox = outbox
        self._client = client
        self._topic = topic
        self._on_acked = on_acked
        self._on_turn = on_turn
        self.short = 0  # times that there was no memory for a packet

    def due(self) -> bool:
        """True where an item could go right now."""
        return self._outbox.unsent and self._client.connected and self._client.has_room

    async def run(self) -> None:
        """Until cancelled; what is in flight then stays with the client."""
        outbox, client = self._outbox, self._client
        while True:
            await outbox.wait_unsent()
            if not client.connected:
                # What the client takes it keeps a copy of: without a link for nothing.
                await asyncio.sleep_ms(_LOOK_MS)
                continue
            await client.room()
            # Nothing is taken before there is room: an item is in flight or it is in the queue.
            item = outbox.take()
            if item is not None:
                try:
                    client.post(self._topic, outbox.payload(item), done=self._done, token=item)
                except MemoryError:  # for the packet: what is on its way gives its own back
                    outbox.put_back(item)
                    self.short += 1
                    gc.collect()
                    await asyncio.sleep_ms(_LOOK_MS)
            if self._on_turn is not None:
                self._on_turn()

    def _done(self, item: "Item") -> None:
        first = not item.spare
        self._outbox.acked(item)
        if first and self._on_acked is not None:
            self._on_acked(item.seq)
