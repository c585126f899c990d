"""Viper kernels for converters' samples, portable over 32 and 64 bits."""

import micropython


@micropython.viper
def split(raw, block, first: int, step: int, count: int, wide: int):  # type: ignore[no-untyped-def]
    """block[i] = 4 * code + wide * (wide codes up to it), code = raw[first + i * step], 12 bits.

    raw, block: int16; wide: quarters of a digit by which the codes 512, 1536, 2560 and 3584 are
    too wide (RP2040-E11), even; 0 where none is.  At most 4 * 4095 + 4 * wide: 15 bits.
    """
    src = ptr16(raw)
    dst = ptr16(block)
    k = first
    half = wide >> 1
    for i in range(count):
        code = src[k] & 0xFFF
        value = (code << 2) + ((code + 512) >> 10) * wide
        if wide and (code & 0x3FF) == 512:
            value -= half  # its own middle
        dst[i] = value
        k += step


@micropython.viper
def look(block, count: int, low: int, high: int, out):  # type: ignore[no-untyped-def]
    """out (array('i', 2)): how many of int16[count] are low or less, or high or more; the longest
    row of equal ones."""
    src = ptr16(block)
    to = ptr32(out)
    ends = 0
    row = 1
    longest = 1
    last = (src[0] ^ 0x8000) - 0x8000
    if last <= low or last >= high:
        ends = 1
    for i in range(1, count):
        value = (src[i] ^ 0x8000) - 0x8000
        if value <= low or value >= high:
            ends += 1
        if value == last:
            row += 1
            if row > longest:
                longest = row
        else:
            row = 1
        last = value
    to[0] = ends
    to[1] = longest


@micropython.viper
def extent(raw, first: int, step: int, count: int, of: int, out):  # type: ignore[no-untyped-def]
    """out (array('i', 2)): the lowest and the highest code (12 bits) of raw[first + i * step], i
    below count, beginning again where raw[of] would be; first below of, step a part of it."""
    src = ptr16(raw)
    to = ptr32(out)
    k = first
    low = 0xFFF
    high = 0
    for _ in range(count):
        code = src[k] & 0xFFF
        if code < low:
            low = code
        if code > high:
            high = code
        k += step
        if k >= of:
            k -= of
    to[0] = low
    to[1] = high
