"""A broker that means harm: what it sends, and what came of a client that met it."""

import contextlib
import json
import os
import random
import socket
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter
from system.mqtt_rig import HOST

_NODE = Path(__file__).with_name("mqtt_fuzz_node.py")
_CONNACK = b"\x20\x02\x00\x00"
_MOST_GOOD = 60  # odd packets that are to be survived, before one that is not
_LARGEST = 20_000  # of what does not fit into the client's buffer
_WAIT_S = 5.0


def packet(first: int, body: bytes) -> bytes:
    """With its length as MQTT 3.1.1 has it (2.2.3)."""
    length, head = len(body), bytearray([first])
    while True:
        digit, length = length & 0x7F, length >> 7
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def publish(draw: random.Random, most: int = 800) -> bytes:
    """A PUBLISH that may be sent, of any topic, flags and length."""
    qos = draw.randrange(2)
    topic = "".join(
        draw.choice("ab/é漢😀 .") for _ in range(draw.choice((1, 2, 5, 40, 150)))
    ).encode()[:200]
    while True:  # cut between two characters
        with contextlib.suppress(UnicodeDecodeError):
            topic.decode()
            break
        topic = topic[:-1]
    number = draw.randrange(1, 65536).to_bytes(2, "big") if qos else b""
    flags = qos << 1 | draw.randrange(2) | (draw.randrange(2) << 3 if qos else 0)
    body = len(topic).to_bytes(2, "big") + topic + number
    return packet(0x30 | flags, body + draw.randbytes(draw.choice((0, 1, 30, most - 250))))


def survived(draw: random.Random) -> bytes:
    """What a client has to take."""
    return publish(draw, _LARGEST if draw.random() < 0.02 else 800)


def _flipped(draw: random.Random) -> bytes:
    data = bytearray(publish(draw))
    for _ in range(draw.choice((1, 1, 2, 8))):
        data[draw.randrange(min(len(data), 24))] ^= 1 << draw.randrange(8)
    return bytes(data)


def _cut(draw: random.Random) -> bytes:
    data = publish(draw)
    return data[: draw.randrange(1, len(data))]


def _lying_length(draw: random.Random) -> bytes:
    lengths = b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff\x01", b"\x80\x80\x80\x80\x01", b"\x80\x00"
    return bytes([draw.choice((0x30, 0x32, 0x40, 0x90))]) + draw.choice(lengths) + b"\0\1a"


def _wrong_kind(draw: random.Random) -> bytes:
    return packet(draw.randrange(256), draw.randbytes(draw.choice((0, 1, 2, 3, 20))))


def _wrong_publish(draw: random.Random) -> bytes:
    return draw.choice(
        (
            packet(0x36, b"\0\1a\0\1x"),  # QoS 3
            packet(0x32, b"\0\1a\0\0x"),  # packet id 0
            packet(0x30, b"\0\0x"),  # no topic
            packet(0x30, b"\xff\xffa"),  # a topic beyond the packet
            packet(0x30, b"\0\2\xc3\x28x"),  # no UTF-8
            packet(0x30, b"\0\3a\0bx"),  # U+0000
            packet(0x30, b"\0\1+x"),  # a wildcard
            packet(0x32, b"\0\1a"),  # no packet id
            packet(0x30, b""),
        )
    )


def _wrong_answer(draw: random.Random) -> bytes:
    number = draw.randrange(65536).to_bytes(2, "big")
    return draw.choice(
        (
            packet(0x40, number),  # of nothing that we sent
            packet(0x40, number + b"\0"),
            packet(0x90, number + b"\x01"),
            packet(0x90, b""),
            packet(0xD0, b""),  # an answer to no ping
            packet(0xD0, b"\0"),
            _CONNACK,
            packet(0x50, number),
            packet(0x62, number),
        )
    )


ENDS: dict[str, Callable[[random.Random], bytes]] = {
    "noise": lambda draw: draw.randbytes(draw.choice((1, 3, 40, 1200))),
    "bits turned": _flipped,
    "cut short": _cut,
    "length that lies": _lying_length,
    "another kind": _wrong_kind,
    "no such publish": _wrong_publish,
    "answer to nothing": _wrong_answer,
}


class HostileBroker:
    """Lets every client in, sends it odd packets, and one that must not be.

    sent: packets, by their kind.
    """

    def __init__(self, seed: int, context: ssl.SSLContext | None = None) -> None:
        self.sent: Counter[str] = Counter()
        self._draw, self._context = random.Random(seed), context
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(_WAIT_S)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
                with connection:
                    self._meet(connection)

    def _meet(self, connection: socket.socket) -> None:
        draw, kinds = self._draw, list(ENDS)
        connection.recv(4096)
        odd = draw.randrange(_MOST_GOOD)
        data = _CONNACK + b"".join(survived(draw) for _ in range(odd))
        kind = draw.choice(kinds)
        if draw.random() < 0.05:  # in place of a welcome
            odd, data = 0, b""
        connection.sendall(data + ENDS[kind](draw))
        self.sent["odd"] += odd
        self.sent[kind] += 1
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            pass


def server_context(folder: Path) -> ssl.SSLContext:
    """With broker.pem and key.pem of a folder (tools/bench_mqtt.py makes them)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / "broker.pem", folder / "key.pem")
    return context


@contextlib.contextmanager
def hostile(seed: int, identity: Path | None = None) -> Iterator[HostileBroker]:
    """identity: a folder of certificates; None: without TLS."""
    broker = HostileBroker(seed, None if identity is None else server_context(identity))
    try:
        yield broker
    finally:
        broker.close()


def fuzz(
    broker: HostileBroker, connections: int, identity: Path | None, limit_s: float
) -> dict[str, Any]:
    """What a client of the node says after so many connections."""
    command = [*find_interpreter().command, "-X", "heapsize=400K", _NODE, broker.port, connections]
    command += [] if identity is None else [identity]
    ran = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=limit_s,
        env={**os.environ, "MICROPYPATH": f"{firmware_dir()}:.frozen"},
    )
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found
