"""Converters that give a sample when they are asked: a program has to be in time.

The samples are taken on a grid of the node's own clock, all inputs one after the other at each of
its points.  How far they were off it is measured, and goes with the record.
"""

import time
from array import array

from micropython import const

from node.drivers import input_kernels

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.inputs import Samples, Take

_CRYSTAL_PPM = 50.0  # of boards, of which few state it
# What is later counts as this late: two sums of squares stay small integers.
_MOST_LATE_US = const(4095)
_HALF = const(2)


class Polled:
    """A driver overrides frame(blocks, i), least_us(inputs), and what configure() says."""

    rate_ppm = _CRYSTAL_PPM
    bandwidth_hz = 1e6  # without a filter of its own
    averaged_us: float = 0  # over which a sample is the mean of its input
    still_samples = 65_536  # so many equal ones in a row: it is stuck; more than any record has

    def __init__(self, clock: "Any" = None) -> None:
        """clock: ticks_us, ticks_diff, sleep_us, as in module time."""
        self._clock = time if clock is None else clock
        self._found = array("i", [0, 0])
        self.owner: "Any" = None  # of a record that runs by itself: none does
        self._samples = self._period_us = self._runs = 0
        self._inputs: "Any" = ()
        self.rails = (0, 0)
        self.rate_hz: float = 0
        self.volts_per_digit: float = 0

    def frame(self, blocks: "tuple[Samples, ...]", i: int) -> None:
        """Sample i of each input into its block.  Raises OSError."""
        raise NotImplementedError

    def least_us(self, inputs: int) -> float:
        """What all inputs take, one after the other, at least."""
        raise NotImplementedError

    def reserve(self, inputs: int, samples: int, room: "Any" = None) -> None:
        """It takes samples into the blocks: there is nothing to make room for."""

    def per_digit(self, number: int) -> float:  # noqa: ARG002
        """Volts a digit of an input."""
        return self.volts_per_digit

    def _set_grid(self, rate_hz: float, samples: int, inputs: "Any") -> None:
        """A whole number of microseconds nearest to the rate.  Raises ValueError(key, …)."""
        period_us = round(1e6 / rate_hz)
        least_us = self.least_us(len(inputs))
        if period_us < least_us:
            raise ValueError("rate_hz", rate_hz, "at most %d" % (1e6 / least_us))
        self._period_us, self._samples, self._inputs = period_us, samples, inputs
        self.rate_hz = 1e6 / period_us

    def begin(self) -> None:
        """finish() takes the samples."""

    def left_us(self) -> int:
        return 0

    def stop(self) -> None:
        """Nothing runs."""

    def finish(
        self,
        blocks: "tuple[Samples, ...]",
        take: "Take",
        again: bool = False,  # noqa: ARG002
    ) -> None:
        """Take the record: nothing else runs meanwhile.  No heap but the port's own.

        Raises OSError; ValueError where the inputs take longer than the rate allows.
        """
        clock = self._clock
        ticks_us, ticks_diff, sleep_us = clock.ticks_us, clock.ticks_diff, clock.sleep_us
        period_us, half_us = self._period_us, self._period_us // _HALF
        gaps = busy_us = total_us = high = low = due_us = 0
        self._runs += 1
        self.frame(blocks, 0)  # what the first one costs alone: caches, a chip that wakes
        begin_ticks = ticks_us()
        for i in range(self._samples):
            wait_us = due_us - ticks_diff(ticks_us(), begin_ticks)
            if wait_us > 0:
                sleep_us(wait_us)
            at_us = ticks_diff(ticks_us(), begin_ticks)
            self.frame(blocks, i)
            busy_us += ticks_diff(ticks_us(), begin_ticks) - at_us
            late_us = at_us - due_us
            if late_us > half_us:
                gaps += 1
            if late_us > _MOST_LATE_US:
                late_us = _MOST_LATE_US
            total_us += late_us
            square = late_us * late_us
            high += square >> 10
            low += square & 1023
            due_us += period_us
        self._tell(take, gaps, busy_us, total_us, high * 1024.0 + low)
        self._look(blocks, take)

    def _tell(self, take: "Take", gaps: int, busy_us: int, total_us: int, squares: float) -> None:
        samples, inputs = self._samples, len(self._inputs)
        each_us = busy_us / samples
        if each_us > self._period_us:
            raise ValueError("rate_hz", self.rate_hz, "at most %d" % (1e6 / each_us))
        take.samples, take.gaps, take.run = samples, gaps, self._runs
        take.rate_hz, take.rate_ppm = self.rate_hz, self.rate_ppm
        mean_us = total_us / samples
        take.jitter_us = max(0.0, squares / samples - mean_us * mean_us) ** 0.5
        for index in range(inputs):
            take.skew_us[index] = each_us * index / inputs

    def _look(self, blocks: "tuple[Samples, ...]", take: "Take") -> None:
        for index in range(len(self._inputs)):
            input_kernels.look(
                blocks[index], self._samples, self.rails[0], self.rails[1], self._found
            )
            take.clipped[index], take.still[index] = self._found[0], self._found[1]
