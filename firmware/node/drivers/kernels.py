"""Loops over sample blocks that are too slow as bytecode: 3200 Hz leave 312 us for a whole sample.

Viper: pointers load unsigned on every port, so (v ^ 0x8000) - 0x8000 makes the sign of 16 bits.
No value here leaves 21 bits, but for axis_sum.
"""

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from micropython import ptr8, ptr16, ptr32  # type: ignore[attr-defined]


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
def count_at_rail(  # type: ignore[no-untyped-def]
    x, y, z, at: int, count: int, sign: int, low: int, high: int
) -> int:
    """How many of count samples from at on have an axis at or beyond low or high (digits).

    sign: 0x8000 for int16; 0 where 32768 has been added to each.
    """
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    hits = 0
    for i in range(at, at + count):
        a = (px[i] ^ sign) - 0x8000
        b = (py[i] ^ sign) - 0x8000
        c = (pz[i] ^ sign) - 0x8000
        if a <= low or a >= high or b <= low or b >= high or c <= low or c >= high:
            hits += 1
    return hits


@micropython.viper
def longest_runs(x, y, z, at: int, count: int, runs):  # type: ignore[no-untyped-def]
    """Follow runs of equal samples through count more (1 at least), from index at on.

    runs: array('H') of 8, up to 65535 samples: the longest run of x, of y, of z, of frames in
    which no axis changes, and the four that last on.  All 0: none came before; else the samples
    before stand at index at - 1.
    """
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    out = ptr16(runs)
    most_x = out[0]
    most_y = out[1]
    most_z = out[2]
    most = out[3]
    run_x = out[4]
    run_y = out[5]
    run_z = out[6]
    run = out[7]
    end = at + count
    if run == 0:
        most_x = most_y = most_z = most = 1
        run_x = run_y = run_z = run = 1
        at += 1
    for i in range(at, end):
        still = 0
        run_x += 1
        if px[i] != px[i - 1]:
            run_x = 1
            still = 1
        elif run_x > most_x:
            most_x = run_x
        run_y += 1
        if py[i] != py[i - 1]:
            run_y = 1
            still = 1
        elif run_y > most_y:
            most_y = run_y
        run_z += 1
        if pz[i] != pz[i - 1]:
            run_z = 1
            still = 1
        elif run_z > most_z:
            most_z = run_z
        run += 1
        if still:
            run = 1
        elif run > most:
            most = run
    out[0] = most_x
    out[1] = most_y
    out[2] = most_z
    out[3] = most
    out[4] = run_x
    out[5] = run_y
    out[6] = run_z
    out[7] = run


@micropython.viper
def axis_sum(x, count: int) -> int:  # type: ignore[no-untyped-def]
    """Sum of the first count samples of an axis, up to 32767 of them: within 31 bits."""
    px = ptr16(x)
    total = 0
    for i in range(count):
        total += (px[i] ^ 0x8000) - 0x8000
    return total


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
def split_axes20(raw, x, y, z, at: int, count: int):  # type: ignore[no-untyped-def]
    """Copy count frames of three big-endian entries of 20 bits to x, y, z (array('h')) from at on.

    Entries are left-justified in 24 bits; the upper 16 are kept, the lower 4 cut off.  The caller
    has proven that the frames are in raw and the indices in the arrays.
    """
    src = ptr8(raw)
    px = ptr16(x)
    py = ptr16(y)
    pz = ptr16(z)
    k = 0
    for i in range(at, at + count):
        px[i] = src[k] << 8 | src[k + 1]
        py[i] = src[k + 3] << 8 | src[k + 4]
        pz[i] = src[k + 6] << 8 | src[k + 7]
        k += 9


@micropython.viper
def split_axes20_wide(raw, x, y, z, at: int, count: int):  # type: ignore[no-untyped-def]
    """As split_axes20, with all 20 bits to array('i')."""
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
