"""The host's clock beside the simulated one, for boards that live in real time."""

import utime

# The simulated clock may be so far ahead of the host's.  A host sleeps for some 60 us longer than
# it is told: to wait for every byte on a bus would slow the bus down.
_AHEAD_US = 1000


class Pacer:
    """Real microseconds since the start, and waits for them."""

    def __init__(self) -> None:
        self._ticks = utime.ticks_us()
        self._now_us = 0

    def now_us(self) -> int:
        """Real microseconds since the start."""
        ticks = utime.ticks_us()
        self._now_us += utime.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_us

    def wait_until_us(self, instant_us: int) -> None:
        """Wait until the host's clock is at an instant, or as good as there."""
        ahead_us = instant_us - self.now_us()
        if ahead_us > _AHEAD_US:
            utime.sleep_us(ahead_us)
