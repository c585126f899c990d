"""The engine of an accelerometer that watches for motion by itself."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Feel = Callable[[int], tuple[float, float, float]]

ABSOLUTE = (0.0, 0.0)  # keep and gain of no filter: gravity counts
DIFFERENCE = (0.0, 1.0)  # from the sample before
REFERENCE = (1.0, 1.0)  # from the first sample


def high_pass(per_odr: float) -> "tuple[float, float]":
    """keep and gain of a first-order high-pass; per_odr: its corner, as a share of the rate."""
    keep = 1 / (1 + 6.283185 * per_odr)
    return keep, keep


class Motion:
    """Finds the samples at which an axis exceeds a threshold behind y = keep y + gain (x - x').

    filtered: keep and gain; every: so many samples are one of the engine's; first: the sample at
    which it begins; settled: its filter begins with what is felt then, and not with 0; count: so
    many samples in a row exceed it.
    """

    def __init__(
        self,
        filtered: "tuple[float, float]",
        threshold_g: float,
        every: int = 1,
        settled: bool = True,
        count: int = 1,
    ) -> None:
        self.found = -1  # the sample that exceeded it, until it is taken
        self.next = 0  # the sample to look at
        self._keep, self._gain = filtered
        self._threshold_g, self._every, self._count = threshold_g, every, count
        self._before = None if settled else (0.0, 0.0, 0.0)
        self._y = [0.0, 0.0, 0.0]
        self._above = 0

    def look(self, feel: "Feel", until: int) -> None:
        """Look at the samples before until, as far as one that exceeds the threshold."""
        while self.next < until and self.found < 0:
            x = feel(self.next)
            if self._exceeds(x):
                self._above += 1
                if self._above >= self._count:
                    self.found = self.next
            else:
                self._above = 0
            self._before = x
            self.next += self._every

    def _exceeds(self, x: "tuple[float, float, float]") -> bool:
        before = self._before or x
        exceeds = False
        for axis in range(3):
            y = x[axis]
            if self._gain:
                y = self._keep * self._y[axis] + self._gain * (x[axis] - before[axis])
                self._y[axis] = y
            exceeds = exceeds or abs(y) > self._threshold_g
        return exceeds
