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
def weigh(
    block: ptr16,
    samples: int,
    base: int,
    up: int,
    table: ptr16,
    stride: int,
    shaped: ptr16,
    out: ptr32,
):
    """Sums of w e / 2**12 (out[0]) and of w e**2 / 2**27 (out[1]), each term rounded.

    shaped[i] = 2**15 + w**2 e, |w**2 e| <= 2**14.  base: 2**15 + centre.
    |w e| <= 2**30; e**2 / 2**13 <= 2**15, times w under 2**31 - 2**15; sums of 4096 of them within
    2**30 and 2**29.
    """
    angle = (stride * samples) >> 2
    turned = stride
    half = samples >> 1
    first = 0
    second = 0
    for i in range(samples):
        if i == half:
            turned = 0 - stride
        w = table[angle]
        angle += turned
        e = ((((block[i] ^ 0x8000) - base) << up) + 2) >> 2
        p = w * e
        shaped[i] = (((p >> 15) * w) >> 17) + 32768
        first += (p + 2048) >> 12
        second += (w * ((e * e + 4096) >> 13) + 8192) >> 14
    out[0] = first
    out[1] = second


@micropython.viper
def cross(a: ptr16, b: ptr16, samples: int, how: ptr16, table: ptr16, stride: int, out: ptr32):
    """The sum of w e_a e_b / 2**27, in out[0], each term rounded.

    how: centre (plus 2**15) and up of a, then of b.  Ranges as in weigh().
    """
    base1 = how[0]
    up1 = how[1]
    base2 = how[2]
    up2 = how[3]
    angle = (stride * samples) >> 2
    turned = stride
    half = samples >> 1
    total = 0
    for i in range(samples):
        if i == half:
            turned = 0 - stride
        w = table[angle]
        angle += turned
        e = ((((a[i] ^ 0x8000) - base1) << up1) + 2) >> 2
        f = ((((b[i] ^ 0x8000) - base2) << up2) + 2) >> 2
        total += (w * ((e * f + 4096) >> 13) + 8192) >> 14
    out[0] = total


@micropython.viper
def thin(block: ptr16, results: int, shift: int, base: int, up: int, out: ptr16):
    """out[i] = 2**15 + the mean of e about sample i * 2**shift, under a triangle of twice that.

    The sum of a stretch's running sums weighs its samples from 2**shift down to 1, what that lacks
    to 2**shift times their sum from 0 up: the triangle's falling and rising part.
    base: 2**15 + centre.  |x - centre| < 2**16 of 2**7 samples: ramps are under 2**30, and times
    2**up / 4 / 4**shift within 2**14.
    """
    factor = 1 << shift
    rising = 0
    p = 0
    for i in range(results):
        total = 0
        ramp = 0
        for _ in range(factor):
            total += (block[p] ^ 0x8000) - base
            ramp += total
            p += 1
        m = ramp + rising
        rising = (total << shift) - ramp
        k = up - shift - shift - 2
        if k < 0:
            k = 0 - k
            m = (m + ((1 << k) >> 1)) >> k
        else:
            m <<= k
        out[i] = m + 32768


@micropython.viper
def correlate(data: ptr16, first: int, count: int, table: ptr16, bits: int, step: int, out: ptr32):
    """Sums of y and of y e**(-j phase), y = w (data[n] - 2**15), n from `first` on.

    w the Hann window of `count`; the phase is n * step, in 2**-28 turns; table: of 2**bits
    entries, linear between.
    out[0] and out[1]: real and imaginary part / 2**11 * 2**15, out[2]: the sum of y.
    |y| <= 2**14, at 2048 samples its sum is within 2**24: times 2**15 / 2**11 within 2**28.
    """
    mask = (1 << bits) - 1
    quarter = (1 << bits) >> 2
    down = 28 - bits
    fine = 18 - bits
    stride = (1 << bits) // count
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
        y = (table[angle] * (data[p] - 32768) + 32768) >> 16
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
def fold(shaped: ptr16, samples: int, step: int, spline: ptr16, grid: ptr32):
    """grid[m] = BIAS + 4 sum y B(256 phase - m), y = shaped[n] - 2**15: one cycle out of many.

    phase = n * step, in 2**-28 turns; B the cubic B-spline over four cells, `spline` its tables.
    Its transform over 256 cells is that of y at each multiple of the frequency, times sinc**4.
    |y| <= 2**14, y B * 2**15 is under 2**28.5, each cell's sum of 4096 of them / 2**13 under
    2**26.1.
    """
    bias = BIAS
    for i in range(260):
        grid[i] = bias
    phase = 2048  # half of what is rounded off below
    for i in range(samples):
        y = shaped[i] - 32768
        k = phase >> 20
        u = (phase >> 12) & 255
        phase = (phase + step) & _TURN
        grid[k] += (y * spline[256 - u]) >> 13
        k += 1
        grid[k] += (y * spline[512 - u]) >> 13
        k += 1
        grid[k] += (y * spline[256 + u]) >> 13
        k += 1
        grid[k] += (y * spline[u]) >> 13
    # The first cell stands for phase -1 / 256: what went over the end comes round.
    for i in range(3):
        grid[i] += grid[256 + i] - bias


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
    p = 1
    for i in range(128):
        q = reversal[i]
        q += q
        out[q] = ((((grid[p] - bias) << up) + 2) >> 2) + bias
        p = (p + 1) & 255
        out[q + 1] = ((((grid[p] - bias) << up) + 2) >> 2) + bias
        p += 1


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


@micropython.viper
def cycles(block: ptr16, first: int, cycle: int, count: int, base: int, up: int, out: ptr32):
    """out[k] = the sum of e**2 / 2**10 over each of `count` cycles from sample `first` on.

    base: 2**15 + centre; e**2 <= 2**28: a sum of 4096 is within 2**30.
    """
    p = first
    for k in range(count):
        total = 0
        for _ in range(cycle):
            e = ((((block[p] ^ 0x8000) - base) << up) + 2) >> 2
            total += (e * e + 512) >> 10
            p += 1
        out[k] = total


@micropython.viper
def first_beyond(block: ptr16, samples: int, low: int, high: int) -> int:
    """The place of the first sample below `low` or above `high`; `samples` where there is none."""
    for i in range(samples):
        x = (block[i] ^ 0x8000) - 0x8000
        if x < low or x > high:
            return i
    return samples
