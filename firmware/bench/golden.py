"""Given digits through the node's own feature code."""

import binascii
import gc
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 1e300  # beyond it nothing is a measurement
_kept: "dict[str, Any]" = {}


def make(backend: str, samples: int, options: "dict[str, Any]") -> int:
    """Work space for blocks of this length; the heap that is free then."""
    from node import dsp
    from node.vibration import Vibration

    _kept.clear()
    gc.collect()
    _kept["block"] = array("h", bytes(2 * samples))
    _kept["features"] = Vibration(dsp.backend(backend), samples, **options)
    gc.collect()
    return gc.mem_free()


def put(first: int, text: str) -> None:
    """Digits from an index on: int16, little-endian, in base64."""
    data = binascii.a2b_base64(text)
    block = _kept["block"]
    for i in range(len(data) // 2):
        value = data[2 * i] | data[2 * i + 1] << 8
        block[first + i] = (value ^ 0x8000) - 0x8000


def compute(g_per_digit: float, rate_hz: float, keys: "list[str]") -> "dict[str, Any]":
    """What the node says of them; wrong: what is no finite number, as text."""
    out: "dict[str, Any]" = {}
    withheld: "dict[str, str]" = {}
    marked: "dict[str, str]" = {}
    gc.collect()
    _kept["features"].compute(
        _kept["block"], g_per_digit, rate_hz, tuple(keys), out, withheld, marked
    )
    values, wrong = {}, {}
    for key in out:
        value = out[key]
        if isinstance(value, (int, float)) and -_MOST < value < _MOST:
            values[key] = value
        else:
            wrong[key] = repr(value)
    return {"values": values, "withheld": withheld, "marked": marked, "wrong": wrong}
