"""What the host asks of a node while it runs, and what it is told."""

import asyncio

from micropython import const

import wire
from node import modules
from wire.message import ReportError, dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from node.health import Health
    from node.identities import Identities
    from node.schedule import Schedule
    from node.sets import Measured
    from node.uplink.mqtt import MqttClient

_MOST_REPLIES = const(8)
_READERS = ("wire.command", "wire.report", "wire.keys")


class Commands:
    """Takes commands out of messages and publishes their replies, which wait boundedly.

    What cannot be read is counted as `command_refused`, and answered where it has an id.
    """

    def __init__(
        self,
        boot: int,
        client: "MqttClient",
        topic: str,
        schedule: "Schedule",
        sets: "list[Measured]",
        health: "Health",
        identities: "Identities | None",
        change: "Callable[[], None]",
    ) -> None:
        """topic: of the replies; identities: what takes a new one, None where the link is not
        sealed; change(): called when the last part of one has been replied to.
        """
        self._boot = boot
        self._client, self._topic = client, topic
        self._schedule = schedule
        self._sets = sets
        self._health = health
        self._replies: "list[bytes]" = []
        self._ready = asyncio.Event()
        self._identities, self._change = identities, change
        self._changing = False

    def arrived(self, payload: bytes) -> None:
        """A message on the node's topic of commands."""
        found = self._read(payload)
        modules.forget(*_READERS)
        if found is None:
            return
        try:
            if found["command"] == "renew":
                if self._identities is None:
                    raise ValueError("a new identity comes over TLS only")
                if self._identities.take(found):
                    self._changing = True  # once the reply has gone
                self.done(found, None)
            elif found["command"] in ("freeze", "forget"):
                self._teach(found)
            elif not self._schedule.ask(found["set"], found):
                self._refuse(found, "the node is busy: ask again when it has answered")
        except ValueError as error:
            self._refuse(found, str(error))
        except (OSError, MemoryError) as error:
            self._refuse(found, "flash or memory: %r" % error)

    def _read(self, payload: bytes) -> "dict[str, Any] | None":
        """The command, read by modules that are loaded for it: commands are rare."""
        try:
            from wire import command

            try:
                return command.decode(payload)
            except ReportError as error:
                self._health.count("command_refused")
                sender = command.sender(payload)
                if sender is not None:
                    self._reply(sender, None, str(error))
        except MemoryError:  # for the modules
            self._health.count("command_refused")
        return None

    def _teach(self, found: "dict[str, Any]") -> None:
        """Raises ValueError for a set without a bearing, or one that has not learned enough."""
        for measured in self._sets:
            bearing = getattr(measured, "bearing", None)
            if measured.name == found["set"] and bearing is not None:
                bearing.freeze() if found["command"] == "freeze" else bearing.forget()
                self._reply(found["id"], None, None)
                return
        raise ValueError("%r is no set that looks at a bearing" % found["set"])

    def done(self, request: "dict[str, Any]", seq: "int | None") -> None:
        """What a command asked for is in the report of this seq; None: nothing is to be told."""
        self._reply(request["id"], seq, None)

    def _refuse(self, request: "dict[str, Any]", error: str) -> None:
        self._health.count("command_refused")
        self._reply(request["id"], None, error)

    def _reply(self, sender: str, seq: "int | None", error: "str | None") -> None:
        if len(self._replies) >= _MOST_REPLIES:
            self._health.count("reply_dropped")
            return
        reply = {
            "v": wire.COMMAND_VERSION,
            "id": sender,
            "boot": self._boot,
            "ok": error is None,
            "seq": seq,
            "error": error,
        }
        self._replies.append(dumps(reply))
        self._ready.set()

    async def run(self) -> None:
        """Publish one reply after the other, for ever."""
        while True:
            await self._ready.wait()
            self._ready.clear()
            while self._replies:
                try:
                    await self._client.publish(self._topic, self._replies.pop(0))
                except MemoryError:  # for the packet
                    self._health.count("reply_dropped")
            if self._changing:
                self._changing = False
                self._change()
