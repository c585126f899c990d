"""The messages on their way: in their order, each with its packet id, until its PUBACK."""

from time import ticks_ms

from node.uplink import packets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Message:
    """A publish on its way: in the window from `post` until its PUBACK."""

    def __init__(self, packet_id: int, packet: bytearray, done: "Any", token: "Any") -> None:
        self.packet_id = packet_id  # 0: QoS 0
        self.packet = packet
        self.tried = False  # written once, at least in part: from then on it carries DUP
        self.written_ticks = 0  # on this connection
        self.done = done
        self.token = token


class Window:
    """At most `most` messages; it outlives connections."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.messages = []  # type: list[Message]
        self.written = 0  # that many at the front went out on this connection
        self.subacks = []  # type: list[int]  # ids of SUBSCRIBEs that await their SUBACK
        self._next_id = 0

    @property
    def has_room(self) -> bool:
        return len(self.messages) < self.most

    @property
    def unwritten(self) -> bool:
        """True where a message has yet to go out on this connection."""
        return self.written < len(self.messages)

    def begin(self) -> None:
        """A new connection: everything goes out again."""
        self.written = 0
        self.subacks.clear()

    def add(
        self,
        topic: str,
        payload: "bytes | memoryview",
        qos: int,
        retain: bool,
        done: "Any",
        token: "Any",
    ) -> None:
        """One more message.

        Raises ValueError for a bad topic or QoS, RuntimeError without room.
        """
        packets.check_topic(topic)
        if qos not in (0, 1):
            raise ValueError("qos is %r; 0 or 1" % (qos,))
        if not self.has_room:
            raise RuntimeError("%d messages are in flight already" % len(self.messages))
        packet_id = self.new_id() if qos else 0
        packet = packets.publish(topic, payload, qos, retain, packet_id)
        self.messages.append(Message(packet_id, packet, done, token))

    def next(self) -> Message:
        """The message to be written now; it counts as written."""
        message = self.messages[self.written]
        if message.tried and message.packet_id:
            message.packet[0] |= packets.DUP
        message.tried = True
        message.written_ticks = ticks_ms()
        self.written += 1
        return message

    def acknowledged(self, packet_id: int) -> "Message | None":
        """Take out the message of this id; None where none that was written has it."""
        for index in range(self.written):
            if self.messages[index].packet_id == packet_id:
                return self.remove(index)
        return None

    def remove(self, index: int) -> Message:
        """Take out a message that was written."""
        self.written -= 1
        return self.messages.pop(index)

    def new_id(self) -> int:
        """A packet id, 1..65535, that nothing unacknowledged carries (2.3.1)."""
        while True:
            self._next_id = self._next_id % 65535 + 1
            for message in self.messages:
                if message.packet_id == self._next_id:
                    break
            else:
                if self._next_id not in self.subacks:
                    return self._next_id
