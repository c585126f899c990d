"""The spectrum of one channel of one record, as a message of its own beside the report.

`compressed`: the RMS of bins of logarithmic width, a byte each; `full`: the amplitude A_k of every
bin, two bytes each.  Both are levels, code c of b bits standing for 10**(c / 2**(b - 3) - 6) g: a
byte is within 3.7 %, two within 0.015 %; 0 stands for 1 ug or less, the greatest for 93 g or more.
In JSON the levels are base64, of two bytes the lower one first.  Golden vectors:
vectors/spectrum_v1.json.
"""

import binascii
import json
from math import log

from wire.message import ReportError, loads, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from wire.message import Buffer

VERSION = 1
KINDS = ("compressed", "full")
LOG_BINS = 64  # of a compressed one
FIRST_BIN = 2  # of the log bins: below it there is the window's share of the mean
MOST_SAMPLES = 4096

# field, kind, may it be null
FIELDS = (
    ("v", "int", False),  # VERSION
    ("definitions", "int", False),  # wire.DEFINITIONS
    ("boot", "int", False),
    ("seq", "int", False),  # of the report that the record went into
    ("set", "name", False),  # the measurement set
    ("sensor", "name", False),
    ("channel", "name", False),
    ("kind", "text", False),  # one of KINDS
    ("samples", "int", False),
    ("rate_hz", "number", False),  # measured; a bin is rate_hz / samples wide
    ("edges", "list", False),  # of the log bins: edges[i] <= k < edges[i + 1]; [] of a full one
    ("levels", "text", False),
)

_CODES = (8, 16)
_FLOOR_G = 1e-6
_PIECE = 48  # bytes of levels encoded at once: without a rest, and no long text on the heap


def edges(samples: int, count: int) -> "list[int]":
    """The count + 1 edges of the log bins of a record: low <= k < high, from 2 to samples / 2.

    Raises ValueError where there are fewer bins than that.
    """
    half = samples // 2
    if not 1 <= count <= half - FIRST_BIN:
        raise ValueError("log bins: %r are none of 1 to %d" % (count, half - FIRST_BIN))
    ratio = log(half / FIRST_BIN) / count
    found = [FIRST_BIN]
    for i in range(1, count):
        # One bin at least for this one, and for each that is still to come.
        ideal = int(FIRST_BIN * 2.718281828 ** (ratio * i) + 0.5)
        found.append(min(max(ideal, found[-1] + 1), half - count + i))
    found.append(half)
    return found


def level(power_g2: float, bits: int = 8) -> int:
    """The code of sqrt(power_g2) g, of 8 or 16 bits."""
    if power_g2 <= _FLOOR_G * _FLOOR_G:
        return 0
    decades = 0.5 * log(power_g2) / log(10.0) + 6.0
    return min((1 << bits) - 1, int(decades * (1 << (bits - 3)) + 0.5))


def value_g(code: int, bits: int = 8) -> float:
    """What a code stands for, in g: 0 for the least one."""
    found: float = 10.0 ** (code / (1 << (bits - 3)) - 6) if code else 0.0
    return found


def encode_into(
    head: "dict[str, Any]", levels: "bytes | bytearray | memoryview", buffer: "Buffer"
) -> memoryview:
    """The payload of a spectrum, in a buffer, until the next call.

    head: all fields but `levels`.  Raises ReportError where the levels are not
    those of kind, samples and edges.
    """
    _check_shape(head, len(levels))
    buffer.clear()
    mark = "{"
    for field, kind, _ in FIELDS[:-1]:
        value = head[field]
        text = number(value) if kind in ("int", "number") else json.dumps(value)
        buffer.append('%s"%s":%s' % (mark, field, text))
        mark = ","
    buffer.append(',"levels":"')
    view = memoryview(levels)
    for start in range(0, len(levels), _PIECE):
        text = binascii.b2a_base64(bytes(view[start : start + _PIECE])).decode()
        buffer.append(text[:-1])  # without its line end
    buffer.append('"}')
    return buffer.written


def decode(payload: bytes) -> "tuple[dict[str, Any], list[float]]":
    """(head, values in g) of a payload, whoever sent it.

    The values are those of the log bins, or of all bins from 0 on.  Raises ReportError.
    """
    head = loads(payload)
    text = head.get("levels")
    if not isinstance(text, str) or len(text) % 4:
        raise ReportError("levels", text, "base64")
    try:
        levels = binascii.a2b_base64(text.encode())
    except ValueError:
        raise ReportError("levels", text, "base64")
    if binascii.b2a_base64(levels)[:-1].decode() != text:  # strangers among it are passed over
        raise ReportError("levels", text, "base64")
    head.pop("levels")
    from wire.report import check_fields  # here: nodes only write spectra, and it takes heap

    if head.get("v") != VERSION:
        raise ReportError("v", head.get("v"), str(VERSION))
    check_fields("", head, FIELDS[:-1])
    _check_shape(head, len(levels))
    if head["kind"] == "compressed":
        return head, [value_g(code) for code in levels]
    pairs = range(0, len(levels), 2)
    return head, [value_g(levels[i] | levels[i + 1] << 8, 16) for i in pairs]


def _check_shape(head: "dict[str, Any]", length: int) -> None:
    """Raises ReportError where the number of bytes of the levels cannot be that of the head."""
    samples, bounds, kind = head["samples"], head["edges"], head["kind"]
    if kind not in KINDS:
        raise ReportError("kind", kind, "one of %s" % ", ".join(KINDS))
    if not 64 <= samples <= MOST_SAMPLES or samples & (samples - 1):
        raise ReportError("samples", samples, "a power of two from 64 to %d" % MOST_SAMPLES)
    expected = samples
    if kind == "full":
        if bounds:
            raise ReportError("edges", bounds, "[] of a full one")
    else:
        expected = len(bounds) - 1
        before = 0
        for bound in bounds:
            if not isinstance(bound, int) or isinstance(bound, bool) or not before < bound:
                raise ReportError("edges", bounds, "rising bins from 1 on")
            before = bound
        if expected < 1 or before > samples // 2:
            raise ReportError("edges", bounds, "two or more, up to half of the samples")
    if length != expected:
        raise ReportError("levels", length, "%d bytes" % expected)
