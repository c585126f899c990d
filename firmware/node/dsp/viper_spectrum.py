"""Viper kernels of the power spectrum: keys, sums over bands, the strongest lines.

A key is a power as a number that compares like one: key = n * 2**26 + m stands for m * 16 * 4**n,
with 2**24 <= m < 2**26 (less only where n is 0).  It holds 15 bits of the amplitude whatever its
size, and fits into 30 bits.
"""

import micropython
from micropython import const

BIAS = const(1 << 28)
_MANTISSA = const((1 << 26) - 1)


@micropython.viper
def power(data: ptr32, bins: int):
    """Turn complex bins (data[2k] + j data[2k+1], biased) into keys of their power, in data[k].

    Parts are under 2**27.  Shifted by n until both are under 2**15, their squares' sum is under
    2**31; from 2**30 on it is quartered, n one more.  n <= 13.
    """
    bias = BIAS
    for k in range(bins):
        r = data[k + k] - bias
        x = data[k + k + 1] - bias
        if r < 0:
            r = 0 - r
        if x < 0:
            x = 0 - x
        m = r
        if x > m:
            m = x
        n = 0
        if m >= 8388608:
            n = 8
        elif m >= 524288:
            n = 4
        m >>= n
        while m >= 32768:
            m >>= 1
            n += 1
        r >>= n
        x >>= n
        p = r * r
        # The sum could reach 2**31: add quarters of it instead.
        p = (p >> 2) + ((x * x) >> 2)
        if p >= 268435456:
            n += 1
            data[k] = (n << 26) + (p >> 4)
        else:
            data[k] = (n << 26) + (p >> 2)


@micropython.viper
def weigh(keys: ptr32, low: int, high: int, octave: int, order: int, out: ptr32):
    """The sum of power * (2**octave / k)**(2 * order) over low <= k < high, order 0, 1 or 2.

    As (out[0] * 2**13 + out[1]) * 16 * 4**out[2].  For order > 0, 2**octave <= low and
    high <= 2**(octave + 1).  Mantissas are aligned to the greatest n: terms under 2**26, at most
    2**11 of them: the upper parts' sum is under 2**24.  With weights r <= 2**15:
    (term >> 11) * r < 2**30, (term & 2047) * r < 2**26.
    """
    top = 0
    for k in range(low, high):
        if keys[k] > top:
            top = keys[k]
    top >>= 26
    upper = 0
    lower = 0
    for k in range(low, high):
        term = keys[k]
        n = top - (term >> 26)
        term = (term & _MANTISSA) >> (n + n)
        if order:
            r = (32768 << octave) // k
            r = (r * r + 16384) >> 15
            if order == 2:
                r = (r * r + 16384) >> 15
            term = ((term >> 11) * r + (((term & 2047) * r) >> 11)) >> 4
        upper += term >> 13
        lower += term & 8191
    out[0] = upper
    out[1] = lower
    out[2] = top


@micropython.viper
def greatest(keys: ptr32, low: int, high: int) -> int:
    """The k of the greatest key in low <= k < high, the first of equals; low if all are 0."""
    best = 0
    at = low
    for k in range(low, high):
        if keys[k] > best:
            best = keys[k]
            at = k
    return at


@micropython.viper
def strongest(keys: ptr32, low: int, high: int, taken: ptr16, count: int) -> int:
    """The k of the greatest local maximum in low <= k < high, 4 bins or more from those taken.

    A local maximum is greater than its left neighbour and no less than its right one.
    taken: uint16[count].  Returns 0 if there is none.
    """
    best = 0
    at = 0
    for k in range(low, high):
        key = keys[k]
        if key > best and key > keys[k - 1] and key >= keys[k + 1]:
            free = 1
            for i in range(count):
                apart = k - taken[i]
                if apart < 4 and apart > -4:
                    free = 0
            if free:
                best = key
                at = k
    return at
