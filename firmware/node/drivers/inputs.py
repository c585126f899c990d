"""What converters have in common: their inputs, and what a record of them leaves behind.

A converter has: chip, rails (low, high: digits at which an input is at its end), rate_hz (of each
input), rate_ppm, bandwidth_hz, averaged_us (over which a sample is the mean of its input),
still_samples (so many equal ones in a row: it is stuck), and

    configure(rate_hz, samples, inputs, full_scale_v, line_hz)   ValueError(key, value, allowed)
    per_digit(number) -> float                 V a digit of an input
    begin()                                    starts a record, where it runs by itself; OSError
    left_us() -> int                           until finish() need not wait; 0: it takes, or can
    finish(blocks, take, again=False)          fills int16[samples] of each input; OSError
                                               again: begin() the next one as soon as can be
    stop()                                     whatever runs, ends
"""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    Samples = array[int]


class Take:
    """Evidence of one record of a converter.  One object a set, overwritten by the next."""

    def __init__(self, most: int) -> None:
        """most: inputs."""
        self.samples = 0  # of each input
        self.run = 0  # of those since the boot, from 1
        self.rate_hz: float = 0  # of each input
        self.rate_ppm: float = 0
        self.overruns = 0  # times that a sample was lost unread
        self.gaps = 0  # samples that were taken more than half a period late
        self.jitter_us: float = 0  # RMS, of the instants of the samples
        self.skew_us: "list[float]" = [0.0] * most  # of each input, behind the first
        self.clipped: "list[int]" = [0] * most  # samples at a rail
        self.still: "list[int]" = [0] * most  # the longest row of equal digits

    def clear(self) -> None:
        """Before the next record."""
        self.samples = self.overruns = self.gaps = 0
        self.jitter_us = 0.0
        for index in range(len(self.skew_us)):
            self.skew_us[index] = 0.0
            self.clipped[index] = self.still[index] = 0


def make_blocks(inputs: int, samples: int) -> "tuple[Samples, ...]":
    """A block of int16[samples] for each input."""
    return tuple([array("h", bytes(2 * samples)) for _ in range(inputs)])
