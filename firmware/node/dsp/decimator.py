"""A streaming FIR decimator, for sensors of one fixed rate: whole-number factors from 2 to 16.

Low-pass of 10 * factor taps (windowed sinc, Kaiser, linear phase).  To 0.3 of the new rate (1 kHz
of 3.33 kHz) it droops by under 0.1 %; what would alias there lies below -60 dB.  The delay is
(10 * factor - 1) / 2 old samples.  Results are wide (int32 of 24 bits, 1/256 digit) or rounded to
whole digits of 16 bits.
"""

from array import array
from math import pi, sin

import micropython

_BETA = 6.2  # Kaiser: -66 dB
_TAPS_EACH = 10  # per unit of the factor


@micropython.viper
def filter16(line: ptr16, taps: ptr16, half: int, step: int, count: int, out: ptr32, at: int):
    """out[at + i] = 256 * sum of taps[j] * (x[first + j] + x[last - j]), i < count, j < half.

    line: int16 plus 32768, from index 0 on, 2 * half of them for a result, the next step further;
    taps: Q15 plus 32768.  |sum of two| <= 2**16, and |taps| of a half sum up to 25150 at
    most, of factor 2: sums of products stay below 2**30.7.
    """
    for i in range(count):
        first = i * step
        last = first + half + half - 1
        total = 64
        for j in range(half):
            total += (line[first] + line[last] - 0x10000) * (taps[j] - 32768)
            first += 1
            last -= 1
        x = total >> 7
        if x > 8388607:
            x = 8388607
        if x < -8388608:
            x = -8388608
        out[at + i] = x


@micropython.viper
def filter16_to_16(
    line: ptr16, taps: ptr16, half: int, step: int, count: int, out: ptr16, at: int
) -> int:
    """As filter16, rounded to whole digits; returns how many results ended at a rail."""
    clipped = 0
    for i in range(count):
        first = i * step
        last = first + half + half - 1
        total = 16384
        for j in range(half):
            total += (line[first] + line[last] - 0x10000) * (taps[j] - 32768)
            first += 1
            last -= 1
        x = total >> 15
        if x > 32767:
            x = 32767
            clipped += 1
        if x < -32768:
            x = -32768
            clipped += 1
        out[at + i] = x
    return clipped


@micropython.viper
def offset16(line: ptr16, at: int, count: int):
    """Add 32768 to int16 in place: the filters then need no sign."""
    for i in range(at, at + count):
        line[i] = line[i] ^ 0x8000


@micropython.viper
def move16(line: ptr16, source: int, count: int):
    """Move count items from index source to the begin."""
    for i in range(count):
        line[i] = line[source + i]


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
    """One axis.  factor: 2 to 16; most: the greatest number of samples filtered at once.

    narrow: results are int16 of whole digits, not int32 of 1/256 digit; taps: of another one of
    this factor, which they share.

    A caller may save itself the copy of push(): it fills `line` from index `kept` on with int16,
    then calls offset() and filter() with their number.
    """

    def __init__(
        self, factor: int, most: int, narrow: bool = False, taps: "array[int] | None" = None
    ) -> None:
        self.factor = factor
        self.taps = design(factor) if taps is None else taps
        self.width = 2 * len(self.taps)  # samples behind one result
        self.kept = 0  # samples in the line, for results to come
        self.line = array("h", bytes(2 * (self.width + factor + most)))
        self._narrow = narrow
        self._clipped = 0

    @property
    def delay_samples(self) -> float:
        """Between a sample and its result, in old samples."""
        return (self.width - 1) / 2

    def reset(self) -> None:
        """Forget what was pushed: a new record begins."""
        self.kept = self._clipped = 0

    def take_clipped(self) -> int:
        """How many narrow results ended at a rail, by overshoot, since this was last asked."""
        clipped, self._clipped = self._clipped, 0
        return clipped

    def push(self, chunk: "array[int]", count: int, out: "array[int]", at: int) -> int:
        """Filter int16[count] into out from index at on; returns how many came out.

        The first result needs 10 * factor samples.  Raises ValueError where chunk or out is short.
        """
        line, kept = self.line, self.kept
        if count > len(chunk) or kept + count > len(line):
            raise ValueError("chunk: %d samples are more than it or the line holds" % count)
        for i in range(count):
            line[kept + i] = chunk[i]
        self.offset(count)
        return self.filter(count, out, at)

    def offset(self, count: int) -> None:
        """Of count int16 in the line, from `kept` on: add 32768 to each."""
        offset16(self.line, self.kept, count)

    def filter(self, count: int, out: "array[int]", at: int) -> int:
        """Of count samples more in the line, with their offset: as push()."""
        width, factor = self.width, self.factor
        kept = self.kept + count
        if kept > len(self.line):
            raise ValueError("count: %d samples are more than the line holds" % count)
        ready = (kept - width) // factor + 1 if kept >= width else 0
        if at + ready > len(out):
            raise ValueError("out: no room for %d results at %d" % (ready, at))
        if ready:
            half = width // 2
            if self._narrow:
                self._clipped += filter16_to_16(self.line, self.taps, half, factor, ready, out, at)
            else:
                filter16(self.line, self.taps, half, factor, ready, out, at)
            kept -= ready * factor
            move16(self.line, ready * factor, kept)
        self.kept = kept
        return ready
