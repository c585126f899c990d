"""The evidence of one record: how much of it, from where, how fast, and what is wrong with it."""

from micropython import const

_IRQ_US = const(20)  # an interrupt's stamp may come so late: other interrupts, the flash's cache


class Record:
    """Evidence of the record in the blocks.  One object a capture, overwritten by the next."""

    def __init__(self) -> None:
        self.run = 0  # how often the sensor has been started since boot
        self.first = 0  # index, in that run, of the first sample behind the blocks: undecimated
        self.samples = 0  # in each block
        self.decimate = 1
        self.raw_samples = 0  # of the sensor, behind the blocks: all of them, from first on
        self.joined = False  # the record before, of the same run, ended right before this one
        self.odr_hz: float = 0  # the sensor's nominal rate
        self.overruns = 0  # times that the FIFO was found full: samples may be lost
        self.gaps = 0  # times that samples took longer to come than their number explains
        self.clipped = 0  # samples of the sensor with an axis at its rail
        self.stuck = 0  # axes that did not show the chip's noise for too long: bit 0 is x
        # Over all of the run up to now, as long as nothing broke it: the sensor's own samples
        self.span_samples = 0
        self.span_us = 0
        self.doubt_us = 0  # by so much span_us may be wrong
        # The part of it which no record before has told
        self.new_samples = 0
        self.new_us = 0
        # What node/rate.py knows of this sensor
        self.known_hz: float = 0  # of the sensor; 0: nothing
        self.known_ppm: float = 0
        self.disputed = False  # measured and known differ by more than is possible

    def clear(self) -> None:
        """Before the next record."""
        self.samples = self.overruns = self.gaps = self.clipped = self.stuck = 0
        self.span_samples = self.span_us = self.doubt_us = 0
        self.new_samples = self.new_us = 0
        self.known_hz = self.known_ppm = 0
        self.joined = self.disputed = False

    @property
    def nominal_hz(self) -> float:
        """What rate_hz should be."""
        return self.odr_hz / self.decimate

    @property
    def measured_hz(self) -> float:
        """The sensor's own rate as measured in this run, by the node's clock; 0: not at all."""
        if not self.span_us:
            return 0
        return self.span_samples * 1_000_000 / self.span_us

    @property
    def measured_ppm(self) -> float:
        """By how much measured_hz may be wrong at most; 1e6 without a measurement."""
        if not self.span_us:
            return 1e6
        return (self.doubt_us + 2 * _IRQ_US) * 1_000_000 / self.span_us

    @property
    def rate_ppm(self) -> float:
        """By how much rate_hz may be wrong: at most if measured, as node/rate.py says if known."""
        return self.known_ppm if self._from_memory else self.measured_ppm

    @property
    def rate_hz(self) -> float:
        """The rate of what is in the blocks: of this run, or the known one where that is better.

        Measured: within 0.1 % of the true one, by the node's clock, from 1024 samples of the
        sensor on, and rate_ppm for fewer (docs/decisions/0004-capture.md).  The nominal one while
        there is neither (valid is False then).
        """
        if self._from_memory:
            return self.known_hz / self.decimate
        return self.measured_hz / self.decimate or self.nominal_hz

    @property
    def _from_memory(self) -> bool:
        return self.known_hz > 0 and not self.disputed and self.known_ppm < self.measured_ppm

    @property
    def rate_known(self) -> bool:
        """The rate has been measured over at least half of the record, and is a possible one."""
        return 2 * self.span_samples >= self.raw_samples and not self.disputed

    @property
    def valid(self) -> bool:
        """Nothing lost, clipped or stuck, and the rate is known."""
        return (
            self.samples > 0
            and not (self.overruns or self.gaps or self.clipped or self.stuck)
            and self.rate_known
        )
