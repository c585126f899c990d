"""The definitions of the envelope in plain Python, from docs/decisions/0012; signals."""

import math
from array import array

BANDS = ((512, 1024), (1024, 1024), (256, 512), (768, 512), (1280, 512))


def noise(count, most, seed=1):
    """count whole numbers from -most to most, the same on every runtime."""
    values = []
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        values.append(((seed >> 8) * (2 * most + 1) >> 23) - most)
    return values


def bearing(samples, turns, order, seed, size=2000, level=400):
    """int16[samples]: `turns` of a shaft, a ring at each `order` of a turn, over noise.

    The ring lies in the first band.
    """
    values, ring, struck = noise(samples, level, seed), 0.0, -1
    for i in range(samples):
        now = int(turns * order * i / samples + 0.37 * seed)
        if now != struck:
            struck, ring = now, float(size)
        values[i] += int(ring * math.sin(2 * math.pi * 0.25 * i + 0.4))
        values[i] += int(1000 * math.sin(2 * math.pi * turns * i / samples))
        ring *= 0.9
    return array("h", values)


def fft(values, sign=-1):
    """By two, recursively; values: complex, a power of two of them."""
    count = len(values)
    if count == 1:
        return list(values)
    even, odd = fft(values[::2], sign), fft(values[1::2], sign)
    out = [0j] * count
    for k in range(count // 2):
        angle = sign * 2 * math.pi * k / count
        part = complex(math.cos(angle), math.sin(angle)) * odd[k]
        out[k], out[k + count // 2] = even[k] + part, even[k] - part
    return out


def powers(values):
    """|FFT(w v)|**2 of the lower half, w the periodic Hann window."""
    count = len(values)
    windowed = [
        complex(values[i] * (0.5 - 0.5 * math.cos(2 * math.pi * i / count)), 0.0)
        for i in range(count)
    ]
    return [z.real * z.real + z.imag * z.imag for z in fft(windowed)[: count // 2]]


def spectra(block, band=0):
    """Of one block: |E|**2 of each band, A**2 of the envelope of `band`, |V|**2, levels."""
    count = len(block)
    mean = sum(block) / count
    x = [value - mean for value in block]
    bins = fft([complex(value, 0.0) for value in x])
    found, amplitude, levels = [], None, []
    for slot, (first, wide) in enumerate(BANDS):
        first, wide = first * count // 4096, wide * count // 4096
        e = [2.0 / count * abs(z) for z in fft(bins[first : first + wide], 1)]
        level = sum(e) / wide
        levels.append(level)
        logs = [math.log(max(value, level / 64)) for value in e]
        middle = sum(logs) / wide
        found.append(powers([value - middle for value in logs]))
        if slot == band:
            amplitude = [16.0 / wide / wide * p for p in powers([value - level for value in e])]
    levels.append(sum([value * value for value in x]) / count)
    return found + [amplitude, powers(x), levels]


def totals(blocks, band=0):
    """The sums of spectra() over blocks."""
    total = None
    for block in blocks:
        found = spectra(block, band)
        if total is None:
            total = found
        else:
            total = [[a + b for a, b in zip(x, y)] for x, y in zip(total, found)]  # noqa: B905
    return total


def score(total, place):
    """S of an order whose first harmonic is at `place` bins."""
    s = 0.0
    for slot in range(5):
        e = [math.sqrt(p) for p in total[slot]]
        for h in (1, 2, 3):
            p = h * place
            u = max(0.6, 0.01 * p)
            low, high = max(2, math.ceil(p - u)), math.floor(p + u)
            beside = [k for k in range(low - 11, low - 1) if k >= 2]
            beside += [k for k in range(high + 2, high + 12) if k < len(e)]
            around = sorted([e[k] for k in beside])
            n = len(around)
            median = 0.5 * (around[(n - 1) // 2] + around[n // 2])
            s += math.log(max(e[low : high + 1]) / median)
    return s / 15


def amplitude(total, place, blocks):
    """A_k of the envelope, digits."""
    u = max(0.6, 0.01 * place)
    low, high = max(2, math.ceil(place - u)), math.floor(place + u)
    return math.sqrt(max(total[5][low : high + 1]) / blocks)
