"""One question and one answer over UDP, bounded in time and in what is listened to."""

import asyncio
import errno
import socket
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_POLL_MS = const(20)
_MOST_BYTES = const(512)
_MOST_STRANGE = const(32)  # answers that do not fit: whoever sends more of them is not waited for


async def ask(
    address: str,
    port: int,
    question: bytes,
    accept: "Callable[[bytes], Any]",
    timeout_ms: int,
) -> "Any":
    """What accept(data) makes of the first datagram for which it is not None; None: none came.

    address: IPv4 in digits; only what comes from there and from that port is seen at all, as the
    socket is connected.  Raises OSError: nobody listens there, no network.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.connect(socket.getaddrinfo(address, port)[0][-1])  # digits: nothing is looked up
        sock.send(question)
        deadline_ticks = ticks_add(ticks_ms(), timeout_ms)
        strange = 0
        while strange < _MOST_STRANGE:
            try:
                data = sock.recv(_MOST_BYTES)
            except OSError as error:
                if error.errno != errno.EAGAIN:
                    raise
            else:
                found = accept(data)
                if found is not None:
                    return found
                strange += 1
                continue
            # A record may have owned the CPU: first the socket is asked, then the clock.
            if ticks_diff(deadline_ticks, ticks_ms()) <= 0:
                break
            await asyncio.sleep_ms(_POLL_MS)
        return None
    finally:
        sock.close()
