"""Timed capture of one record into fixed blocks, with the evidence by which to trust it."""

import time
from errno import EIO

from micropython import const

from node.record import Record
from node.sinks import Decimated, Plain
from node.stamps import Stamps
from node.zeros import zeros

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    Blocks = tuple[array[int], ...]

_LEAST_SAMPLES = const(64)  # the settling samples pass through the blocks
_LONGEST_US = const(500_000_000)  # ticks_us is good for 2**29
_AXES = const(3)
_PASSBAND = 0.3  # of the decimated rate: node/dsp/decimator.py


def make_blocks(samples: int) -> "Blocks":
    """Three array('h') of this length: 6 bytes a sample."""
    return tuple([zeros("h", samples) for _ in range(_AXES)])


class Capture:
    """Takes records of a sensor with a FIFO.  All memory is allocated here, none by record().

    samples: length of a record, from 64 on.  irq: the Pin at the sensor's watermark interrupt, or
    None: then the FIFO is polled.  clock: ticks_us, ticks_diff and sleep_us, as in module time.
    decimate: 1, or the factor from 2 to 16 by which samples are decimated as they stream.
    blocks: of make_blocks(samples), where captures share them; stamps: the one of the sensor, if
    there are several captures of it (then irq and clock are its own).
    Raises ValueError(key, value, allowed).
    """

    def __init__(
        self,
        samples: int,
        irq: "Any" = None,
        clock: "Any" = time,
        decimate: int = 1,
        blocks: "Blocks | None" = None,
        stamps: "Stamps | None" = None,
    ) -> None:
        if samples < _LEAST_SAMPLES:
            raise ValueError("samples", samples, _LEAST_SAMPLES)
        self.blocks = make_blocks(samples) if blocks is None else blocks
        if len(self.blocks[0]) != samples:
            raise ValueError("samples", samples, len(self.blocks[0]))
        self._slots = self.blocks
        self._sink: "Any" = (
            Plain(self.blocks) if decimate == 1 else Decimated(self.blocks, decimate)
        )
        self._stamps = Stamps(irq, clock) if stamps is None else stamps
        self._samples = samples
        self._record = Record()
        self._taken = 0  # samples of the run that were read
        self._kept: "Any" = None  # the sensor that was left streaming

    def aim(self, axis: int) -> None:
        """From the next record on this axis (0 is x) goes into the first of the blocks given."""
        own, other, last = self._slots
        if axis == 0:
            self.blocks = own, other, last
        elif axis == 1:
            self.blocks = other, own, last
        else:
            self.blocks = other, last, own
        self._sink.blocks = self.blocks

    def bandwidth_hz(self, sensor: "Any") -> float:
        """Up to here the blocks hold what the machine did: of the sensor and the decimator."""
        own: float = sensor.bandwidth_hz
        if self._sink.decimate == 1:
            return own
        passed: float = _PASSBAND * sensor.odr_hz / self._sink.decimate
        return min(own, passed)

    def record(self, sensor: "Any", keep: bool = False) -> Record:
        """Start the sensor, fill the blocks, stop it.  Blocks for settling + samples / rate.

        keep: do not stop it.  The next record of the same sensor then goes on in the same run with
        the very next sample, if the FIFO held all that came meanwhile; else it starts it anew:
        joined, run and first of the evidence tell.  What was kept is ended by a record with
        keep=False, by an error, by release(), or by a record of another capture.

        Raises OSError for the bus, SensorTimeout (an OSError) when no samples come, SensorReset
        (an OSError) when its supply failed, DeviceMismatch for another chip, ValueError for a
        record too long to time.  After an error the sensor is in standby as far as it answers, and
        the next call starts it anew.
        """
        record, sink, stamps = self._record, self._sink, self._stamps
        most = _LONGEST_US // sensor.period_us // sink.decimate
        if self._samples > most:
            raise ValueError("samples", self._samples, most)
        record.clear()
        record.decimate = sink.decimate
        record.raw_samples = sink.raw_samples
        record.odr_hz = sensor.odr_hz
        try:
            joined = self._goes_on(sensor)
            self._kept = None
            if not joined:
                sensor.start()
                stamps.begin(sensor)
                sink.reset()
                self._taken = 0
            settling = 0 if joined else sensor.settling_samples
            sink.begin(settling)
            record.joined = joined
            record.run = stamps.runs
            record.first = self._taken + settling - sink.kept
            self._fill(sensor, 0 if joined else sensor.settling_us)
            sensor.prove_settings()
        except OSError:
            self._kept = None
            try:
                sensor.stop()
            except OSError:
                pass  # the first error is the one to tell
            raise
        if keep:
            self._kept = sensor
        else:
            sensor.stop()
        sink.finish(sensor, record)
        record.samples = self._samples
        return record

    def release(self) -> None:
        """Stop a sensor that was left streaming.  Raises OSError."""
        sensor, self._kept = self._kept, None
        if sensor is not None:
            sensor.stop()

    def _goes_on(self, sensor: "Any") -> bool:
        """Whether the run of the record before still has every sample since.

        Raises OSError, SensorReset where the chip has forgotten it.
        """
        if self._kept is not sensor or self._record.run != self._stamps.runs:
            return False
        sensor.prove_settings()
        waiting: int = sensor.entries()
        return not sensor.overrun() and waiting < sensor.fifo_depth

    def _fill(self, sensor: "Any", settling_us: int) -> None:
        record, sink, stamps = self._record, self._sink, self._stamps
        if not record.joined:
            stamps.forget_edges()
        while sink.missing:
            waiting = stamps.wait(sensor, settling_us)
            if waiting > sensor.fifo_depth + 1:
                raise OSError(EIO)  # no FIFO holds that: the bus is not to be believed
            lost = sensor.overrun()
            # What is lost from here on until it is read, reading may hide.
            full = lost or stamps.full_by_now(sensor, waiting)
            if sensor.grain < waiting < sink.missing:
                waiting -= waiting % sensor.grain
            count = sink.take(sensor, waiting)  # first of all: the FIFO fills meanwhile
            if not lost:
                stamps.note(record, self._taken, sensor.period_us)
            if full:
                record.overruns += 1
                stamps.lost()
            self._taken += count
            stamps.forget_edges()  # the reading may have crossed the watermark
            settling_us = 0
        stamps.check_end(sensor, record, self._taken)
