"""Loops over sample blocks that are too slow as bytecode: 3200 Hz leave 312 us for a whole sample.

Viper: pointers are 16 bits wide and load unsigned on every port, so (v ^ 0x8000) - 0x8000 makes
the sign.  No value here leaves 17 bits.
"""

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr16  # type: ignore[attr-defined]


@micropython.viper
def split_axes(raw, x, y, z, at: int, count: int):  # type: ignore[no-untyped-def]
    """Copy count frames of three little-endian int16 from raw to x, y, z (array('h')) from at on.

    The caller has proven that the frames are in raw and the indices in the arrays.
    """
    src = ptr16(raw)
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    k = 0
    for i in range(at, at + count):
        px[i] = src[k]
        py[i] = src[k + 1]
        pz[i] = src[k + 2]
        k += 3


@micropython.viper
def count_at_rail(x, y, z, count: int, low: int, high: int) -> int:  # type: ignore[no-untyped-def]
    """How many of the first count samples have an axis at or beyond low or high (digits)."""
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    hits = 0
    for i in range(count):
        a = (px[i] ^ 0x8000) - 0x8000
        b = (py[i] ^ 0x8000) - 0x8000
        c = (pz[i] ^ 0x8000) - 0x8000
        if a <= low or a >= high or b <= low or b >= high or c <= low or c >= high:
            hits += 1
    return hits
