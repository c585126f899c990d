"""One TCP connection, on the asyncio streams of MicroPython or of CPython.

The streams are used for what they do well and not trusted beyond it. MicroPython's
`open_connection` leaves its socket open when it is cancelled, and its `drain` loses what is
written while it waits: hence a connect of our own, and `send` is only for a link that is not busy.
"""

import asyncio
import errno
import socket
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

_MICROPYTHON = sys.implementation.name == "micropython"
# The unix port has the option but not its names; 6 and 1 hold on Linux, macOS and Windows.
_TCP = getattr(socket, "IPPROTO_TCP", 6)
_NODELAY = getattr(socket, "TCP_NODELAY", 1)


class Link:
    """open, then send and receive_into by one task each, then close."""

    secure = False

    def __init__(self) -> None:
        # Streams differ between the interpreters in what they offer.
        self._reader: "Any" = None
        self._writer: "Any" = None
        self._sock: "Any" = None

    async def open(self, address: str, port: int) -> None:
        """Connect to an IPv4 address.  Raises OSError; on MicroPython a refusal shows at the first
        send.
        """
        if not _MICROPYTHON:
            self._reader, self._writer = await asyncio.open_connection(address, port)
            self._writer.transport.set_write_buffer_limits(high=0)  # drain: wait for all of it
            return  # asyncio sets TCP_NODELAY itself
        info = socket.getaddrinfo(address, port, 0, socket.SOCK_STREAM)[0]  # digits: no question
        self._sock = sock = socket.socket(info[0], info[1], info[2])
        sock.setblocking(False)
        sock.setsockopt(_TCP, _NODELAY, 1)
        try:
            sock.connect(info[-1])
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        await _writable(sock)  # type: ignore[misc]
        self._reader = self._writer = asyncio.StreamWriter(sock)

    @property
    def busy(self) -> bool:
        """True while a part of the last packet has not gone out."""
        if _MICROPYTHON:
            return bool(self._writer.out_buf)
        return bool(self._writer.transport.get_write_buffer_size())

    def send(self, packet: "bytes | bytearray") -> None:
        """One packet, one write to the socket; what it does not take is left to `flush`.

        Only for a link that is not busy.  Raises OSError.
        """
        self._writer.write(packet)

    async def flush(self) -> None:
        """Wait until all is written.  Raises OSError."""
        await self._writer.drain()

    async def receive_into(self, view: memoryview) -> int:
        """Wait for bytes, put them into `view`; their number, 0 at the end.  Raises OSError."""
        if not _MICROPYTHON:
            data = await self._reader.read(len(view))
            view[: len(data)] = data
            return len(data)
        while True:
            count: "int | None" = await self._reader.readinto(view)
            if count is not None:  # None: woken for nothing
                return count

    def close(self) -> None:
        """Close at once; may be called twice. No task may still wait on this link."""
        if self._sock is not None:
            self._sock.close()
        elif self._writer is not None and not _MICROPYTHON:
            self._writer.transport.abort()
        self._reader = self._writer = self._sock = None


def _writable(sock: "socket.socket") -> "Generator[None, None, None]":
    """Wait until a socket takes bytes (MicroPython only): a generator, as asyncio's own are."""
    yield asyncio.core._io_queue.queue_write(sock)  # type: ignore[attr-defined]


def readable(sock: "socket.socket") -> "Generator[None, None, None]":
    """Wait until a socket has bytes, or its end (MicroPython only)."""
    yield asyncio.core._io_queue.queue_read(sock)  # type: ignore[attr-defined]
