"""An MQTT 3.1.1 client that keeps its word: what it took is delivered, whatever the link does."""

import asyncio
import random
from time import ticks_diff, ticks_ms

from micropython import const

from node.uplink import packets
from node.uplink.backoff import backoff_ms
from node.uplink.causes import Lost, cause_of
from node.uplink.dial import Dialer
from node.uplink.packets import ProtocolError
from node.uplink.parser import Parser
from node.uplink.window import Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from node.uplink.link import Link
    from node.uplink.window import Message

# 3.2.2.3, by return code
_REFUSALS = (
    "",
    "refused_version",
    "refused_client_id",
    "refused_unavailable",
    "refused_credentials",
    "refused_not_authorized",
)
_SLICE_MS = const(100)  # of a pause: between two, `disconnect` is seen
_CONTROL_LIMIT = const(16)  # packets that wait for a stalled link before we stop reading


class MqttClient:
    """One session with one broker; `run` keeps it up, `publish` or `post` use it.

    errors counts every lost or failed connection by its cause: refused, timeout, reset, eof,
    unreachable, resolve, protocol, ping_timeout, ack_timeout, write_timeout, refused_… (CONNACK),
    memory, errno_N; and what was survived without one: oversized, subscribe_refused, hook.
    `last` is the last (cause, detail).

    Time is the node's: only `time.ticks_*` and asyncio's sleeps.  A capture may own the CPU for
    seconds, so no timeout is believed before two turns of the watch have seen it.
    """

    def __init__(
        self,
        brokers: "Sequence[tuple[str, int]] | Dialer",
        client_id: str,
        keepalive_s: int = 15,
        will: "tuple[str, bytes, int, bool] | None" = None,
        username: "str | None" = None,
        password: "bytes | None" = None,
        on_connect: "Callable[[bool], None] | None" = None,
        on_message: "Callable[[str, bytes], None] | None" = None,
        max_inflight: int = 8,
        max_packet_bytes: int = 1024,
        timeout_ms: int = 10000,
        backoff_base_ms: int = 250,
        backoff_lost_ms: int = 3000,
        backoff_cap_ms: int = 15000,
        on_turn: "Callable[[], None] | None" = None,
    ) -> None:
        """brokers: (IPv4 address, port) of each, the best first, or what dials them.

        keepalive_s: 1..65535; will: (topic, payload, qos, retain).

        on_connect(session_present), on_message(topic, payload): called from `run`, must not block.
        on_turn(): called while `run` moves, at least every turn_ms that others leave it the CPU.
        max_packet_bytes bounds what is received, timeout_ms connect, CONNACK, PUBACK and writes.
        Pauses are random, at most backoff_base_ms at first; backoff_lost_ms where a link that had
        shown its worth was lost, since a fleet loses its broker all at once (docs/decisions/0031).
        """
        if not 1 <= keepalive_s <= 65535:
            raise ValueError("keepalive_s is %d; 1..65535" % keepalive_s)
        if not isinstance(brokers, Dialer):
            brokers = Dialer(brokers, timeout_ms=timeout_ms)
        self._dialer = brokers
        self.on_connect = on_connect
        self.on_message = on_message
        self.on_turn = on_turn
        self.turn_ms = timeout_ms  # the longest wait of a connect
        self.connected = False
        self.connects = 0  # sessions opened since the start
        self.alive_ticks = 0  # when that was sent which the broker answered last
        self.errors = {}  # type: dict[str, int]
        self.last = ("", None)  # type: tuple[str, object]
        self._hello = packets.connect(client_id, keepalive_s, will, username, password)
        self._keepalive_ms = keepalive_s * 1000
        self._timeout_ms = timeout_ms
        self._base_ms = self._alone_ms = backoff_base_ms
        self._lost_ms = backoff_lost_ms
        self._cap_ms = backoff_cap_ms
        self._parser = Parser(max_packet_bytes)
        self._link = None  # type: Link | None
        self._window = Window(max_inflight)
        self._control = []  # type: list[bytes | bytearray]
        self._filters = []  # type: list[tuple[str, int]]
        self._room = asyncio.Event()
        self._stalled = asyncio.Event()
        self._down = asyncio.Event()
        self._stopping = False
        self._attempt = 0
        self._heard = self._spoke = self._progress = 0  # ticks
        self._pinged = None  # type: int | None
        self._failure = None  # type: Exception | None

    # -- what the node calls

    async def run(self) -> None:
        """Connect, and again whenever the link is lost, until cancelled or `disconnect`."""
        while not self._stopping:
            self._turn()
            before = self.connects
            try:
                await self._connection()
            except (OSError, ProtocolError, asyncio.TimeoutError, MemoryError) as error:
                if not self._stopping:  # after DISCONNECT it is the broker who closes
                    cause, detail = cause_of(error)
                    self._count(cause, detail)
                    if cause == "renewed":  # that concerns no other node
                        self._base_ms = self._alone_ms
                    if self.connects == before:
                        self._dialer.judged(cause)
            if not self._stopping:
                draw = random.getrandbits(24)  # jitter, not a secret
                pause_ms = backoff_ms(self._attempt, self._base_ms, self._cap_ms, draw)
                if self._dialer.round_over:
                    self._attempt += 1
                while pause_ms > 0 and not self._stopping:
                    self._turn()
                    await asyncio.sleep_ms(min(pause_ms, _SLICE_MS))
                    pause_ms -= _SLICE_MS

    async def publish(
        self, topic: str, payload: "bytes | memoryview", qos: int = 1, retain: bool = False
    ) -> None:
        """Returns when the broker has acknowledged (QoS 0: when the packet has been written).

        Survives reconnects. Cancelled, it stops waiting; what is in the window is still sent.
        """
        await self.room()
        acked = asyncio.Event()
        self.post(topic, payload, qos, retain, _set, acked)
        await acked.wait()

    @property
    def has_room(self) -> bool:
        """True where `post` takes a message."""
        return self._window.has_room

    async def room(self) -> None:
        """Wait until `post` will take a message; until the next await nobody takes that place."""
        while not self.has_room:
            self._room.clear()
            await self._room.wait()

    def post(
        self,
        topic: str,
        payload: "bytes | memoryview",
        qos: int = 1,
        retain: bool = False,
        done: "Callable[[Any], None] | None" = None,
        token: "Any" = None,
    ) -> None:
        """Put a message into the window and return; done(token) is called when it has arrived.

        Raises ValueError for a bad topic or QoS, RuntimeError without room.
        """
        if not self._window.messages:
            self._progress = ticks_ms()
        self._window.add(topic, payload, qos, retain, done, token)
        self._send()

    def subscribe(self, topic_filter: str, qos: int = 1) -> None:
        """Subscribe now and after every connect; messages go to on_message."""
        self._filters.append((topic_filter, qos))
        if self.connected:
            self._subscribe(topic_filter, qos)
            self._send()

    async def disconnect(self) -> None:
        """Leave in peace: DISCONNECT is sent, so the broker drops the will; `run` returns."""
        self._stopping = True
        link = self._link
        if link is not None:
            # What is in flight has been written or is not ours to lose: the window stays.
            self._control.append(packets.DISCONNECT)
            self._send()
            for _ in range(20):
                if self._link is None or not (self._control or link.busy):
                    break
                await asyncio.sleep_ms(50)
        self._down.set()

    # -- one connection

    async def _connection(self) -> None:
        """From connect to loss.  Raises what ended it; returns after `disconnect`."""
        self._failure = None
        self._down.clear()
        self._stalled.clear()
        self._parser.reset()
        tasks = []
        links: "list[Link]" = []
        try:
            await self._dialer.open(links.append, self._turn)
            link = links[0]
            link.send(self._hello)
            await self._greeted(link)
            present: bool = await asyncio.wait_for_ms(self._connack(link), self._timeout_ms)
            self._begin(link)
            tasks.append(asyncio.create_task(self._guard(self._receive(link))))
            tasks.append(asyncio.create_task(self._guard(self._flush(link))))
            self._hook(self.on_connect, present)
            self._send()
            tasks.append(asyncio.create_task(self._guard(self._watch(link))))
            # Not wait_for: MicroPython's loses a cancellation that meets its timeout.
            await self._down.wait()
            if self._failure is not None:
                raise self._failure
        finally:
            self.connected = False
            self._link = None
            for task in tasks:  # before the close: a closed socket must not be polled
                task.cancel()
            for link in links:
                link.close()

    async def _greeted(self, link: "Link") -> None:
        """CONNECT is out, and before it TLS's handshake done."""
        try:
            await asyncio.wait_for_ms(link.flush(), self._timeout_ms)
        except asyncio.TimeoutError:
            raise Lost("tls_timeout" if link.secure else "timeout")
        self._turn()

    async def _connack(self, link: "Link") -> bool:
        while not self._parser.next():
            count = await link.receive_into(self._parser.space())
            if not count:
                raise Lost("eof", "before CONNACK")
            self._parser.filled(count)
        present, code = packets.read_connack(self._parser.first, self._parser.body)
        if code:
            raise Lost(_REFUSALS[code], code)
        return present

    def _begin(self, link: "Link") -> None:
        self._link = link
        self._dialer.judged("")
        self._window.begin()
        self._control.clear()
        for topic_filter, qos in self._filters:
            self._subscribe(topic_filter, qos)
        self._pinged = None
        self._heard = self._spoke = self._progress = ticks_ms()
        self.connected = True
        self.connects += 1

    async def _guard(self, work: "Any") -> None:
        """Run one task of a connection; its failure ends the connection.

        A mistake of ours ends it, too, and then `run`: nobody awaits this task, and an error that
        stayed in it would be silence.
        """
        try:
            await work
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """End this connection: the first failure wins, `_connection` waits for it and raises."""
        if self._failure is None:
            self._failure = error
        self._down.set()

    async def _receive(self, link: "Link") -> None:
        parser = self._parser
        while True:
            while parser.next():
                self._handle(parser)
            self._send()
            while len(self._control) > _CONTROL_LIMIT:  # who does not read is not read
                await asyncio.sleep_ms(20)
            count = await link.receive_into(parser.space())
            if not count:
                raise Lost("eof", None)
            parser.filled(count)
            self._heard = ticks_ms()

    async def _flush(self, link: "Link") -> None:
        while True:
            await self._stalled.wait()
            self._stalled.clear()
            await link.flush()
            self._send()

    def _send(self) -> None:
        """Write what may go out, in order; a link that takes only a part is left to _flush."""
        link = self._link
        if link is None:
            return
        try:
            while not link.busy:
                if self._control:
                    link.send(self._control.pop(0))
                elif self._window.unwritten:
                    self._send_message(link)
                else:
                    return
                self._spoke = ticks_ms()
            self._stalled.set()
        except OSError as error:
            self.fail(error)

    def _send_message(self, link: "Link") -> None:
        message = self._window.next()
        link.send(message.packet)
        if not message.packet_id:
            self._arrived(self._window.remove(self._window.written - 1))

    def _arrived(self, message: "Message") -> None:
        """It is out of the window: acknowledged, or written with QoS 0."""
        self._room.set()
        if message.done is not None:
            self._hook(message.done, message.token)

    def _handle(self, parser: Parser) -> None:
        """One packet of the broker.  Raises ProtocolError."""
        first, body = parser.first, parser.body
        if first == packets.TYPE_PUBACK:
            self._acknowledged(packets.read_id(body, 2))
        elif first & 0xF0 == packets.TYPE_PUBLISH:
            self._deliver(first, body, parser.whole)
        elif first == packets.TYPE_PINGRESP and not body and self._pinged is not None:
            self.alive_ticks = self._pinged
            self._pinged = None
            self._proven()
        elif first == packets.TYPE_SUBACK:
            packet_id = packets.read_id(body, 3)
            if packet_id not in self._window.subacks or body[2] & 0x7F > 1:
                raise ProtocolError("SUBACK", bytes(body))
            self._window.subacks.remove(packet_id)
            if body[2] == 0x80:
                self._count("subscribe_refused", packet_id)
        else:
            raise ProtocolError("packet", first)

    def _acknowledged(self, packet_id: int) -> None:
        message = self._window.acknowledged(packet_id)
        if message is None:
            raise ProtocolError("PUBACK for an unknown id", packet_id)
        self._progress = ticks_ms()
        self.alive_ticks = message.written_ticks
        self._proven()
        self._arrived(message)

    def _proven(self) -> None:
        """Only now the link has shown its worth: a broker that lets us in to throw us out again
        must not be asked twice a second.
        """
        self._attempt = 0
        self._base_ms = self._lost_ms
        self._dialer.proven()

    def _deliver(self, first: int, body: memoryview, whole: bool) -> None:
        topic, packet_id, at = packets.read_publish(first, body)
        if not whole:
            self._count("oversized", topic)
        elif self.on_message is not None:
            self._hook(self.on_message, topic, bytes(body[at:]))
        if packet_id:
            self._control.append(packets.puback(packet_id))

    def _subscribe(self, topic_filter: str, qos: int) -> None:
        packet_id = self._window.new_id()
        self._window.subacks.append(packet_id)
        self._control.append(packets.subscribe(packet_id, topic_filter, qos))

    def _hook(self, hook: "Any", *args: "Any") -> None:
        """Call the node's code; its mistake is counted and must not cost the connection."""
        if hook is None:
            return
        try:
            hook(*args)
        except Exception as error:
            self._count("hook", error)

    def _turn(self) -> None:
        self._hook(self.on_turn)

    def _count(self, cause: str, detail: object) -> None:
        self.errors[cause] = self.errors.get(cause, 0) + 1
        self.last = (cause, detail)

    # -- timeouts

    async def _watch(self, link: "Link") -> None:
        """Find the end of a connection where the link says nothing.

        A dead link is found within 1.5 keepalive: silent for 0.5, a ping and 0.625 more, and
        three turns of a sixteenth.
        """
        turn_ms = max(20, min(self._keepalive_ms // 16, self._timeout_ms // 8))
        suspect = None
        while True:
            late = self._late(link)
            if late and late == suspect:
                raise Lost(late, self._timeout_ms if late != "ping_timeout" else None)
            suspect = late
            self._turn()
            self._ping()
            await asyncio.sleep_ms(turn_ms)

    def _late(self, link: "Link") -> "str | None":
        """The name of the wait that has lasted too long, if one has."""
        now = ticks_ms()
        patience_ms = self._keepalive_ms * 5 // 8
        if (
            self._pinged is not None
            and ticks_diff(now, self._pinged) >= patience_ms
            and ticks_diff(now, self._heard) >= patience_ms
        ):
            return "ping_timeout"
        if link.busy and ticks_diff(now, self._spoke) >= self._timeout_ms:
            return "write_timeout"
        if self._window.written and ticks_diff(now, self._progress) >= self._timeout_ms:
            return "ack_timeout"
        return None

    def _ping(self) -> None:
        """PINGREQ when either side has been silent for half the keepalive (3.1.2.10, 3.12)."""
        now = ticks_ms()
        quiet_ms = max(ticks_diff(now, self._heard), ticks_diff(now, self._spoke))
        if self._pinged is None and quiet_ms >= self._keepalive_ms // 2:
            self._pinged = now
            self._control.append(packets.PINGREQ)
            self._send()


def _set(event: asyncio.Event) -> None:
    event.set()
