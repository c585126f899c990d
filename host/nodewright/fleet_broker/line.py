"""One MQTT 3.1.1 connection, packet by packet: what a program does that is up to no good.

A client library reconnects, keeps its own rules and hides refusals; here nothing happens but what
is asked for, and every wait ends.
"""

import contextlib
import socket
import ssl
import time
from types import TracebackType
from typing import Self

from nodewright.errors import NodewrightError

# MQTT 3.1.1, 2.2.1: types of packets, in the upper four bits of the first byte.
_CONNECT, _CONNACK, _PUBLISH, _PUBACK = 0x10, 0x20, 0x30, 0x40
_SUBSCRIBE, _SUBACK, _PINGREQ, _PINGRESP, _DISCONNECT = 0x82, 0x90, 0xC0, 0xD0, 0xE0
# 3.1.2.3: flags of a CONNECT.
_CLEAN, _WILL, _WILL_QOS_1 = 0x02, 0x04, 0x08
_KEEPALIVE_S = 60
_MOST_BYTES = 1 << 20

Will = tuple[str, bytes]


class Shut(NodewrightError):
    """A door that does not open: refused, closed or silent.

    reason: in a few words; reached: whether anybody was behind it.
    """

    def __init__(self, reason: str, *, reached: bool = True) -> None:
        self.reason, self.reached = reason, reached
        super().__init__(reason)


class Line:
    """A connection, made and let in by `__init__`, or Shut.  A context manager that closes it.

    heard: (topic, payload) of all that came.
    """

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        context: ssl.SSLContext | None = None,
        *,
        will: Will | None = None,
        clean: bool = True,
        limit_s: float = 5.0,
    ) -> None:
        """context: None speaks plainly; clean: the broker forgets what it kept for this client.

        Raises Shut.
        """
        self.heard: list[tuple[str, bytes]] = []
        self._limit_s, self._ids = limit_s, 0
        self._buffer = bytearray()
        self._acked: set[int] = set()
        self._pongs = 0
        try:
            self._socket: socket.socket = socket.create_connection((host, port), limit_s)
        except OSError as error:
            raise Shut(f"no connection: {error.strerror or error}", reached=False) from None
        try:
            if context is not None:
                self._socket = context.wrap_socket(self._socket, server_hostname=host)
            self._send(_CONNECT, _connect(client_id, will, clean))
            kind, body = self._packet(time.monotonic() + limit_s)
            if kind != _CONNACK or len(body) != 2:
                raise Shut("no MQTT broker answers")
            if body[1]:
                raise Shut(f"refused with code {body[1]}")
        except OSError as error:
            self._socket.close()
            raise Shut(_said(error)) from None
        except Shut:
            self._socket.close()
            raise

    def subscribe(self, topic_filter: str) -> bool:
        """Whether the broker grants it.  Raises Shut."""
        number = self._next()
        self._send(_SUBSCRIBE, number.to_bytes(2) + _text(topic_filter) + b"\x01")
        while True:
            kind, body = self._packet(time.monotonic() + self._limit_s)
            if kind == _SUBACK and body[:2] == number.to_bytes(2):
                return body[2] < 0x80
            self._take(kind, body)

    def publish(self, topic: str, payload: bytes) -> None:
        """Returns when it is acknowledged, which brokers do with what they drop, too.

        Raises Shut.
        """
        number = self._next()
        self._send(_PUBLISH | 0x02, _text(topic) + number.to_bytes(2) + payload)
        while number not in self._acked:
            self._take(*self._packet(time.monotonic() + self._limit_s))

    def until(self, topic: str, payload: bytes, limit_s: float | None = None) -> bool:
        """Listen until this comes, or limit_s have passed; whether it came.  Raises Shut."""
        deadline = time.monotonic() + (self._limit_s if limit_s is None else limit_s)
        while (topic, payload) not in self.heard:
            try:
                self._take(*self._packet(deadline))
            except TimeoutError:
                return False
        return True

    def alive(self) -> bool:
        """Whether the broker still answers on this connection."""
        before = self._pongs
        try:
            self._send(_PINGREQ, b"")
            while self._pongs == before:
                self._take(*self._packet(time.monotonic() + self._limit_s))
        except (OSError, Shut):
            return False
        return True

    def cut(self) -> None:
        """Gone without a word, as a board without power is."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError, Shut):
            self._send(_DISCONNECT, b"")
        self._socket.close()

    def _next(self) -> int:
        self._ids += 1
        return self._ids

    def _send(self, first: int, body: bytes) -> None:
        try:
            self._socket.sendall(bytes([first]) + _length(len(body)) + body)
        except OSError as error:
            raise Shut(_said(error)) from None

    def _take(self, kind: int, body: bytes) -> None:
        if kind == _PINGRESP:
            self._pongs += 1
        elif kind == _PUBACK:
            self._acked.add(int.from_bytes(body[:2]))
        elif kind & 0xF0 == _PUBLISH:
            end = 2 + int.from_bytes(body[:2])
            qos = kind >> 1 & 3
            self.heard.append(
                (body[2:end].decode("utf-8", "replace"), body[end + 2 * bool(qos) :])
            )
            if qos:
                self._send(_PUBACK, body[end : end + 2])

    def _packet(self, deadline: float) -> tuple[int, bytes]:
        """The next one.  Raises Shut where the connection ends, TimeoutError at the deadline."""
        while (packet := self._cut_one()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer")
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                raise
            except OSError as error:
                raise Shut(_said(error)) from None
            if not data:
                raise Shut("the connection was closed")
            self._buffer += data
            if len(self._buffer) > _MOST_BYTES:
                raise Shut("it sends without end")
        return packet

    def _cut_one(self) -> tuple[int, bytes] | None:
        """A whole packet off the buffer.  2.2.3: the length is up to four bytes of seven bits."""
        size = shift = 0
        for at in range(1, min(len(self._buffer), 5)):
            size |= (self._buffer[at] & 0x7F) << shift
            shift += 7
            if not self._buffer[at] & 0x80:
                end = at + 1 + size
                if len(self._buffer) < end:
                    return None
                packet = self._buffer[0], bytes(self._buffer[at + 1 : end])
                del self._buffer[:end]
                return packet
        return None


def _connect(client_id: str, will: Will | None, clean: bool) -> bytes:
    flags = (_CLEAN if clean else 0) | (_WILL | _WILL_QOS_1 if will else 0)
    head = _text("MQTT") + bytes([4, flags]) + _KEEPALIVE_S.to_bytes(2) + _text(client_id)
    if will is None:
        return head
    return head + _text(will[0]) + len(will[1]).to_bytes(2) + will[1]


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def _said(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).lower().replace("_", " ")
    if isinstance(error, TimeoutError):
        return "no answer"
    return (error.strerror or str(error)).lower()
