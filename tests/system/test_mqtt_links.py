"""Links that fall silent and brokers that misbehave: named, counted, survived."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodewright.faultproxy import FaultProxy
from system.mqtt_rig import HOST, Listener, Mosquitto, node, split, wait_until

CONNACK = b"\x20\x02\x00\x00"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    mosquitto = Mosquitto(tmp_path)
    yield mosquitto
    mosquitto.kill()


@pytest.fixture
def proxy(broker: Mosquitto) -> Iterator[FaultProxy]:
    with FaultProxy(broker.port) as between:
        yield between


class Hostile:
    """A broker that answers each connection with a script, and keeps what it was sent."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self._script = script
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(20)
                with contextlib.suppress(OSError):
                    self._script(connection)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def until_closed(connection: socket.socket) -> bytes:
    """All that comes until the client closes."""
    seen = b""
    while data := connection.recv(4096):
        seen += data
    return seen


def says(*answers: bytes) -> Callable[[socket.socket], None]:
    """A script: read CONNECT, say this, wait for the client to go."""

    def script(connection: socket.socket) -> None:
        connection.recv(4096)
        for answer in answers:
            connection.sendall(answer)
        until_closed(connection)

    return script


def errors_of(script: Callable[[socket.socket], None], **plan: object) -> set[str]:
    """What a client counts in three connections, after which it runs and has lost nothing."""
    hostile = Hostile(script)
    plan = {"count": 3, "until_errors": 3, "timeout_ms": 400, "disconnect": False, **plan}
    try:
        with node(port=hostile.port, **plan) as talker:
            result = talker.result()
    finally:
        hostile.close()
    assert result["running"], result
    assert result["acked"] == []
    assert result["queued"] == 3  # nothing is lost by it
    assert sum(result["errors"].values()) >= 3 or plan["until_errors"] == 1
    return set(result["errors"])


PROTOCOL = {
    "garbage": (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n" + b"\r\n" * 50,),
    "garbage after CONNACK": (CONNACK, b"\x00\xff\xff\xff\xff\xff\xff"),
    "CONNACK of a wrong length": (b"\x20\x03\x00\x00\x00",),
    "CONNACK with an unknown code": (b"\x20\x02\x00\x09",),
    "CONNACK twice": (CONNACK, CONNACK),
    "remaining length of five bytes": (CONNACK, b"\x40\xff\xff\xff\xff\x01"),
    "a PUBACK longer than memory": (CONNACK, b"\x40\xff\xff\xff\x7f"),
    "PUBACK for an id that nobody sent": (CONNACK, b"\x40\x02\x77\x77"),
    "PUBACK for id 0": (CONNACK, b"\x40\x02\x00\x00"),
    "SUBACK without SUBSCRIBE": (CONNACK, b"\x90\x03\x00\x01\x00"),
    "PINGRESP without PINGREQ": (CONNACK, b"\xd0\x00"),
    "PUBLISH with QoS 2": (CONNACK, b"\x34\x06\x00\x01a\x00\x01x"),
    "PUBLISH with QoS 3": (CONNACK, b"\x36\x06\x00\x01a\x00\x01x"),
    "PUBLISH whose topic is longer than itself": (CONNACK, b"\x30\x03\xff\xffa"),
    "PUBLISH with a topic that is not UTF-8": (CONNACK, b"\x30\x04\x00\x02\xff\xfe"),
    "PUBREC": (CONNACK, b"\x50\x02\x00\x01"),
    "a client's packet": (CONNACK, b"\xc0\x00"),
}


@pytest.mark.parametrize("answers", PROTOCOL.values(), ids=PROTOCOL.keys())
def test_client__broker_breaks_the_protocol__disconnects_and_counts(
    answers: tuple[bytes, ...],
) -> None:
    assert errors_of(says(*answers)) == {"protocol"}


def test_client__refused_by_connack__counts_the_reason() -> None:
    assert errors_of(says(b"\x20\x02\x00\x05")) == {"refused_not_authorized"}
    assert errors_of(says(b"\x20\x02\x00\x03")) == {"refused_unavailable"}


def test_client__broker_accepts_and_says_nothing__times_out() -> None:
    assert errors_of(says()) == {"timeout"}


def test_client__packet_cut_short_by_the_end__counts_eof() -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK + b"\x40\x02\x00")
        connection.shutdown(socket.SHUT_WR)

    assert errors_of(script) <= {"eof", "reset"}


def test_client__reset_before_connack__counts_reset() -> None:
    def script(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert errors_of(script) == {"reset"}


def test_client__broker_stops_reading__write_times_out() -> None:
    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.recv(4096)
        connection.sendall(CONNACK)
        for _ in range(100):  # keeps the link alive in one direction
            connection.sendall(b"\x30\x04\x00\x01ax")
            time.sleep(0.05)

    # three messages, each of more than a socket's buffers hold
    errors = errors_of(script, padding=6000000, most_bytes=20000000, until_errors=1, heap="256M")
    assert errors == {"write_timeout"}


def test_client__message_too_long__is_acknowledged_and_forgotten() -> None:
    seen: list[bytes] = []

    def script(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNACK)
        connection.sendall(b"\x32\x85\x80\x04" + b"\x00\x01a\x00\x07" + b"x" * 65536)
        connection.sendall(b"\x32\x06\x00\x01b\x00\x08y")
        seen.append(until_closed(connection))

    hostile = Hostile(script)
    plan = {"subscribe": "a", "count": 0, "until_received": 1}
    with node(port=hostile.port, **plan) as talker:
        result = talker.result()
    hostile.close()
    assert result["received"] == [["b", "y"]]
    assert result["errors"] == {"oversized": 1}
    wait_until(lambda: len(seen) == 1, "the client leaves")
    acks = [packet for packet in split(seen[0]) if packet[0] == 0x40]
    assert acks == [b"\x40\x02\x00\x07", b"\x40\x02\x00\x08"]


def test_client__link_half_open__found_within_one_and_a_half_keepalive(
    broker: Mosquitto, proxy: FaultProxy
) -> None:
    keepalive_s = 2
    ear = Listener(broker.port)
    # It goes on sending all the time: only what comes back can tell.
    with node(port=proxy.port, count=120, interval_ms=200, keepalive_s=keepalive_s) as talker:
        talker.wait_for("acked 50")
        proxy.half_open()
        began = time.monotonic()
        assert proxy.left.wait(20)
        found_s = time.monotonic() - began
        proxy.thaw()
        result = talker.result()
    wait_until(lambda: len(set(ear.seqs)) == 120, "all arrive")
    ear.close()
    assert result["errors"]["ping_timeout"] == 1
    # By this clock, on a busy host; by the node's own to the millisecond in test_mqtt_client.py.
    assert keepalive_s / 2 < found_s < 1.5 * keepalive_s + 2.0


def test_client__idle_for_several_keepalives__stays_connected(
    broker: Mosquitto, proxy: FaultProxy
) -> None:
    plan = {"keepalive_s": 1, "count": 0, "until_received": 1, "limit_ms": 4000}
    with node(port=proxy.port, **plan) as talker:
        result = talker.result()
    assert (result["errors"], result["connects"]) == ({}, 1)
    pings = [packet for packet in split(bytes(proxy.upstream_log[0])) if packet == b"\xc0\x00"]
    assert len(pings) >= 4


def test_client__link_frozen_for_a_moment__goes_on(broker: Mosquitto, proxy: FaultProxy) -> None:
    with node(port=proxy.port, count=100, interval_ms=20) as talker:
        talker.wait_for("acked 50")
        proxy.freeze()
        time.sleep(0.5)  # the fault itself: half a second of nothing
        proxy.thaw()
        result = talker.result()
    assert result["acked"] == list(range(100))
    assert result["errors"] == {}
