"""The names under which the ends of connections are counted."""

import asyncio
import errno

from node.uplink.packets import ProtocolError

_BY_NUMBER = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    32: "reset",  # EPIPE, which MicroPython's errno lacks
    errno.ETIMEDOUT: "timeout",
    errno.ENOMEM: "memory",
    errno.EHOSTUNREACH: "unreachable",
    101: "unreachable",  # ENETUNREACH on Linux
    114: "unreachable",  # ENETUNREACH of newlib (ESP32)
}


class Lost(OSError):
    """A connection that ended, or never came about.

    cause: the name to count it under; detail: what else is known, or None.
    """

    def __init__(self, cause: str, detail: object = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.detail = detail


def cause_of(error: Exception) -> "tuple[str, object]":
    """(name to count under, detail) of what ended a connection: refused, reset, … or errno_N."""
    if isinstance(error, Lost):
        return error.cause, error.detail
    if isinstance(error, ProtocolError):
        return "protocol", error.args
    if isinstance(error, MemoryError):
        return "memory", error
    # On CPython TimeoutError is an OSError: it comes first.
    if isinstance(error, asyncio.TimeoutError):
        return "timeout", None
    if isinstance(error, OSError):
        number = error.errno or 0
        return _BY_NUMBER.get(number) or "errno_%d" % number, error
    return "other", error
