"""Viper kernels of the envelope: bands of a spectrum, magnitudes and their logarithms, sums.

Number formats as in viper_fft and viper_spectrum: complex int32 plus BIAS, keys of powers.
A transform back would turn in the other direction than the FFT that is used for it: its samples
come out backwards, e[-n mod M].  Mean, greatest and the power of each bin of e are the same, and
the Hann window is even, so that nobody needs to turn them round.
"""

from array import array
from math import log2, sqrt

import micropython
from micropython import const

BIAS = const(1 << 28)
OCTAVE = const(32768)  # of a logarithm: 2**-15 of an octave of amplitude
_MANTISSA = const((1 << 26) - 1)
_ENTRIES = const(193)  # of each half of the table: steps of 1/64 from 1 to 4


def table() -> "array[int]":
    """uint16[386] over p = 1 ... 4 in steps of 1/64: 2**14 log2 p, then 2**15 (sqrt p - 1).

    Between entries a line errs by (1/64)**2 / 8 of the second derivative at most: 4e-5 octaves of
    power, 8e-6 of a root.
    """
    steps = [(64 + i) / 64 for i in range(_ENTRIES)]
    logs = [int(0.5 * OCTAVE * log2(p) + 0.5) for p in steps]
    return array("H", logs + [int(OCTAVE * (sqrt(p) - 1.0) + 0.5) for p in steps])


@micropython.viper
def square(data: ptr32, samples: int) -> int:
    """The sum of squared deviations from the mean, in 2**37: of e = (data[i] - BIAS) >> 12.

    |e| <= 2**13.6, within 2**14.6 of the mean: squares are under 2**29.2, their upper parts
    (>> 13) sum up to under 2**28.2 at 4096.
    """
    bias = BIAS
    total = 0
    for i in range(samples):
        total += (data[i] - bias) >> 12
    mean = total // samples
    upper = 0
    lower = 0
    for i in range(samples):
        e = ((data[i] - bias) >> 12) - mean
        e *= e
        upper += e >> 13
        lower += e & 8191
    return upper + (lower >> 13)


@micropython.viper
def widest(data: ptr32, first: int, count: int) -> int:
    """The greatest part, without its sign, of the complex bins first <= k < first + count."""
    bias = BIAS
    most = 0
    for i in range(first + first, first + first + count + count):
        x = data[i] - bias
        if x < 0:
            x = 0 - x
        if x > most:
            most = x
    return most


@micropython.viper
def gather(data: ptr32, first: int, count: int, up: int, reversal: ptr16, drop: int, out: ptr32):
    """count bins from `first` on, times 2**(up - 2), each at its index with the bits in reverse.

    The caller picks `up` so that no part times 2**up is over 2**27: results are within 2**25.
    reversal: the table of count * 2**drop.
    """
    bias = BIAS
    p = first + first
    for i in range(count):
        q = reversal[i] >> drop
        q += q
        out[q] = ((((data[p] - bias) << up) + 2) >> 2) + bias
        out[q + 1] = ((((data[p + 1] - bias) << up) + 2) >> 2) + bias
        p += 2


@micropython.viper
def smooth(data: ptr32, bins: int, out: ptr32):
    """The bins of the windowed samples (Hann), of those of the samples: (2 b - a - c) / 4.

    Bin 0 comes out as 0.  Parts are under 2**26.7: the sum is under 2**28.7.
    """
    bias = BIAS
    out[0] = bias
    out[1] = bias
    for i in range(2, bins + bins):
        b = data[i]
        out[i] = ((b + b - data[i - 2] - data[i + 2] + 2) >> 2) + bias


@micropython.viper
def magnitudes(data: ptr32, count: int, table: ptr16, out: ptr32):
    """data[count + k] = the root of the power whose key is data[k], k < count; 0 below 2**6.

    The root has 15 bits or more, and is under 2**26.1.  out[0] = the sum of its upper parts
    (>> 10), under 2**26.2 for 1024, out[1] of the lower ones; out[2] the greatest, out[3] the
    least.
    """
    upper = 0
    lower = 0
    most = 0
    least = 1 << 27
    for k in range(count):
        m = data[k]
        n = m >> 26
        m &= _MANTISSA
        e = 0
        if m >= 16777216:
            i = (m >> 18) + 129
            e = table[i]
            e += 32768 + (((m & 262143) >> 4) * (table[i + 1] - e) >> 14)
            if n >= 9:
                e <<= n - 9
            else:
                e = (e + (1 << (8 - n))) >> (9 - n)
        data[count + k] = e
        upper += e >> 10
        lower += e & 1023
        if e > most:
            most = e
        if e < least:
            least = e
    out[0] = upper
    out[1] = lower
    out[2] = most
    out[3] = least


@micropython.viper
def logs(data: ptr32, count: int, table: ptr16, floor: int) -> int:
    """data[k] = max(floor, log2 of the root of the power whose key is data[k]), k < count.

    In 2**-15 octaves from 2**6 on: under 23 * 2**15 < 2**19.6.  Returns the sum, under 2**29.6
    for 1024.
    """
    total = 0
    for k in range(count):
        m = data[k]
        n = m >> 26
        m &= _MANTISSA
        x = 0
        if m >= 16777216:
            i = (m >> 18) - 64
            x = table[i]
            x += (n << 15) + (((m & 262143) >> 4) * (table[i + 1] - x) >> 14)
        if x < floor:
            x = floor
        data[k] = x
        total += x
    return total


@micropython.viper
def shape(
    data: ptr32,
    first: int,
    count: int,
    mean: int,
    up: int,
    turn: ptr16,
    step: int,
    reversal: ptr16,
    drop: int,
    out: ptr32,
):
    """(data[first + i] - mean) * 2**up under the Hann window, ready for the real transform.

    out: a complex number of each two, at its index with the bits in reverse; another region than
    data's.  turn: the table of step * count, reversal of count / 2 * 2**drop.
    The caller picks `up` so that |data - mean| * 2**up is within 1.5 * 2**25; products as in
    viper_fft.window.
    """
    bias = BIAS
    quarter = (count * step) >> 2
    p = first
    angle = quarter
    turned = step
    half = count >> 2
    for i in range(count >> 1):
        if i == half:
            turned = 0 - step
        q = reversal[i] >> drop
        q += q
        w = turn[angle]
        x = (data[p] - mean) << up
        out[q] = (((x >> 12) * w + (((x & 4095) * w) >> 12) + 8) >> 4) + bias
        angle += turned
        w = turn[angle]
        x = (data[p + 1] - mean) << up
        out[q + 1] = (((x >> 12) * w + (((x & 4095) * w) >> 12) + 8) >> 4) + bias
        angle += turned
        p += 2


@micropython.viper
def accumulate(keys: ptr32, low: int, high: int, down: int, sums: ptr32, at: int):
    """sums[at + k] += the power of keys[k] / 4**down, low <= k < high; both are keys.

    In a sum n goes up to 31, and where it is 0 the mantissa may be short: nothing is lost that is
    over 2**-24 of the sum.
    """
    for k in range(low, high):
        m = keys[k]
        n = (m >> 26) - down
        m &= _MANTISSA
        if n < 0:
            n = 0 - n
            if n > 12:
                n = 13
            m >>= n + n
            n = 0
        if n > 31:
            n = 31
        total = sums[at + k]
        top = total >> 26
        total &= _MANTISSA
        if top >= n:
            by = top - n
            if by > 12:
                by = 13
            total += m >> (by + by)
        else:
            by = n - top
            if by > 12:
                by = 13
            total = (total >> (by + by)) + m
            top = n
        if total > _MANTISSA:
            total >>= 2
            if top < 31:
                top += 1
        sums[at + k] = (top << 26) + total
