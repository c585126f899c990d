"""What agents of golden waveforms share: digits that come in lines, values that go back."""

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST = 1e300  # beyond it nothing is a measurement
kept: "dict[str, Any]" = {}  # "blocks": of int16, one a channel


def put(channel: int, first: int, text: str) -> None:
    """Digits of a channel from an index on: int16, little-endian, in base64."""
    data = binascii.a2b_base64(text)
    block = kept["blocks"][channel]
    for i in range(len(data) // 2):
        value = data[2 * i] | data[2 * i + 1] << 8
        block[first + i] = (value ^ 0x8000) - 0x8000


def told(
    out: "dict[str, Any]", withheld: "dict[str, str]", marked: "dict[str, str]"
) -> "dict[str, Any]":
    """What a node says of a block; wrong: what is no finite number, as text."""
    values, wrong = {}, {}
    for key in out:
        value = out[key]
        if isinstance(value, (int, float)) and -_MOST < value < _MOST:
            values[key] = value
        else:
            wrong[key] = repr(value)
    return {"values": values, "withheld": withheld, "marked": marked, "wrong": wrong}
