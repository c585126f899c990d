"""When the samples of a sensor came: waiting for them, timing them, finding what is missing."""

import time

from micropython import const

from node.drivers.errors import SensorTimeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.record import Record

_POLLS_A_SAMPLE = const(16)  # how finely polling looks for the sample that completes the watermark
_LOOKS_A_WATERMARK = const(8)  # how often an interrupt is looked for
_SHORTEST_SLEEP_US = const(20)
_PATIENCE_US = const(10_000)
_NEARLY_FULL = const(4)
_UNSTAMPED = const(3)  # of drains in a row that come late, so many are not timed: it takes long
_TO_READ_US = const(450)  # until the first byte is on the bus: 430 on an RP2040
# A sensor's clock may be off by 1/16 before its rate has been measured.
_CLOCK_TOLERANCE = const(16)


class Stamps:
    """The interrupt and the runs of one sensor: one object for all captures of it.

    irq: the Pin at the sensor's watermark interrupt, or None: then the FIFO is polled.
    clock: ticks_us, ticks_diff and sleep_us, as in module time.
    """

    def __init__(self, irq: "Any" = None, clock: "Any" = time) -> None:
        self.runs = 0  # how often the sensor has been started
        self._clock = clock
        # Of the drain under way
        self._asked_ticks = 0  # before the FIFO was asked how many wait
        self._stamp_ticks = 0
        self._stamp_entries = 0
        self._unstamped = 0  # late drains since the last that was timed
        # The newest sample came at most so long before the stamp; -1: there is no stamp.
        self._bracket_us = 0
        self._question_us = 0  # how long the last question for the entries took
        self._least_us = 0  # the shortest of the run
        # Of the first and the last stamp of an unbroken row, and all between
        self._row = False
        self._row_bracket_us = 0
        self._row_samples = 0
        self._row_us = 0
        self._last_ticks = 0
        self._last_index = 0
        # Written by the interrupt
        self._edges = 0
        self._edge_ticks = 0
        self._irq = irq
        if irq is not None:
            try:
                irq.irq(self._on_watermark, irq.IRQ_RISING, hard=True)
            except TypeError:
                # ESP32: soft interrupts only; they wait for sleep_us to end: polls stamp better.
                self._irq = None

    def _on_watermark(self, _pin: "Any") -> None:
        if not self._edges:
            self._edge_ticks = self._clock.ticks_us()
        self._edges += 1

    def begin(self, sensor: "Any") -> None:
        """The sensor has been started: a new run."""
        sensor.line_used = self._irq is not None
        self.runs += 1
        self._row = False
        self._edges = 0
        self._least_us = _PATIENCE_US

    def forget_edges(self) -> None:
        """A reading may have crossed the watermark: the interrupt's stamp means nothing."""
        self._edges = 0

    def lost(self) -> None:
        """Samples went, how many is not known: times before and after have nothing in common."""
        self._row = False

    def wait(self, sensor: "Any", settling_us: int) -> int:
        """Wait for the watermark; the entries then.  Raises OSError, SensorTimeout.

        Keeps when there were how many entries, and how sure that is, for note().
        """
        if self._irq is not None and self._wait_edge(sensor, settling_us):
            self._stamp_ticks = self._edge_ticks
            self._stamp_entries = sensor.watermark
            self._bracket_us = 0
            self._asked_ticks = self._clock.ticks_us()
            entries: int = sensor.entries()
            return entries
        # No interrupt: none is wired, or its wire is broken.
        return self._wait_entries(sensor, settling_us)

    def _wait_edge(self, sensor: "Any", settling_us: int) -> bool:
        clock = self._clock
        begin_ticks = clock.ticks_us()
        span_us = sensor.watermark * sensor.period_us
        limit_us = span_us + span_us // 4 + settling_us
        step_us = max(span_us // _LOOKS_A_WATERMARK, _SHORTEST_SLEEP_US)
        if self._irq.value() and not self._edges:
            return False  # late: the line is high already, and no edge will come
        while not self._edges:
            if clock.ticks_diff(clock.ticks_us(), begin_ticks) > limit_us:
                return False
            clock.sleep_us(step_us)
        return True

    def _wait_entries(self, sensor: "Any", settling_us: int) -> int:
        clock = self._clock
        need: int = sensor.watermark
        period_us: int = sensor.period_us
        limit_us = 2 * need * period_us + settling_us + _PATIENCE_US
        begin_ticks = clock.ticks_us()
        entries = self._ask(sensor)
        if need <= entries:
            self._unstamped += 1
            if period_us <= self._question_us:  # to watch one come would tell it no better
                self._stamp_entries = entries
                return entries
            self._bracket_us = -1  # it may have been so for long
            timed = not self._row or self._unstamped > _UNSTAMPED
            if timed and entries < sensor.fifo_depth - _NEARLY_FULL:
                need = entries + 1  # late, but not too late to see a sample come and to time it
        if entries < need:
            self._unstamped = 0
        while entries < need:
            before_ticks = self._asked_ticks
            if clock.ticks_diff(before_ticks, begin_ticks) > limit_us:
                raise SensorTimeout(sensor.chip, limit_us)
            missing = need - entries
            if missing > 1:  # three quarters: the sensor's clock may be fast
                pause_us = missing * period_us * 3 // 4
            else:
                pause_us = period_us // _POLLS_A_SAMPLE
            clock.sleep_us(max(pause_us, _SHORTEST_SLEEP_US))
            entries = self._ask(sensor)
            self._bracket_us = min(
                self._bracket_us, clock.ticks_diff(self._stamp_ticks, before_ticks)
            )
        self._stamp_entries = entries
        return entries

    def _ask(self, sensor: "Any") -> int:
        """The entries that wait, when that was asked, and since when at most it is so.

        The newest came a period before the question at most: else the next were there, too.
        """
        clock = self._clock
        period_us: int = sensor.period_us
        self._asked_ticks = clock.ticks_us()
        entries: int = sensor.entries()
        self._stamp_ticks = clock.ticks_us()
        self._question_us = clock.ticks_diff(self._stamp_ticks, self._asked_ticks)
        self._least_us = min(self._least_us, self._question_us)
        self._bracket_us = self._question_us + period_us + period_us // _CLOCK_TOLERANCE + 1
        return entries

    def full_by_now(self, sensor: "Any", waiting: int) -> bool:
        """Whether the FIFO may run over before it is read; waiting: what wait() has told.

        Reading is faster than the sensor: what holds at its beginning holds to its end.
        """
        clock = self._clock
        span_us = clock.ticks_diff(clock.ticks_us(), self._asked_ticks) + _TO_READ_US
        room: int = sensor.fifo_depth - waiting
        return bool(span_us >= room * sensor.period_us)

    def note(self, record: "Record", taken: int, period_us: int) -> None:
        """After wait(), with so many samples taken in the run: extend the row, or find a gap.

        A gap is what no lateness of stamps explains: samples came at most their brackets earlier.
        """
        if self._bracket_us < 0:
            return
        index = taken + self._stamp_entries
        if self._row:
            if self._unbroken(index, period_us):
                self._extend(record, index)
            else:
                record.gaps += 1
                self._row = False
        if not self._row:
            self._row = True
            self._row_bracket_us = self._bracket_us
            self._row_samples = self._row_us = 0  # a rate over a gap would be too low
            record.new_samples = record.new_us = 0
        self._last_ticks, self._last_index = self._stamp_ticks, index
        record.span_samples, record.span_us = self._row_samples, self._row_us
        record.doubt_us = self._row_bracket_us + self._bracket_us
        if self._row_bracket_us and self._bracket_us:
            # Where in a question the chip answers is not known, but it is the same in both: what
            # a question takes longer than the shortest may lie before or behind it.
            record.doubt_us -= 2 * self._least_us

    def _extend(self, record: "Record", index: int) -> None:
        span = index - self._last_index
        span_us: int = self._clock.ticks_diff(self._stamp_ticks, self._last_ticks)
        self._row_samples += span  # small integers for 18 minutes: longer than any record
        self._row_us += span_us
        record.new_samples += span
        record.new_us += span_us

    def check_end(self, sensor: "Any", record: "Record", taken: int) -> None:
        """Find what the last reading lost after it had asked for an overrun, and hid by reading.

        Raises OSError.
        """
        if not self._row:
            return
        if not self._unbroken(taken + self._ask(sensor), sensor.period_us):
            record.gaps += 1
            self._row = False

    def _unbroken(self, index: int, period_us: int) -> bool:
        """Whether sample `index` can have come at _stamp_ticks with none lost since the last."""
        span = index - self._last_index
        span_us: int = self._clock.ticks_diff(self._stamp_ticks, self._last_ticks)
        if self._row_samples:
            allowed_us = span * ((self._row_us + self._row_bracket_us) // self._row_samples + 1)
        else:
            allowed_us = span * period_us + span * period_us // _CLOCK_TOLERANCE
        return span_us - self._bracket_us <= allowed_us + period_us // 2
