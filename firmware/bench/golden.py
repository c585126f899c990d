"""Given digits through the node's own feature code."""

import gc
from array import array

from bench.digits import kept, put, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["compute", "make", "put"]  # what the host calls


def make(backend: str, samples: int, options: "dict[str, Any]") -> int:
    """Work space for blocks of this length; the heap that is free then."""
    from node import dsp
    from node.vibration import Vibration

    kept.clear()
    gc.collect()
    kept["blocks"] = [array("h", bytes(2 * samples))]
    kept["features"] = Vibration(dsp.backend(backend), samples, **options)
    gc.collect()
    return gc.mem_free()


def compute(g_per_digit: float, rate_hz: float, keys: "list[str]") -> "dict[str, Any]":
    """What the node says of them."""
    out: "dict[str, Any]" = {}
    withheld: "dict[str, str]" = {}
    marked: "dict[str, str]" = {}
    gc.collect()
    block = kept["blocks"][0]
    kept["features"].compute(block, g_per_digit, rate_hz, tuple(keys), out, withheld, marked)
    return told(out, withheld, marked)
