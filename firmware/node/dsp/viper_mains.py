"""Viper kernels of currents: Hann-weighted sums, one frequency's share, the fold of a cycle.

Samples x are int16.  e = (x - centre) * 2**up / 4, rounded, is what is computed with: the caller
picks `up` so that |e| <= 2**14.  `table` is tables.turn(size): sine, cosine and, with `stride`
entries a sample, the Hann window in Q16.  A phase has 28 bits a turn, so that 4096 steps err by
2**-17 turns at most.
Source of the formats: docs/decisions/0003-kernels.md, 0017-current.md.
"""

import micropython
from micropython import const

BIAS = const(1 << 28)
_TURN = const((1 << 28) - 1)
CELLS, OFFSET = 256, 1 << 28  # of the fold of a cycle; what is added to each of its cells


@micropython.viper
def weigh(block: ptr16, samples: int, centre: int, up: int, table: ptr16, stride: int, out: ptr32):
    """Sums of w e (out[0] * 2**13 + out[1]) and of w e**2 (2**28 out[2] + 2**13 out[3]).

    |w e| < 2**30; e**2 / 2**13 <= 2**15, times w under 2**31; upper parts of 4096 of them are
    within 2**29 and 2**28, lower ones under 2**25 and 2**27.
    """
    angle = (stride * samples) >> 2
    turned = stride
    half = samples >> 1
    up1 = 0
    low1 = 0
    up2 = 0
    low2 = 0
    for i in range(samples):
        if i == half:
            turned = 0 - stride
        w = table[angle]
        angle += turned
        e = ((((block[i] ^ 0x8000) - 0x8000 - centre) << up) + 2) >> 2
        p = w * e
        up1 += p >> 13
        low1 += p & 8191
        p = w * ((e * e + 4096) >> 13)
        up2 += p >> 15
        low2 += p & 32767
    out[0] = up1
    out[1] = low1
    out[2] = up2
    out[3] = low2


@micropython.viper
def cross(a: ptr16, b: ptr16, samples: int, how: ptr16, table: ptr16, stride: int, out: ptr32):
    """The sum of w e_a e_b, as 2**28 out[0] + 2**13 out[1].

    how: centre (plus 2**15) and up of a, then of b.  Ranges as in weigh().
    """
    centre1 = how[0]
    up1 = how[1]
    centre2 = how[2]
    up2 = how[3]
    angle = (stride * samples) >> 2
    turned = stride
    half = samples >> 1
    upper = 0
    lower = 0
    for i in range(samples):
        if i == half:
            turned = 0 - stride
        w = table[angle]
        angle += turned
        e = ((((a[i] ^ 0x8000) - centre1) << up1) + 2) >> 2
        f = ((((b[i] ^ 0x8000) - centre2) << up2) + 2) >> 2
        p = w * ((e * f + 4096) >> 13)
        upper += p >> 15
        lower += p & 32767
    out[0] = upper
    out[1] = lower


@micropython.viper
def thin(block: ptr16, results: int, factor: int, shift: int, centre: int, up: int, out: ptr16):
    """out[i] (int16) = the mean e of `factor` = 2**shift samples, at most 2**14."""
    p = 0
    for i in range(results):
        total = 0
        for _ in range(factor):
            total += (((block[p] ^ 0x8000) - 0x8000 - centre) << up) + 2
            p += 1
        out[i] = total >> (shift + 2)


@micropython.viper
def correlate(
    block: ptr16,
    first: int,
    count: int,
    centre: int,
    up: int,
    table: ptr16,
    bits: int,
    step: int,
    out: ptr32,
):
    """Sums of y and of y e**(-j phase), y = w e, n from `first` on, w the Hann window of `count`.

    The phase is n * step, in 2**-28 turns; table: of 2**bits entries, linear between.
    out[0] and out[1]: real and imaginary part / 2**11 * 2**15, out[2]: the sum of y.
    |y| <= 2**14, at 2048 samples its sum is within 2**24: times 2**15 / 2**11 within 2**28.
    """
    size = 1 << bits
    mask = size - 1
    quarter = size >> 2
    down = 28 - bits
    fine = 18 - bits
    stride = size // count
    angle = quarter
    half = count >> 1
    real = 0
    imag = 0
    total = 0
    phase = 0
    p = first
    for i in range(count):
        if i == half:
            stride = 0 - stride
        y = table[angle] * (((((block[p] ^ 0x8000) - 0x8000 - centre) << up) + 2) >> 2)
        y = (y + 32768) >> 16
        p += 1
        angle += stride
        total += y
        k = phase >> down
        part = (phase >> fine) & 1023
        t = table[k]
        t += ((table[(k + 1) & mask] - t) * part) >> 10
        imag += (y * (t - 32768)) >> 11
        k = (k + quarter) & mask
        t = table[k]
        t += ((table[(k + 1) & mask] - t) * part) >> 10
        real += (y * (32768 - t)) >> 11
        phase = (phase + step) & _TURN
    out[0] = real
    out[1] = imag
    out[2] = total


@micropython.viper
def fold(
    block: ptr16,
    samples: int,
    centre: int,
    up: int,
    mean: int,
    table: ptr16,
    stride: int,
    step: int,
    spline: ptr16,
    grid: ptr32,
):
    """grid[m] = BIAS + 4 sum y B(256 phase - m), y = w**2 (e - mean): one cycle out of many.

    phase = n * step, in 2**-28 turns; B the cubic B-spline over four cells, `spline` its tables.
    Its transform over 256 cells is that of y at each multiple of the frequency, times sinc**4.
    |e - mean| < 2**15 and w**2 <= 2**16: their product and half of 2**16 fit.  y B * 2**15 is
    under 2**29.5, each cell's sum of 4096 of them / 2**13 under 2**27.
    """
    bias = BIAS
    for i in range(256):
        grid[i] = bias
    angle = (stride * samples) >> 2
    turned = stride
    half = samples >> 1
    phase = 2048  # half of what is rounded off below
    for i in range(samples):
        if i == half:
            turned = 0 - stride
        w = (table[angle] + 1) >> 1
        angle += turned
        y = ((w * w + 8192) >> 14) * (
            (((((block[i] ^ 0x8000) - 0x8000 - centre) << up) + 2) >> 2) - mean
        )
        y = (y + 32768) >> 16
        k = phase >> 20
        u = (phase >> 12) & 255
        phase = (phase + step) & _TURN
        grid[k] += (y * spline[512 - u] + 4096) >> 13
        j = (k + 1) & 255
        grid[j] += (y * spline[256 + u] + 4096) >> 13
        j = (k + 2) & 255
        grid[j] += (y * spline[u] + 4096) >> 13
        j = (k - 1) & 255
        grid[j] += (y * spline[256 - u] + 4096) >> 13


@micropython.viper
def widest(grid: ptr32) -> int:
    """The greatest |cell| of a fold."""
    bias = BIAS
    most = 0
    for i in range(256):
        x = grid[i] - bias
        if x < 0:
            x = 0 - x
        if x > most:
            most = x
    return most


@micropython.viper
def sort(grid: ptr32, up: int, reversal: ptr16, out: ptr32):
    """out = the cells times 2**up / 4, in pairs, each pair at its index with the bits in reverse.

    The caller picks `up` so that no cell times 2**up is over 2**27: results are within 2**25.
    """
    bias = BIAS
    p = 0
    for i in range(128):
        q = reversal[i]
        q += q
        out[q] = ((((grid[p] - bias) << up) + 2) >> 2) + bias
        out[q + 1] = ((((grid[p + 1] - bias) << up) + 2) >> 2) + bias
        p += 2


@micropython.viper
def crossings(block: ptr16, samples: int, low: int, high: int) -> int:
    """How often the samples go from below `low` to above `high`, or back."""
    side = 0
    count = 0
    for i in range(samples):
        x = (block[i] ^ 0x8000) - 0x8000
        if x > high:
            if side < 0:
                count += 1
            side = 1
        elif x < low:
            if side > 0:
                count += 1
            side = 0 - 1
    return count
