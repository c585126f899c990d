"""The shaft speed from one spectrum, with a confidence: the fundamental that explains most lines.

Candidates are the strongest lines and their halves and thirds.  A candidate scores, for each of
its first harmonics, how far the greatest bin near it stands above its surroundings, in factors of
ten of the power and four at most, the first harmonic counting double.

How far off it may be: a line stands within three bins times the amplitude around it over its own,
or as far as its two sides disagree; of the n-th harmonic it is the n-th part, and how far that
stands beside the estimate.  The harmonic that tells most counts (docs/decisions/0029-speed.md).
"""

from array import array
from math import log, sqrt

from micropython import const

from node import spectrum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.spectrum import Kernels

LINES, HARMONICS = 8, 5

_MOST = 4.0  # a harmonic's score, factors of ten
_SURROUNDINGS = const(8)  # bins on each side
_CLEAR = 100.0  # power over its surroundings', from which a line tells the speed
_ERROR = 3.0  # bins, where a line is as high as its surroundings


class Estimator:
    """Work space for estimates of any record length."""

    def __init__(self) -> None:
        self._found = array("H", bytes(2 * LINES))
        self._at = 0  # of the harmonic that was looked at last: its bin, power, surroundings'
        self._peak = self._floor = 0.0
        self.error = 1.0  # relative, of the last estimate

    def estimate(
        self,
        kernels: "Kernels",
        bin_hz: float,
        range_hz: "tuple[float, float]",
        least: float = 0.0,
    ) -> "tuple[float, float]":
        """(Hz, confidence from 0 to 1); (0.0, 0.0) where no line fits into range_hz.

        The confidence is the score's share of the possible, less what the best rival has of it: a
        rival is a candidate which is no multiple or part of the best one.  Writes `error`.
        least: in digits; what is left of it beside stronger lines rounding puts where it likes.
        """
        self.error = 1.0
        half = kernels.samples // 2
        # A shaft turns four times in a record at least, and its lines lie low: so is the search.
        low_hz = max(range_hz[0], 4.0 * bin_hz)
        high = min(half - 2, spectrum.nearest(HARMONICS * range_hz[1] / bin_hz) + 2)
        if high <= 4:
            return 0.0, 0.0
        count = kernels.lines(3, high, self._found, LINES)
        best_hz, best, rival = 0.0, 0.0, 0.0
        scores = []
        for i in range(count):
            place, amplitude = spectrum.line(kernels, self._found[i])
            if amplitude < least:
                continue
            hertz = place * bin_hz
            for part in (1, 2, 3):
                if low_hz <= hertz / part <= range_hz[1]:
                    score = self._score(kernels, hertz / part / bin_hz)
                    scores.append((score, hertz / part))
                    if score > best:
                        best, best_hz = score, hertz / part
        if not best:
            return 0.0, 0.0
        for score, hertz in scores:
            ratio = max(hertz, best_hz) / min(hertz, best_hz)
            if abs(ratio - spectrum.nearest(ratio)) > 0.05 * ratio and score > rival:
                rival = score
        self.error = self._error(kernels, best_hz / bin_hz)
        whole = _MOST * (HARMONICS + 1)
        return best_hz, min(1.0, 2.0 * best / whole) * (1.0 - 0.5 * rival / best)

    def _score(self, kernels: "Kernels", place: float) -> float:
        """How much of the spectrum's lines a shaft at this place (in bins) explains."""
        total = 0.0
        for n in range(1, HARMONICS + 1):
            if not self._look(kernels, n * place):
                break
            peak, floor = self._peak, self._floor
            if floor > 0.0 and peak > floor:
                score = min(_MOST, log(peak / floor) / log(10.0))
            else:
                score = _MOST if peak > floor else 0.0
            total += 2.0 * score if n == 1 else score
        return total

    def _error(self, kernels: "Kernels", place: float) -> float:
        """The relative uncertainty of a shaft's place (in bins), 1 where no line is clear."""
        error = 1.0
        for n in range(1, HARMONICS + 1):
            if not self._look(kernels, n * place):
                break
            if self._peak > _CLEAR * self._floor:
                away = abs(spectrum.line(kernels, self._at)[0] - n * place)
                away += max(_ERROR * sqrt(self._floor / self._peak), self._askew(kernels))
                error = min(error, away / (n * place))
        return error

    def _askew(self, kernels: "Kernels") -> float:
        """By how many bins the two sides of the line disagree: another one may be next to it."""
        peak = sqrt(self._peak)
        left = sqrt(kernels.power(self._at - 1)) / peak
        right = sqrt(kernels.power(self._at + 1)) / peak
        return abs((2.0 * right - 1.0) / (1.0 + right) - (1.0 - 2.0 * left) / (1.0 + left))

    def _look(self, kernels: "Kernels", place: float) -> bool:
        """Find the greatest bin near a place, and what surrounds it; False beyond the spectrum."""
        at = spectrum.nearest(place)
        if at + _SURROUNDINGS + 3 > kernels.samples // 2:
            return False
        self._at = kernels.greatest(max(at - 1, 1), at + 2)
        self._peak = kernels.power(self._at)
        low = max(at - _SURROUNDINGS, 2)
        around = kernels.power_sum(low, at - 2) if low < at - 2 else 0.0
        around += kernels.power_sum(at + 3, at + _SURROUNDINGS + 1)
        self._floor = around / (max(at - 2 - low, 0) + _SURROUNDINGS - 2)
        return True
