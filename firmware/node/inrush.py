"""Inrush of a motor or a supply: how high its current goes at the switch-on, and how long."""

from array import array
from math import sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.dsp import Samples

KEYS = ("cur_inrush_a", "cur_inrush_ms")

_BEGIN_PART = 0.1  # of the peak: the switch-on
_OVER = 1.1  # times the last cycles' RMS: still inrush
_LAST = 3  # cycles that say what the current settles at
_SETTLED = 0.1  # and may differ by so much
_PEAK_OVER_NOISE = 10.0
_HALF_DIGIT = 0.28867513


class Inrush:
    """samples: the most in a record, 64 or more; a row of cycles is all it keeps."""

    def __init__(self, samples: int) -> None:
        if not 64 <= samples <= 1 << 20:
            raise ValueError("samples: %r is not from 64 to 1048576" % (samples,))
        self.samples = samples
        self._squares = array("f", bytes(4 * (samples // 8 + 1)))

    def compute(
        self,
        block: "Samples",
        a_per_digit: float,
        rate_hz: float,
        line_hz: float,
        keys: "tuple[str, ...]",
        out: "dict[str, float]",
        withheld: "dict[str, str]",
        noise_a: "float | None" = None,
    ) -> None:
        """Fill `out` and `withheld`, each key into one of them.

        block: int16, of a record that begins before the switch-on; line_hz: nominal, 50 or 60:
        cycles are whole samples long; noise_a: RMS with the clamp open.
        Raises ValueError for what cannot work.
        """
        cycle = int(rate_hz / line_hz + 0.5) if 0 < line_hz < rate_hz else 0
        if cycle < 8 or a_per_digit == 0 or not abs(a_per_digit) < 1e6:
            raise ValueError(
                "rate_hz, line_hz, a_per_digit: %r, %r, %r" % (rate_hz, line_hz, a_per_digit)
            )
        if not 64 <= len(block) <= self.samples:
            raise ValueError("block: %d samples, not 64 to %d" % (len(block), self.samples))
        for key in keys:
            if key not in KEYS:
                raise ValueError("%r is none of %s" % (key, ", ".join(KEYS)))
        out.clear()
        withheld.clear()
        scale = abs(a_per_digit)
        peak_a, milliseconds, reasons = self._found(
            block, cycle, max(noise_a or 0.0, _HALF_DIGIT * scale) / scale
        )
        for key, value, unit in (
            (KEYS[0], peak_a, scale),
            (KEYS[1], milliseconds, 1e3 / rate_hz),
        ):
            if key not in keys:
                continue
            if value is None:
                withheld[key] = reasons[0] if key == KEYS[0] else reasons[1]
            else:
                out[key] = value * unit

    def _found(
        self, block: "Samples", cycle: int, noise: float
    ) -> "tuple[float | None, float | None, tuple[str, str]]":
        """Peak in digits, duration in samples, and the reasons where they are None."""
        count = len(block)
        cycles = count // cycle
        if cycles < _LAST + 1:
            return None, None, ("too_short", "too_short")
        # About the mean of the last whole cycles: a clamp shows no other rest.
        tail = count - _LAST * cycle
        rest = 0
        for i in range(tail, count):
            rest += block[i]
        middle = rest / (count - tail)
        peak, at = 0.0, 0
        for i in range(count):
            away = abs(block[i] - middle)
            if away > peak:
                peak, at = away, i
        if peak < _PEAK_OVER_NOISE * noise:
            return None, None, ("no_start", "no_start")
        begin = 0
        while abs(block[begin] - middle) < _BEGIN_PART * peak:
            begin += 1
        if begin < cycle // 2:
            return None, None, ("no_start", "no_start")  # it ran already
        # Cycle by cycle from the end on, so that the last ones are whole.
        squares = self._squares
        for k in range(cycles):
            total = 0.0
            for i in range(count - (k + 1) * cycle, count - k * cycle):
                away = block[i] - middle
                total += away * away
            squares[k] = total / cycle
        most = max([squares[k] for k in range(_LAST)])
        least = min([squares[k] for k in range(_LAST)])
        if begin > tail or sqrt(most) > (1.0 + _SETTLED) * sqrt(least) or at >= tail:
            return peak, None, ("", "too_short")
        steady = (squares[0] + squares[1] + squares[2]) / _LAST
        k = _LAST
        while k < cycles and squares[k] < _OVER * _OVER * steady:
            k += 1
        end = count - k * cycle
        return peak, float(max(0, end - begin)), ("", "")
