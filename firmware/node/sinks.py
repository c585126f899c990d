"""Where samples go from the FIFO: into the blocks as they are, or decimated as they stream."""

from array import array

from micropython import const

from node.drivers.kernels import count_at_rail, longest_runs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.record import Record

_AXES = const(3)
_ALL_AXES = const(7)
_CHUNK = const(128)  # samples that are filtered at once


class _Stillness:
    """Which axes repeat a digit for longer than the chip's noise lets them."""

    def __init__(self) -> None:
        self._runs = array("H", bytes(2 * 2 * (_AXES + 1)))

    def clear(self) -> None:
        for i in range(len(self._runs)):
            self._runs[i] = 0

    def follow(self, x: "Any", y: "Any", z: "Any", at: int, count: int) -> None:
        longest_runs(x, y, z, at, count, self._runs)

    def stuck(self, sensor: "Any") -> int:
        """Bit 0 is x."""
        runs = self._runs
        if runs[_AXES] >= sensor.still_frames:
            return _ALL_AXES
        stuck = 0
        for axis in range(_AXES):
            if runs[axis] >= sensor.still_samples:
                stuck |= 1 << axis
        return stuck


class Plain:
    """Every sample into the blocks, where rails and stillness are looked for at the end.

    blocks: three int16[] of the record's length; others may take their place between two records.
    """

    decimate = 1

    def __init__(self, blocks: "tuple[array[int], ...]") -> None:
        self.blocks = blocks
        self._samples = len(blocks[0])
        self._still = _Stillness()
        self.raw_samples = self._samples  # of the sensor, behind one record
        self.missing = 0  # samples of the sensor that this record still needs, settling included
        self.kept = 0  # samples of the record before that are part of this one, too

    def begin(self, settling: int) -> None:
        """A record begins, after so many samples that are to be thrown away."""
        self.missing = self._samples + settling

    def reset(self) -> None:
        """What comes next does not follow on what came before."""

    def take(self, sensor: "Any", count: int) -> int:
        """Read from the FIFO, in which count samples wait; how many were.  Raises OSError."""
        x, y, z = self.blocks
        left = count = min(count, self.missing)
        settling = self.missing - self._samples
        if settling > 0:
            skipped = min(left, settling, self._samples)
            sensor.read_into(x, y, z, 0, skipped)  # overwritten by the record
            self.missing -= skipped
            left -= skipped
            if skipped < settling:
                return skipped
        sensor.read_into(x, y, z, self._samples - self.missing, left)
        self.missing -= left
        return count

    def finish(self, sensor: "Any", record: "Record") -> None:
        """Judge the record."""
        x, y, z = self.blocks
        samples = self._samples
        record.clipped = count_at_rail(
            x, y, z, 0, samples, 0x8000, sensor.rail_low, sensor.rail_high
        )
        self._still.clear()
        self._still.follow(x, y, z, 0, samples)
        record.stuck = self._still.stuck(sensor)


class Decimated:
    """Samples into the lines of a decimator, its results into the blocks.

    blocks: three array('h') of the record's length; factor: 2 to 16.  Rails and stillness are
    looked for in the sensor's own samples: results hide them.
    """

    def __init__(self, blocks: "tuple[array[int], ...]", factor: int) -> None:
        self.decimate = factor
        self.blocks = blocks
        self._samples = len(blocks[0])
        from node.dsp.decimator import Decimator  # here: most sets take samples as they come

        self._filter = Decimator(factor, _CHUNK)
        self._still = _Stillness()
        self._settling = self._clipped = self._at = 0
        self._fresh = True  # nothing of this record has been judged yet
        self.raw_samples = factor * (self._samples - 1) + self._filter.width
        self.missing = 0
        self.kept = 0

    def reset(self) -> None:
        """As of Plain."""
        self._filter.reset()

    def begin(self, settling: int) -> None:
        """As of Plain."""
        self._at = self._clipped = self._filter.clipped = 0
        self._settling = settling
        self.kept = self._filter.kept
        self.missing = self.raw_samples - self.kept + settling
        self._still.clear()
        self._fresh = True

    def take(self, sensor: "Any", count: int) -> int:
        """As of Plain."""
        decimator = self._filter
        x, y, z = decimator.lines
        left = count = min(count, self.missing)
        while left:
            at = decimator.kept
            chunk = min(left, _CHUNK)
            if self._settling:
                chunk = min(chunk, self._settling)
                sensor.read_into(x, y, z, at, chunk)  # overwritten by the next
                self._settling -= chunk
            else:
                sensor.read_into(x, y, z, at, chunk)
                decimator.offset(chunk)
                self._judge(sensor, at, chunk)
                self._at += decimator.filter(chunk, self.blocks, self._at)
            left -= chunk
            self.missing -= chunk
        return count

    def _judge(self, sensor: "Any", at: int, count: int) -> None:
        if self._fresh:  # what the record before has left is part of this one
            self._fresh = False
            count += at
            at = 0
        x, y, z = self._filter.lines
        self._clipped += count_at_rail(x, y, z, at, count, 0, sensor.rail_low, sensor.rail_high)
        self._still.follow(x, y, z, at, count)

    def finish(self, sensor: "Any", record: "Record") -> None:
        """As of Plain; a result at a rail is clipped, too, though no sample was."""
        record.clipped = self._clipped + self._filter.clipped
        record.stuck = self._still.stuck(sensor)
