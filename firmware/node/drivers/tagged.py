"""Loops over the words of a FIFO that puts a tag before each sample (ST's IIS3DWB).

Viper, for the reason that is in kernels.py: 26 667 Hz leave 37 us for a whole sample.
"""

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr8, ptr16  # type: ignore[attr-defined]


@micropython.viper
def check_tags(raw, count: int, last: int) -> int:  # type: ignore[no-untyped-def]
    """What the tags of count words of seven bytes say of them: -1 where one is none of a sample.

    last: the two-bit counter of the word before the first, -1 where it is not known.  Else the
    jumps of that counter times four, and the counter of the last word in the lowest two bits.
    Data sheet DS12569, FIFO_DATA_OUT_TAG: sensor in bits 7 to 3 (2: accelerometer), counter in
    bits 2 to 1, and in bit 0 what makes the number of ones even.
    """
    src = ptr8(raw)
    jumps = 0
    k = 0
    for _ in range(count):
        tag = src[k]
        folded = tag ^ (tag >> 4)
        folded = folded ^ (folded >> 2)
        folded = folded ^ (folded >> 1)
        if (tag >> 3) != 2 or (folded & 1) != 0:
            return -1
        counter = (tag >> 1) & 3
        if last >= 0 and counter != ((last + 1) & 3):
            jumps += 1
        last = counter
        k += 7
    return (jumps << 2) | last


@micropython.viper
def split_tagged(raw, x, y, z, at: int, count: int):  # type: ignore[no-untyped-def]
    """Copy count words, a tag and three little-endian int16, to x, y, z (array('h')) from at on.

    The caller has proven that the words are in raw and the indices in the arrays.
    """
    src = ptr8(raw)
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    k = 1
    for i in range(at, at + count):
        px[i] = src[k] | src[k + 1] << 8
        py[i] = src[k + 2] | src[k + 3] << 8
        pz[i] = src[k + 4] | src[k + 5] << 8
        k += 7
