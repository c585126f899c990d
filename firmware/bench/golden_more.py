"""Given digits through the node's own code for clamps and for bearings."""

import gc
from array import array

from bench.digits import kept, put, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What the host calls
__all__ = ["add", "bearing", "currents", "make_current", "make_envelope", "put"]


def make_current(backend: str, samples: int, currents: int, options: "dict[str, Any]") -> int:
    """Work space for a record of clamps; the heap that is free then."""
    from node import dsp
    from node.current import Current

    kept.clear()
    gc.collect()
    kept["blocks"] = [
        array("h", bytes(2 * samples)) for _ in range(currents + options["voltages"])
    ]
    kept["currents"] = currents
    kept["features"] = Current(dsp.backend(backend), samples, currents, **options)
    gc.collect()
    return gc.mem_free()


def make_envelope(backend: str, samples: int, orders: "dict[str, float]", band: int) -> int:
    """Work space for blocks of one axis of a bearing; the heap that is free then."""
    from node import dsp
    from node.envelope import Envelope

    kept.clear()
    gc.collect()
    kept["blocks"] = [array("h", bytes(2 * samples))]
    kept["features"] = Envelope(dsp.backend(backend), samples, orders, band)
    kept["features"].begin()
    gc.collect()
    return gc.mem_free()


def add() -> None:
    """One more block of a bearing: what was put."""
    kept["features"].add(kept["blocks"][0])


def currents(
    per_digit: "list[float]", rate_hz: float, rate_ppm: float, keys: "list[str]"
) -> "list[dict[str, Any]]":
    """What the node says of each current."""
    count = kept["currents"]
    parts: "list[Any]" = [[{} for _ in range(count)] for _ in range(3)]
    gc.collect()
    kept["features"].compute(
        kept["blocks"], per_digit, rate_hz, rate_ppm, tuple(keys), parts[0], parts[1], parts[2]
    )
    return [told(parts[0][i], parts[1][i], parts[2][i]) for i in range(count)]


def bearing(
    g_per_digit: float, rate_hz: float, shaft_hz: float, shaft_error: float, keys: "list[str]"
) -> "dict[str, Any]":
    """What the node says of the blocks that were added."""
    out: "dict[str, Any]" = {}
    withheld: "dict[str, str]" = {}
    marked: "dict[str, str]" = {}
    gc.collect()
    kept["features"].finish(
        g_per_digit, rate_hz, shaft_hz, shaft_error, tuple(keys), out, withheld, marked
    )
    return told(out, withheld, marked)
