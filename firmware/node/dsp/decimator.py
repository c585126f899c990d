"""A streaming FIR decimator, for sensors of one fixed rate: whole-number factors from 2 to 16.

Low-pass of 10 * factor taps (windowed sinc, Kaiser, linear phase).  To 0.3 of the new rate (1 kHz
of 3.33 kHz) it droops by under 0.1 %; what would alias there lies below -60 dB.  The delay is
(10 * factor - 1) / 2 old samples.  Results are rounded to whole digits of 16 bits.
"""

from array import array
from math import pi, sin

import micropython
from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    Block = array[int]

_BETA = 6.2  # Kaiser: -66 dB
_TAPS_EACH = const(10)  # per unit of the factor


@micropython.viper
def filter_axes(
    x: ptr16,
    y: ptr16,
    z: ptr16,
    taps: ptr16,
    half: int,
    step: int,
    count: int,
    out_x: ptr16,
    out_y: ptr16,
    out_z: ptr16,
    at: int,
) -> int:
    """out[at + i] = sum of taps[j] * (x[first + j] + x[last - j]), i < count, j < half.

    x, y, z: int16 plus 32768, from index 0 on, 2 * half of them for a result, the next step
    further; taps: Q15 plus 32768.  Returns how many results ended at a rail.

    Taps of a half sum up to 16384, the positive ones to 20767 and the negative ones to -4383 at
    most (of factor 2).  A sum begins with what all the 32768 add, -2**30, so that it stays within
    -2**30 - 2**17 * 4383 and -2**30 + 2**17 * 20767: under 2**30.7.
    """
    half_digit = 16384
    begin = half_digit - (half_digit << 16)
    clipped = 0
    for i in range(count):
        first = i * step
        last = first + half + half - 1
        a = b = c = begin
        for j in range(half):
            tap = taps[j] - 32768
            a += (x[first] + x[last]) * tap
            b += (y[first] + y[last]) * tap
            c += (z[first] + z[last]) * tap
            first += 1
            last -= 1
        a >>= 15
        b >>= 15
        c >>= 15
        if a > 32767 or b > 32767 or c > 32767 or a < -32768 or b < -32768 or c < -32768:
            clipped += 1
            if a > 32767:
                a = 32767
            if a < -32768:
                a = -32768
            if b > 32767:
                b = 32767
            if b < -32768:
                b = -32768
            if c > 32767:
                c = 32767
            if c < -32768:
                c = -32768
        out_x[at + i] = a
        out_y[at + i] = b
        out_z[at + i] = c
    return clipped


@micropython.viper
def offset_axes(x: ptr16, y: ptr16, z: ptr16, at: int, count: int):
    """Add 32768 to int16 in place: the filter then needs no sign."""
    for i in range(at, at + count):
        x[i] = x[i] ^ 0x8000
        y[i] = y[i] ^ 0x8000
        z[i] = z[i] ^ 0x8000


@micropython.viper
def move_axes(x: ptr16, y: ptr16, z: ptr16, source: int, count: int):
    """Move count items from index source to the begin."""
    for i in range(count):
        k = source + i
        x[i] = x[k]
        y[i] = y[k]
        z[i] = z[k]


def _bessel(x: float) -> float:
    """The modified Bessel function I0."""
    total = term = 1.0
    for k in range(1, 30):
        term *= (x / 2 / k) * (x / 2 / k)
        total += term
    return total


def design(factor: int) -> "array[int]":
    """The first half of the taps in Q15 plus 32768, uint16[5 * factor]; together they sum up to 1.

    Raises ValueError for a factor that is none of 2 to 16.
    """
    if not 2 <= factor <= 16:
        raise ValueError("factor: %r is none of 2 to 16" % (factor,))
    half = _TAPS_EACH * factor // 2
    ideal = []
    for j in range(half):
        t = j - half + 0.5
        edge = t / half
        window = _bessel(_BETA * (1 - edge * edge) ** 0.5) / _bessel(_BETA)
        ideal.append(sin(pi * t / factor) / (pi * t) * window)
    gain = 32768 / (2 * sum(ideal))
    taps = [round(value * gain) for value in ideal]
    taps[half - 1] += 16384 - sum(taps)  # exactly 1 at 0 Hz
    return array("H", [32768 + value for value in taps])


class Decimator:
    """Three axes.  factor: 2 to 16; most: the greatest number of samples filtered at once.

    The caller puts samples into `lines` (int16) from index `kept` on, so that nothing is copied,
    then calls offset() and filter() with their number.
    """

    def __init__(self, factor: int, most: int) -> None:
        self.factor = factor
        self._taps = design(factor)
        self.width = 2 * len(self._taps)  # samples behind one result
        self.kept = 0  # samples in the lines, for results to come
        length = self.width + factor + most
        self.lines = tuple([array("h", bytes(2 * length)) for _ in range(3)])
        self.clipped = 0  # results which the filter's overshoot has brought to a rail

    @property
    def delay_samples(self) -> float:
        """Between a sample and its result, in old samples."""
        return (self.width - 1) / 2

    def reset(self) -> None:
        """Forget what was in the lines: a new run begins."""
        self.kept = self.clipped = 0

    def offset(self, count: int) -> None:
        """Of count new int16 in each line: add 32768."""
        x, y, z = self.lines
        offset_axes(x, y, z, self.kept, count)

    def filter(self, count: int, blocks: "tuple[Block, ...]", at: int) -> int:
        """Of count new samples, with their offset: results into blocks (int16) from index at on.

        Returns how many; the first needs 10 * factor samples.  Raises ValueError where lines or
        blocks are short.
        """
        x, y, z = self.lines
        out_x, out_y, out_z = blocks
        kept = self.kept + count
        if kept > len(x):
            raise ValueError(
                "count: %d samples; the lines hold %d more" % (count, len(x) - self.kept)
            )
        ready = (kept - self.width) // self.factor + 1 if kept >= self.width else 0
        if at + ready > len(out_x):
            raise ValueError("blocks: of %d; %d results at %d need more" % (len(out_x), ready, at))
        if ready:
            half, step = self.width // 2, self.factor
            self.clipped += filter_axes(
                x, y, z, self._taps, half, step, ready, out_x, out_y, out_z, at
            )
            kept -= ready * step
            move_axes(x, y, z, ready * step, kept)
        self.kept = kept
        return ready
