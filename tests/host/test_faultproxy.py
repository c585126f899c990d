"""The fault proxy does to a connection what it says, to the byte."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nodewright.faultproxy import HOST, FaultProxy

_LIMIT_S = 20.0


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    """Before a server that says everything back."""
    listener = socket.create_server((HOST, 0))

    def echo(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(4096):
                    connection.sendall(data)
            except OSError:
                pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with FaultProxy(listener.getsockname()[1]) as between:
        yield between
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def connect(proxy: FaultProxy) -> socket.socket:
    line = socket.create_connection((HOST, proxy.port), _LIMIT_S)
    line.settimeout(_LIMIT_S)
    line.sendall(b"hello")
    assert line.recv(10) == b"hello"
    return line


def all_of(line: socket.socket, count: int) -> list[bytes]:
    """So many bytes, in the pieces in which they came."""
    pieces: list[bytes] = []
    while sum(map(len, pieces)) < count:
        piece = line.recv(count)
        assert piece
        pieces.append(piece)
    return pieces


def test_proxy__delay__each_way_takes_so_long(proxy: FaultProxy) -> None:
    with connect(proxy) as line:
        proxy.delay_s = 0.2
        began_s = time.monotonic()
        line.sendall(b"slow")
        assert b"".join(all_of(line, 4)) == b"slow"
        assert time.monotonic() - began_s >= 0.4


def test_proxy__trickle__byte_by_byte_and_none_missing(proxy: FaultProxy) -> None:
    with connect(proxy) as line:
        proxy.trickle = True
        line.sendall(bytes(range(200)))
        assert b"".join(all_of(line, 200)) == bytes(range(200))


def test_proxy__frozen_and_thawed__late_and_whole(proxy: FaultProxy) -> None:
    with connect(proxy) as line:
        proxy.freeze()
        line.sendall(b"later")
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(10)
        line.settimeout(_LIMIT_S)
        proxy.thaw()
        assert b"".join(all_of(line, 5)) == b"later"


def test_proxy__half_open__taken_and_forgotten(proxy: FaultProxy) -> None:
    with connect(proxy) as line:
        proxy.half_open()
        line.sendall(b"gone")
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(10)
        line.settimeout(_LIMIT_S)
        proxy.thaw()
        line.sendall(b"here")
        assert b"".join(all_of(line, 4)) == b"here"  # and not what was said before
        proxy.half_open()
    assert proxy.left.wait(_LIMIT_S)


def test_proxy__cut_refused_accepted__reset_then_nobody_then_as_before(proxy: FaultProxy) -> None:
    line = connect(proxy)
    proxy.refuse()
    proxy.cut()
    with line, pytest.raises(ConnectionResetError):
        while line.recv(10):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((HOST, proxy.port), _LIMIT_S)
    proxy.accept()
    connect(proxy).close()


def test_proxy__cut_and_frozen__tells_who_calls_since(proxy: FaultProxy) -> None:
    with connect(proxy):
        assert proxy.called.wait(_LIMIT_S)
        proxy.freeze()
        proxy.cut()
        assert not proxy.called.is_set()
    with socket.create_connection((HOST, proxy.port), _LIMIT_S) as line:
        assert proxy.called.wait(_LIMIT_S)
        line.settimeout(_LIMIT_S)
        line.sendall(b"in vain")
        proxy.thaw()
        assert b"".join(all_of(line, 7)) == b"in vain"
