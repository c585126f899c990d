"""Where a current is switched on, how high it goes and when it has settled, in digits."""

from array import array
from math import ceil, floor, sqrt

from micropython import const

from node.dsp import viper_mains, viper_time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.dsp import Samples

_BEGIN_PART = 0.1  # of the peak: the switch-on
_OVER = 1.1  # times the last cycles' RMS: still inrush
_LAST = const(3)  # cycles that say what the current settles at
_SETTLED = 0.1  # and may differ by so much
_PEAK_OVER_NOISE = 10.0


class SwitchOn:
    """samples: the most in a record.  Viper, on any backend."""

    def __init__(self, samples: int) -> None:
        self._squares = array("i", bytes(4 * (samples // 8 + 1)))
        self._out = array("i", bytes(4 * 4))

    def found(
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
        viper_time.extent16(block, count, self._out)
        least, most = self._out[1], self._out[2]
        peak = max(most - middle, middle - least)
        if peak < _PEAK_OVER_NOISE * noise:
            return None, None, ("no_start", "no_start")
        reach = _BEGIN_PART * peak
        low, high = floor(middle - reach) + 1, ceil(middle + reach) - 1
        begin = viper_mains.first_beyond(block, count, low, high)
        if begin < cycle // 2:
            return None, None, ("no_start", "no_start")  # it ran already
        centre, up = int(middle + 65536.5) - 65536, 0
        while int(peak + 1.0) << (up + 1) <= 1 << 16:
            up += 1
        # Whole cycles from the record's end back, so that the last ones are whole.
        squares, first = self._squares, count - cycles * cycle
        viper_mains.cycles(block, first, cycle, cycles, centre + 32768, up, squares)
        last = [squares[k] for k in range(cycles - _LAST, cycles)]
        settled = sqrt(max(last)) <= (1.0 + _SETTLED) * sqrt(min(last))
        if begin > tail or not settled:
            return peak, None, ("", "too_short")
        limit = _OVER * _OVER * sum(last) / _LAST
        k = cycles - _LAST
        while k > 0 and squares[k - 1] < limit:
            k -= 1
        end = first + k * cycle if k else 0
        return peak, float(max(0, end - begin)), ("", "")
