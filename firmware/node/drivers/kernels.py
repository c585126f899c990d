"""Loops over sample blocks that are too slow as bytecode: 3200 Hz leave 312 us for a whole sample.

Viper: pointers load unsigned on every port, so (v ^ 0x8000) - 0x8000 makes the sign of 16 bits.
No value here leaves 21 bits, but for axis_sum.
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
