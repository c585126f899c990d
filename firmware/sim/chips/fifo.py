"""The ADXL345's FIFO: which samples wait, by their number.  Data sheet rev. G, "FIFO"."""

from array import array

BYPASS, FIFO_MODE, STREAM, TRIGGER = 0, 1, 2, 3  # FIFO_CTL D7…D6


class Fifo:
    """32 levels; in stream mode the output filter holds one more (FIFO_STATUS: up to 33)."""

    LEVELS = 32
    _HOLDS = 33

    def __init__(self) -> None:
        self.mode = BYPASS
        self.count = 0
        self._numbers = array("i", [0] * self._HOLDS)
        self._first = 0
        self._triggered = False

    def set_mode(self, mode: int) -> None:
        """Bypass empties it; between the others the contents stay."""
        self.mode = mode
        self._triggered = False
        if mode == BYPASS:
            self.count = 0

    def push(self, first: int, end: int) -> bool:
        """The chip has made samples first…end - 1.  True if that filled the FIFO."""
        stops = self.mode == FIFO_MODE or self._triggered
        if stops:
            end = min(end, first + self.LEVELS - self.count)
        else:
            dropped = self.count + end - first - self._HOLDS
            if dropped > 0:  # the oldest make room, and of the new ones only the last fit
                gone = min(dropped, self.count)
                self._first = (self._first + gone) % self._HOLDS
                self.count -= gone
                first = max(first, end - self._HOLDS)
        for number in range(first, end):
            self._numbers[(self._first + self.count) % self._HOLDS] = number
            self.count += 1
        return self.count >= self.LEVELS

    def pop(self) -> int:
        """The number of the oldest sample.  The FIFO is not empty."""
        number = self._numbers[self._first]
        self._first = (self._first + 1) % self._HOLDS
        self.count -= 1
        return number

    def trigger(self, keep: int) -> None:
        """Trigger mode: keep the last samples, and go on until full."""
        if self.mode == TRIGGER and not self._triggered:
            self._triggered = True
            gone = max(0, self.count - keep)
            self._first = (self._first + gone) % self._HOLDS
            self.count -= gone
