"""Messages as JSON, its numbers with 6 significant digits: what nodes write and both sides read.

What a message has to hold is told by the module of its kind, which nodes need not load to write
one: the check of what they send is the host's, who reads it.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_BYTES = 8192  # of a payload that is looked at: three axes with every feature take under 4 KB


class ReportError(ValueError):
    """A payload that is no report: where, what stands there, what is allowed."""

    def __init__(self, path: str, value: "Any", allowed: str) -> None:
        super().__init__("%s: %.60r; allowed: %s" % (path, value, allowed))
        self.path = path
        self.value = value
        self.allowed = allowed


def number(value: float) -> str:
    """A finite number as JSON, floats with 6 significant digits.  ValueError for NaN, infinity."""
    if isinstance(value, int):
        return str(value)
    if value - value != 0:  # NaN and infinity
        raise ValueError("%r cannot be sent" % (value,))
    return "%.6g" % value


class Buffer:
    """Where a payload is written without a piece of it left on the heap; made once."""

    def __init__(self, size: int = MAX_BYTES) -> None:
        self._view = memoryview(bytearray(size))
        self._end = 0

    def clear(self) -> None:
        self._end = 0

    def append(self, text: str) -> None:
        """Raises ReportError where the buffer is full."""
        data = text.encode()
        end = self._end + len(data)
        if end > len(self._view):
            raise ReportError("payload", end, "at most %d bytes" % len(self._view))
        self._view[self._end : end] = data
        self._end = end

    @property
    def written(self) -> memoryview:
        """What was written since clear(), until the next one."""
        return self._view[: self._end]


def _write(value: "Any", out: "list[str] | Buffer") -> None:
    if value is None:
        out.append("null")
    elif value is True:
        out.append("true")
    elif value is False:
        out.append("false")
    elif isinstance(value, (int, float)):
        out.append(number(value))
    elif isinstance(value, dict):
        mark = "{"
        for key in value:
            out.append(mark)
            out.append(json.dumps(key))
            out.append(":")
            _write(value[key], out)
            mark = ","
        out.append("}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        mark = "["
        for item in value:
            out.append(mark)
            _write(item, out)
            mark = ","
        out.append("]" if value else "[]")
    else:
        out.append(json.dumps(value))


def write_into(value: "Any", buffer: Buffer) -> memoryview:
    """Any of our messages, in a buffer: the payload, until the next call.  Raises as `dumps`."""
    buffer.clear()
    _write(value, buffer)
    return buffer.written


def dumps(value: "Any") -> bytes:
    """Any of our messages as JSON, its numbers by `number`.  Raises ValueError as that does."""
    out: "list[str]" = []
    _write(value, out)
    return "".join(out).encode()


def loads(payload: bytes) -> "dict[str, Any]":
    """A JSON object out of a payload of at most MAX_BYTES.  Raises ReportError."""
    if len(payload) > MAX_BYTES:
        raise ReportError("payload", len(payload), "at most %d bytes" % MAX_BYTES)
    try:
        value = json.loads(bytes(payload).decode())
    except (ValueError, RuntimeError):  # RuntimeError: nested too deep
        raise ReportError("payload", bytes(payload[:40]), "JSON in UTF-8")
    if not isinstance(value, dict):
        raise ReportError("payload", type(value).__name__, "a JSON object")
    return value
