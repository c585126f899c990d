"""Viper kernels of the power spectrum: keys, sums over bands, the strongest lines.

A key is a power as a number that compares like one: key = n * 2**26 + m stands for
m * 16 * 4**(n - 8), with 2**24 <= m < 2**26 (less only where n is 0).  It holds 15 bits of the
amplitude of whatever size, and fits into 31 bits without the sign.
"""

import micropython
from micropython import const

BIAS = const(1 << 28)
_MANTISSA = const((1 << 26) - 1)


@micropython.viper
def word(data: ptr32, k: int) -> int:
    """data[k], whatever the elements of its array are; from 0 to 2**31 - 1."""
    return data[k]


@micropython.viper
def power(data: ptr32, bins: int):
    """Turn complex bins (data[2k] + j data[2k+1], biased) into keys of their power, in data[k].

    Parts are under 2**27.  Shifted until the greater one has 15 bits (to the left by 8 at most),
    the sum of their squares is under 2**31; from 2**30 on it is quartered, n one more.
    n <= 8 + 12 + 1, key < 22 * 2**26 < 2**31.
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
        if m < 16384:
            while m < 16384 and n < 8:
                m += m
                n += 1
            r <<= n
            x <<= n
            n = 8 - n
        else:
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
            n += 8
        p = r * r
        # The sum could reach 2**31: add quarters of it instead.
        p = (p >> 2) + ((x * x) >> 2)
        if p >= 268435456:
            n += 1
            data[k] = (n << 26) + (p >> 4)
        else:
            data[k] = (n << 26) + (p >> 2)


@micropython.viper
def total(keys: ptr32, low: int, high: int, out: ptr32):
    """The sum of power over low <= k < high, as (out[0] * 2**13 + out[1]) * 16 * 4**(out[2] - 8).

    Mantissas are aligned to the greatest n: terms under 2**26, at most 2**11 of them: the sum of
    their upper parts is under 2**24, that of the lower ones too.
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
        if n < 14:
            term = (term & _MANTISSA) >> (n + n)
            upper += term >> 13
            lower += term & 8191
    out[0] = upper
    out[1] = lower
    out[2] = top


@micropython.viper
def integrals(keys: ptr32, low: int, high: int, out: ptr32):
    """The sums of power / k**2 and of power / k**4 over low <= k < high, low >= 1.

    As (out[0] * 2**13 + out[1]) * 16 * 4**(out[2] - 8), and the same of out[3..5].
    k = 2**octave / r, so that 1 / k**2 = r**2 / 4**octave: r < 2**15 is a fraction of 15 bits, and
    the octave counts against n.  Terms are under 2**26 and aligned to the greatest exponent:
    (term >> 11) * r < 2**30, (term & 2047) * r < 2**26; sums as in total().
    """
    octave = 0
    while (2 << octave) <= low:
        octave += 1
    first = octave
    end = 2 << octave
    top1 = -64
    top2 = -64
    for k in range(low, high):
        if k == end:
            octave += 1
            end += end
        n = (keys[k] >> 26) - octave
        if n > top1:
            top1 = n
        n -= octave
        if n > top2:
            top2 = n
    octave = first
    end = 2 << octave
    upper1 = 0
    lower1 = 0
    upper2 = 0
    lower2 = 0
    for k in range(low, high):
        if k == end:
            octave += 1
            end += end
        term = keys[k]
        n = (term >> 26) - octave
        term &= _MANTISSA
        r = (32768 << octave) // k
        r = (r * r + 16384) >> 15
        term = ((term >> 11) * r + (((term & 2047) * r) >> 11)) >> 4
        by = top1 - n
        if by < 14:
            t = term >> (by + by)
            upper1 += t >> 13
            lower1 += t & 8191
        by = top2 - n + octave
        if by < 14:
            t = (((term >> 11) * r + (((term & 2047) * r) >> 11)) >> 4) >> (by + by)
            upper2 += t >> 13
            lower2 += t & 8191
    out[0] = upper1
    out[1] = lower1
    out[2] = top1
    out[3] = upper2
    out[4] = lower2
    out[5] = top2


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
    while low < high:
        key = keys[low]
        if key > best and key > keys[low - 1] and key >= keys[low + 1]:
            free = 1
            for i in range(count):
                apart = low - taken[i]
                if apart < 4 and apart > -4:
                    free = 0
            if free:
                best = key
                at = low
        low += 1
    return at
