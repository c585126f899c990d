"""Round numbers along an axis."""

import math
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Axis:
    """From low to high, in the unit of what is plotted; ticks at multiples of step."""

    low: float
    high: float
    step: float

    def share(self, value: float) -> float:
        """Where a value lies, 0 at low to 1 at high."""
        return (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        slack = 1e-9 * (self.high - self.low)
        first = math.ceil((self.low - slack) / self.step)
        last = math.floor((self.high + slack) / self.step)
        return [index * self.step for index in range(first, last + 1)]

    def text(self, value: float) -> str:
        """A tick's label, with the decimals of the step and a true minus."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if abs(value) < self.step / 2:
            return "0"
        return f"{value:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def axis(low: float, high: float, about: int) -> Axis:
    """From low to high as given, with about that many intervals between round numbers.

    low < high, both finite; about >= 1.
    """
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min(_STEPS, key=lambda s: abs(math.log(s * power / rough))) * power
    return Axis(low, high, step)
