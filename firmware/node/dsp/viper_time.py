"""Viper kernels of the time domain: extent, centring, moments.

Portable over 32 and 64 bits: 16-bit samples are sign-extended by (v ^ 0x8000) - 0x8000, and work
arrays hold biased numbers, so that no word ever has its top bit set.
"""

import micropython
from micropython import const

BIAS = const(1 << 28)  # what work arrays add to each number


@micropython.viper
def extent16(block: ptr16, samples: int, out: ptr32):
    """Sum, least and most of int16[samples]: out[0] * 1024 + out[3], out[1], out[2].

    At most 4096 samples: |sum| <= 2**12 * 2**15 = 2**27.
    """
    total = 0
    least = 32767
    most = -32768
    while samples:
        samples -= 1
        x = (block[samples] ^ 0x8000) - 0x8000
        total += x
        if x < least:
            least = x
        if x > most:
            most = x
    out[0] = total >> 10
    out[1] = least
    out[2] = most
    out[3] = total & 1023


@micropython.viper
def extent24(block: ptr32, samples: int, out: ptr32):
    """The same of int32[samples] whose values have 24 bits with the sign.

    At most 4096 samples: the upper parts' sum is within 2**12 * 2**13, the lower under 2**22.
    """
    upper = 0
    lower = 0
    least = 8388607
    most = -8388608
    for i in range(samples):
        x = ((block[i] & 0xFFFFFF) ^ 0x800000) - 0x800000
        upper += x >> 10
        lower += x & 1023
        if x < least:
            least = x
        if x > most:
            most = x
    out[0] = upper + (lower >> 10)
    out[1] = least
    out[2] = most
    out[3] = lower & 1023


@micropython.viper
def centre16(block: ptr16, samples: int, centre: int, up: int, rest: int, data: ptr32):
    """data[i] = BIAS + (block[i] - centre) * 2**up - rest, of int16[samples].

    The caller picks `up` so that |block[i] - centre| * 2**up <= 2**25, and |rest| <= 2**24 is the
    mean's distance from `centre`: each result is within 2**28 +- 1.5 * 2**25.
    """
    shift = BIAS - rest
    centre += 0x8000
    while samples:
        samples -= 1
        data[samples] = (((block[samples] ^ 0x8000) - centre) << up) + shift


@micropython.viper
def centre24(block: ptr32, samples: int, centre: int, up: int, rest: int, data: ptr32):
    """The same of int32[samples] whose values have 24 bits with the sign."""
    shift = BIAS - rest
    for i in range(samples):
        x = ((block[i] & 0xFFFFFF) ^ 0x800000) - 0x800000
        data[i] = ((x - centre) << up) + shift


@micropython.viper
def moments(data: ptr32, samples: int, out: ptr32):
    """Power sums of e = (data[i] - BIAS) / 2**11, rounded: |e| <= 1.5 * 2**14 < 2**14.6.

    With q = e*e / 2**15 rounded (< 2**14.2): out[0] = sum e, then for e*e, q*e and q*q the sums of
    the products' upper parts (>> 15) and of their lower 15 bits, in out[1..6].
    |e*e| < 2**29.2, |q*e| < 2**28.8, q*q < 2**28.4; at most 4096 = 2**12 of them:
    |upper| < 2**(29.2 - 15 + 12) = 2**26.2, lower < 2**27.
    """
    s1 = 0
    high2 = 0
    low2 = 0
    high3 = 0
    low3 = 0
    high4 = 0
    low4 = 0
    shift = BIAS - 1024
    while samples:
        samples -= 1
        e = (data[samples] - shift) >> 11
        s1 += e
        p = e * e
        high2 += p >> 15
        low2 += p & 32767
        q = (p + 16384) >> 15
        p = q * e
        high3 += p >> 15
        low3 += p & 32767
        p = q * q
        high4 += p >> 15
        low4 += p & 32767
    out[0] = s1
    out[1] = high2
    out[2] = low2
    out[3] = high3
    out[4] = low3
    out[5] = high4
    out[6] = low4
