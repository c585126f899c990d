"""The loop over the frames of a FIFO that has its high bytes first.

Viper, for the reason that is in kernels.py.
"""

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr8, ptr16  # type: ignore[attr-defined]


@micropython.viper
def split_big_endian(raw, x, y, z, at: int, count: int, entry: int):  # type: ignore[no-untyped-def]
    """Copy the first 16 bits of each of count frames' entries to x, y, z (array('h')) from at on.

    entry: bytes of one, 2 or 3; what is behind 16 bits is cut off.  The caller has proven that the
    frames are in raw and the indices in the arrays.
    """
    src = ptr8(raw)
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    k = 0
    for i in range(at, at + count):
        px[i] = src[k] << 8 | src[k + 1]
        k += entry
        py[i] = src[k] << 8 | src[k + 1]
        k += entry
        pz[i] = src[k] << 8 | src[k + 1]
        k += entry
