"""Loops over samples of 20 bits, of a sensor that packs them into three bytes.

Viper, as `kernels`; no value here leaves 24 bits.
"""

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr8, ptr32  # type: ignore[attr-defined]


@micropython.viper
def misplaced20(raw, count: int) -> int:  # type: ignore[no-untyped-def]
    """How many of count frames of an ADXL355's FIFO do not stand as x, y, z.

    Each of the nine-byte frames has three entries of 24 bits; the last two of an entry tell that
    it is x (1), or that there was none (2).
    """
    src = ptr8(raw)
    k = 2
    wrong = 0
    for _ in range(count):
        if (src[k] & 3) != 1 or (src[k + 3] & 3) != 0 or (src[k + 6] & 3) != 0:
            wrong += 1
        k += 9
    return wrong


@micropython.viper
def split_axes20_wide(raw, x, y, z, at: int, count: int):  # type: ignore[no-untyped-def]
    """Copy count frames of three big-endian entries of 20 bits to x, y, z (array('i')) from at on.

    Entries are left-justified in 24 bits.  The caller has proven that the frames are in raw and
    the indices in the arrays.
    """
    src = ptr8(raw)
    px = ptr32(x)
    py = ptr32(y)
    pz = ptr32(z)
    k = 0
    for i in range(at, at + count):
        a = src[k] << 12 | src[k + 1] << 4 | src[k + 2] >> 4
        b = src[k + 3] << 12 | src[k + 4] << 4 | src[k + 5] >> 4
        c = src[k + 6] << 12 | src[k + 7] << 4 | src[k + 8] >> 4
        px[i] = (a ^ 0x80000) - 0x80000
        py[i] = (b ^ 0x80000) - 0x80000
        pz[i] = (c ^ 0x80000) - 0x80000
        k += 9
