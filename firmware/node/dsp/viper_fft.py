"""Viper kernels of the transform: Hann window, complex FFT by four, spectrum of real samples.

Numbers are int32 plus BIAS, as in viper_time; a complex one is two of them.  Data use 26 bits and
the sign; twiddles are Q15.  A product is split at bit 13, x = 8192 h + l, so that h * w and l * w
fit into 32 bits and x * w / 2**13 comes out without loss (docs/decisions/0003-kernels.md).

Ranges: centring leaves |x| <= 1.5 * 2**25, so a complex number's modulus is under 2**26.1; each
stage takes the mean of its two or four inputs, turned, and keeps that bound (roundings and |w| up
to 1 + 2**-16 add less than 2**-10 of it).
"""

import micropython
from micropython import const

BIAS = const(1 << 28)


@micropython.viper
def window(data: ptr32, turn: ptr16, samples: int):
    """data[i] *= Hann window, in place.

    h = x >> 12: |h| < 2**13.7, |h * w| < 2**29.7 with w < 2**16; l * w < 2**28.
    """
    quarter = samples >> 2
    bias = BIAS
    data[0] = bias
    last = samples
    for i in range(1, (samples >> 1) + 1):
        last -= 1
        w = turn[i + quarter]
        x = data[i] - bias
        data[i] = (((x >> 12) * w + (((x & 4095) * w) >> 12) + 8) >> 4) + bias
        if last != i:
            x = data[last] - bias
            data[last] = (((x >> 12) * w + (((x & 4095) * w) >> 12) + 8) >> 4) + bias


@micropython.viper
def reorder(data: ptr32, reversal: ptr16, count: int):
    """Swap complex numbers so that each stands at its index with the bits in reverse."""
    for i in range(count):
        j = reversal[i]
        if i < j:
            p = i + i
            q = j + j
            t = data[p]
            data[p] = data[q]
            data[q] = t
            t = data[p + 1]
            data[p + 1] = data[q + 1]
            data[q + 1] = t


@micropython.viper
def pairs(data: ptr32, count: int):
    """The stage of span 1 by two, each result halved.  Sums stay under 2 * BIAS + 2**27.1."""
    bias = BIAS
    for i in range(0, count + count, 4):
        a = data[i]
        b = data[i + 2]
        data[i] = (a + b + 1) >> 1
        data[i + 2] = ((a - b + 1) >> 1) + bias
        a = data[i + 1]
        b = data[i + 3]
        data[i + 1] = (a + b + 1) >> 1
        data[i + 3] = ((a - b + 1) >> 1) + bias


@micropython.viper
def fours_plain(data: ptr32, count: int, span: int):
    """The butterflies of a stage by four whose twiddles are 1, each result quartered.

    The sum of four biased numbers is under 4 * BIAS + 2**28.1 < 2**30.4.
    """
    bias = BIAS
    s = span + span
    i = 0
    while i < count + count:
        # With bits reversed, the second quarter holds the residues 2 and the third the residues 1.
        k = i + s
        j = k + s
        m = j + s
        ur = data[i] + data[k]
        ui = data[i + 1] + data[k + 1]
        wr = data[i] - data[k] + 2
        wi = data[i + 1] - data[k + 1] + 2
        vr = data[j] + data[m]
        vi = data[j + 1] + data[m + 1]
        zr = data[j] - data[m]
        zi = data[j + 1] - data[m + 1]
        data[i] = (ur + vr + 2) >> 2
        data[i + 1] = (ui + vi + 2) >> 2
        data[k] = ((wr + zi) >> 2) + bias
        data[k + 1] = ((wi - zr) >> 2) + bias
        data[j] = ((ur - vr + 2) >> 2) + bias
        data[j + 1] = ((ui - vi + 2) >> 2) + bias
        data[m] = ((wr - zi) >> 2) + bias
        data[m + 1] = ((wi + zr) >> 2) + bias
        i = m + s


@micropython.viper
def fours(data: ptr32, turn: ptr16, count: int, span: int, samples: int):
    """The other butterflies of a stage by four, each result quartered.

    h = x >> 13 has a modulus under 2**13.1 and the twiddle one of 2**15: sums of two products are
    under 2**28.1, those of the lower parts under 2**29 before their shift.  t = 4 w x and 4 x of
    the plain input are under 2**28.2 each, four of them under 2**30.2.
    """
    bias = BIAS
    plain = (BIAS << 2) - 8
    quarter = samples >> 2
    step = samples // (4 * span)
    s = span + span
    end = count + count
    angle = 0
    for first in range(1, span):
        angle += step
        s1 = 32768 - turn[angle]
        c1 = 32768 - turn[angle + quarter]
        s2 = 32768 - turn[angle + angle]
        c2 = 32768 - turn[angle + angle + quarter]
        s3 = 32768 - turn[3 * angle]
        c3 = 32768 - turn[3 * angle + quarter]
        i = first + first
        while i < end:
            k = i + s
            j = k + s
            m = j + s
            r = data[k] - bias
            x = data[k + 1] - bias
            rh = r >> 13
            xh = x >> 13
            r &= 8191
            x &= 8191
            tr = rh * c2 + xh * s2 + ((r * c2 + x * s2) >> 13)
            ti = xh * c2 - rh * s2 + ((x * c2 - r * s2) >> 13)
            r = (data[i] << 2) - plain
            x = (data[i + 1] << 2) - plain
            ur = r + tr
            wr = r - tr
            ui = x + ti
            wi = x - ti
            r = data[j] - bias
            x = data[j + 1] - bias
            rh = r >> 13
            xh = x >> 13
            r &= 8191
            x &= 8191
            vr = rh * c1 + xh * s1 + ((r * c1 + x * s1) >> 13)
            vi = xh * c1 - rh * s1 + ((x * c1 - r * s1) >> 13)
            r = data[m] - bias
            x = data[m + 1] - bias
            rh = r >> 13
            xh = x >> 13
            r &= 8191
            x &= 8191
            tr = rh * c3 + xh * s3 + ((r * c3 + x * s3) >> 13)
            ti = xh * c3 - rh * s3 + ((x * c3 - r * s3) >> 13)
            zr = vr - tr
            vr += tr
            zi = vi - ti
            vi += ti
            data[i] = ((ur + vr) >> 4) + bias
            data[i + 1] = ((ui + vi) >> 4) + bias
            data[k] = ((wr + zi) >> 4) + bias
            data[k + 1] = ((wi - zr) >> 4) + bias
            data[j] = ((ur - vr) >> 4) + bias
            data[j + 1] = ((ui - vi) >> 4) + bias
            data[m] = ((wr - zi) >> 4) + bias
            data[m + 1] = ((wi + zr) >> 4) + bias
            i = m + s


@micropython.viper
def split(data: ptr32, turn: ptr16, samples: int, step: int):
    """The spectrum of real samples from that of its even and odd ones as real and imaginary parts.

    turn: the table of step * samples.
    In place: bins 0 to samples/2 - 1, as the sum divided by samples/2.  With a and b the bins k
    and samples/2 - k: 2E = a + b*, 2O = -j (a - b*), both under 2**27.1; h = 2O >> 13 < 2**14.1;
    sums of two products < 2**29.1, with 4 * 2E < 2**30.1.  Results stay under 2**26.7.
    """
    bias = BIAS
    quarter = samples >> 2
    ahead = quarter * step
    angle = 0
    data[0] = data[0] + data[1] - bias
    data[1] = bias
    last = samples
    k = 0
    for _ in range(quarter):
        last -= 2
        k += 2
        angle += step
        s = 32768 - turn[angle]
        c = 32768 - turn[angle + ahead]
        r = data[k + 1] + data[last + 1] - bias - bias
        x = data[last] - data[k]
        er = ((data[k] + data[last] - bias - bias) << 2) + 4
        ei = ((data[k + 1] - data[last + 1]) << 2) + 4
        rh = r >> 13
        xh = x >> 13
        r &= 8191
        x &= 8191
        tr = rh * c + xh * s + ((r * c + x * s) >> 13)
        ti = xh * c - rh * s + ((x * c - r * s) >> 13)
        data[k] = ((er + tr) >> 3) + bias
        data[k + 1] = ((ei + ti) >> 3) + bias
        data[last] = ((er - tr) >> 3) + bias
        data[last + 1] = ((ti - ei + 8) >> 3) + bias
