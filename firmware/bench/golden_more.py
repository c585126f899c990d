"""Given digits through the node's own code for clamps and for bearings."""

import binascii
import gc
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 1e300  # beyond it nothing is a measurement
_kept: "dict[str, Any]" = {}


def make_current(backend: str, samples: int, currents: int, options: "dict[str, Any]") -> int:
    """Work space for a record of clamps; the heap that is free then."""
    from node import dsp
    from node.current import Current

    _kept.clear()
    gc.collect()
    _kept["blocks"] = [
        array("h", bytes(2 * samples)) for _ in range(currents + options["voltages"])
    ]
    _kept["currents"] = currents
    _kept["features"] = Current(dsp.backend(backend), samples, currents, **options)
    gc.collect()
    return gc.mem_free()


def make_envelope(backend: str, samples: int, orders: "dict[str, float]", band: int) -> int:
    """Work space for blocks of one axis of a bearing; the heap that is free then."""
    from node import dsp
    from node.envelope import Envelope

    _kept.clear()
    gc.collect()
    _kept["blocks"] = [array("h", bytes(2 * samples))]
    _kept["features"] = Envelope(dsp.backend(backend), samples, orders, band)
    _kept["features"].begin()
    gc.collect()
    return gc.mem_free()


def put(channel: int, first: int, text: str) -> None:
    """Digits of a channel from an index on: int16, little-endian, in base64."""
    data = binascii.a2b_base64(text)
    block = _kept["blocks"][channel]
    for i in range(len(data) // 2):
        value = data[2 * i] | data[2 * i + 1] << 8
        block[first + i] = (value ^ 0x8000) - 0x8000


def add() -> None:
    """One more block of a bearing: what was put."""
    _kept["features"].add(_kept["blocks"][0])


def currents(
    per_digit: "list[float]", rate_hz: float, rate_ppm: float, keys: "list[str]"
) -> "list[dict[str, Any]]":
    """What the node says of each current."""
    count = _kept["currents"]
    told: "list[Any]" = [[{} for _ in range(count)] for _ in range(3)]
    gc.collect()
    _kept["features"].compute(
        _kept["blocks"], per_digit, rate_hz, rate_ppm, tuple(keys), told[0], told[1], told[2]
    )
    return [_told(told[0][i], told[1][i], told[2][i]) for i in range(count)]


def bearing(
    g_per_digit: float, rate_hz: float, shaft_hz: float, shaft_error: float, keys: "list[str]"
) -> "dict[str, Any]":
    """What the node says of the blocks that were added."""
    out: "dict[str, Any]" = {}
    withheld: "dict[str, str]" = {}
    marked: "dict[str, str]" = {}
    gc.collect()
    _kept["features"].finish(
        g_per_digit, rate_hz, shaft_hz, shaft_error, tuple(keys), out, withheld, marked
    )
    return _told(out, withheld, marked)


def _told(
    out: "dict[str, Any]", withheld: "dict[str, str]", marked: "dict[str, str]"
) -> "dict[str, Any]":
    values, wrong = {}, {}
    for key in out:
        value = out[key]
        if isinstance(value, (int, float)) and -_MOST < value < _MOST:
            values[key] = value
        else:
            wrong[key] = repr(value)
    return {"values": values, "withheld": withheld, "marked": marked, "wrong": wrong}
