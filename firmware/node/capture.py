"""Timed capture of one record into fixed blocks, with the evidence by which to trust it."""

import time
from array import array
from errno import EIO

from node.drivers.errors import SensorTimeout
from node.drivers.kernels import count_at_rail, longest_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LEAST_SAMPLES = 64  # the settling samples pass through the blocks
_LONGEST_US = 500_000_000  # ticks_us is good for 2**29
_AXES = 3
_ALL_AXES = 7
_POLLS_A_SAMPLE = 16  # how finely polling looks for the sample that completes the watermark
_LOOKS_A_WATERMARK = 8  # how often an interrupt is looked for
_SHORTEST_SLEEP_US = 20
_PATIENCE_US = 10_000
_NEARLY_FULL = 4
_CLOCK_TOLERANCE = 16  # a sensor's clock may be off by 1/16 before its rate has been measured


class Record:
    """Evidence of the record in the blocks.  One object, overwritten by the next record."""

    def __init__(self) -> None:
        self.run = 0  # how often the sensor has been started since boot
        self.first = 0  # index, in that run, of the first sample in the blocks
        self.samples = 0
        self.nominal_hz: float = 0
        self.overruns = 0  # times that the FIFO was found full: samples may be lost
        self.gaps = 0  # times that samples took longer to come than their number explains
        self.clipped = 0  # samples with an axis at its rail
        self.stuck = 0  # axes that did not show the chip's noise for too long: bit 0 is x
        self.span_samples = 0  # rate_hz is span_samples / span_us
        self.span_us = 0

    @property
    def rate_hz(self) -> float:
        """The measured rate; the nominal one while there is no measurement (valid is False then).

        Within 0.1 % of the true one, by the node's clock, from 1024 samples on
        (docs/decisions/0004-capture.md).
        """
        if not self.span_us:
            return self.nominal_hz
        return self.span_samples * 1_000_000 / self.span_us

    @property
    def rate_known(self) -> bool:
        """The rate has been measured over at least half of the record."""
        return 2 * self.span_samples >= self.samples

    @property
    def valid(self) -> bool:
        """Nothing lost, clipped or stuck, and the rate is known."""
        return (
            self.samples > 0
            and not (self.overruns or self.gaps or self.clipped or self.stuck)
            and self.rate_known
        )


class Capture:
    """Takes records of a sensor with a FIFO.  All memory is allocated here, none by record().

    samples: length of a record, from 64 on.  irq: the Pin at the sensor's watermark interrupt, or
    None: then the FIFO is polled.  clock: ticks_us, ticks_diff and sleep_us, as in module time.
    """

    def __init__(self, samples: int, irq: "Any" = None, clock: "Any" = time) -> None:
        if samples < _LEAST_SAMPLES:
            raise ValueError("samples", samples, _LEAST_SAMPLES)
        # array('h', bytes) fills without a list of the same length beside it.
        self.blocks = tuple([array("h", bytes(2 * samples)) for _ in range(_AXES)])
        self._still = array("H", bytes(2 * (_AXES + 1)))
        self._samples = samples
        self._record = Record()
        self._clock = clock
        self._runs = 0
        # Of the drain under way
        self._stamp_ticks = 0
        self._stamp_entries = 0
        # The newest sample came at most so long before the stamp; -1: there is no stamp.
        self._bracket_us = 0
        # Of the first and the last stamp of an unbroken row
        self._row = False
        self._row_bracket_us = 0
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

    def record(self, sensor: "Any") -> Record:
        """Start the sensor, fill the blocks, stop it.  Blocks for settling + samples / rate.

        Raises OSError for the bus, SensorTimeout (an OSError) when no samples come, SensorReset
        (an OSError) when its supply failed, DeviceMismatch for another chip, ValueError for a
        record too long to time.  After an error the sensor is in standby as far as it answers, and
        the next call starts it anew.
        """
        most = _LONGEST_US // sensor.period_us
        if self._samples > most:
            raise ValueError("samples", self._samples, most)
        record = self._record
        record.samples = record.overruns = record.gaps = record.clipped = 0
        record.stuck = 0
        record.span_samples = record.span_us = 0
        record.nominal_hz = sensor.odr_hz
        record.first = sensor.settling_samples
        self._row = False
        try:
            sensor.start()
            self._runs += 1
            record.run = self._runs
            self._fill(sensor, sensor.period_us)
            sensor.prove_settings()
        except OSError:
            try:
                sensor.stop()
            except OSError:
                pass  # the first error is the one to tell
            raise
        sensor.stop()
        x, y, z = self.blocks
        record.clipped = count_at_rail(x, y, z, self._samples, sensor.rail_low, sensor.rail_high)
        record.stuck = self._find_stuck(sensor)
        record.samples = self._samples
        return record

    def _find_stuck(self, sensor: "Any") -> int:
        x, y, z = self.blocks
        still = self._still
        longest_runs(x, y, z, self._samples, still)
        if still[_AXES] >= sensor.still_frames:
            return _ALL_AXES
        stuck = 0
        for axis in range(_AXES):
            if still[axis] >= sensor.still_samples:
                stuck |= 1 << axis
        return stuck

    def _fill(self, sensor: "Any", period_us: int) -> None:
        x, y, z = self.blocks
        record = self._record
        at = -record.first  # below 0: settling
        taken = 0
        settling_us = sensor.settling_us
        self._edges = 0
        while at < self._samples:
            waiting = self._wait(sensor, period_us, settling_us)
            if waiting > sensor.fifo_depth + 1:
                raise OSError(EIO)  # no FIFO holds that: the bus is not to be believed
            if sensor.overrun():
                record.overruns += 1
                self._row = False  # how many were lost is not known
            elif self._bracket_us >= 0:
                self._stamp(taken + self._stamp_entries, period_us)
            if at < 0:
                count = min(waiting, -at, self._samples)
                sensor.read_into(x, y, z, 0, count)  # overwritten by the record
                at += count
                taken += count
                waiting -= count
            if at >= 0:
                count = min(waiting, self._samples - at)
                sensor.read_into(x, y, z, at, count)
                at += count
                taken += count
            self._edges = 0  # the reading may have crossed the watermark: that stamp means nothing
            settling_us = 0
        self._check_end(sensor, taken, period_us)

    def _check_end(self, sensor: "Any", taken: int, period_us: int) -> None:
        """Find what the last reading lost after it had asked for an overrun, and hid by reading.

        The newest sample in the FIFO came at most a period before it is asked.
        """
        if not self._row:
            return
        clock = self._clock
        before_ticks = clock.ticks_us()
        waiting: int = sensor.entries()
        self._stamp_ticks = clock.ticks_us()
        self._bracket_us = period_us + clock.ticks_diff(self._stamp_ticks, before_ticks)
        if not self._unbroken(taken + waiting, period_us):
            self._record.gaps += 1

    def _wait(self, sensor: "Any", period_us: int, settling_us: int) -> int:
        """Wait for the watermark; the entries then.

        Leaves in _stamp_… when there were _stamp_entries, and how sure that is in _bracket_us.
        """
        if self._irq is not None and self._wait_edge(sensor.watermark, period_us, settling_us):
            self._stamp_ticks = self._edge_ticks
            self._stamp_entries = sensor.watermark
            self._bracket_us = 0
            entries: int = sensor.entries()
            return entries
        # No interrupt: none is wired, or its wire is broken.
        return self._wait_entries(sensor, period_us, settling_us)

    def _wait_edge(self, watermark: int, period_us: int, settling_us: int) -> bool:
        clock = self._clock
        begin_ticks = clock.ticks_us()
        span_us = watermark * period_us
        limit_us = span_us + span_us // 4 + settling_us
        step_us = max(span_us // _LOOKS_A_WATERMARK, _SHORTEST_SLEEP_US)
        if self._irq.value() and not self._edges:
            return False  # late: the line is high already, and no edge will come
        while not self._edges:
            if clock.ticks_diff(clock.ticks_us(), begin_ticks) > limit_us:
                return False
            clock.sleep_us(step_us)
        return True

    def _wait_entries(self, sensor: "Any", period_us: int, settling_us: int) -> int:
        clock = self._clock
        need = sensor.watermark
        limit_us = 2 * need * period_us + settling_us + _PATIENCE_US
        begin_ticks = asked_ticks = clock.ticks_us()
        entries: int = sensor.entries()
        self._bracket_us = -1  # it may have been so for long
        if need <= entries < sensor.fifo_depth - _NEARLY_FULL:
            need = entries + 1  # late, but not too late to see a sample come and to time it
        while entries < need:
            if clock.ticks_diff(asked_ticks, begin_ticks) > limit_us:
                raise SensorTimeout(sensor.chip, limit_us)
            missing = need - entries
            if missing > 1:  # three quarters: the sensor's clock may be fast
                pause_us = missing * period_us * 3 // 4
            else:
                pause_us = period_us // _POLLS_A_SAMPLE
            clock.sleep_us(max(pause_us, _SHORTEST_SLEEP_US))
            before_ticks, asked_ticks = asked_ticks, clock.ticks_us()
            entries = sensor.entries()
            self._stamp_ticks = clock.ticks_us()
            self._bracket_us = clock.ticks_diff(self._stamp_ticks, before_ticks)
        self._stamp_entries = entries
        return entries

    def _stamp(self, index: int, period_us: int) -> None:
        """Sample `index` of the run came at _stamp_ticks: extend the row, or find a gap.

        A gap is what no lateness of stamps explains: samples came at most their brackets earlier.
        """
        record = self._record
        if self._row:
            if self._unbroken(index, period_us):
                record.span_samples += index - self._last_index
                record.span_us += self._clock.ticks_diff(self._stamp_ticks, self._last_ticks)
            else:
                record.gaps += 1
                self._row = False
        if not self._row:
            self._row = True
            self._row_bracket_us = self._bracket_us
            record.span_samples = record.span_us = 0  # a rate over a gap would be too low
        self._last_ticks, self._last_index = self._stamp_ticks, index

    def _unbroken(self, index: int, period_us: int) -> bool:
        """Whether sample `index` can have come at _stamp_ticks with none lost since the last."""
        record = self._record
        span = index - self._last_index
        span_us: int = self._clock.ticks_diff(self._stamp_ticks, self._last_ticks)
        if record.span_samples:
            allowed_us = span * (
                (record.span_us + self._row_bracket_us) // record.span_samples + 1
            )
        else:
            allowed_us = span * period_us + span * period_us // _CLOCK_TOLERANCE
        return span_us - self._bracket_us <= allowed_us + period_us // 2
