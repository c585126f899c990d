"""The log of served samples: what a twin's bus handed to the firmware, sample by sample.

A twin writes it while the node runs; this side reads it meanwhile, so that a report leads to the
very samples that it was computed from.  The format is in docs/architecture.md.
"""

import struct
from bisect import bisect_right, insort
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from nodewright.errors import NodewrightError

# magic, axes, run, first, count; then count * axes int16
_HEADER = struct.Struct("<HHIIH")
_MAGIC = 0x4E57
_MOST_AXES = 16
_DIGIT = np.dtype("<i2")


class Samples(Protocol):
    """Where served samples are found: `ServedSamples`, or a fake of it."""

    def samples(
        self, sensor: str, boot_index: int, run: int, first: int, count: int
    ) -> NDArray[np.int16]: ...


class ServedError(NodewrightError):
    """Samples asked for are not in the log; the text says which, and what is there."""


@dataclass(order=True, frozen=True)
class _Chunk:
    first: int
    count: int
    at: int  # byte offset of its samples in the file

    @property
    def end(self) -> int:
        return self.first + self.count


@dataclass
class _File:
    """The index of one log file; the samples stay on disk."""

    path: Path
    axes: int = 0
    read_to: int = 0  # bytes indexed so far, always the end of a whole chunk
    broken: str = ""
    runs: dict[int, list[_Chunk]] = field(default_factory=dict)

    def refresh(self, stream: BinaryIO) -> None:
        """Index the chunks written since the last call; a torn last chunk waits for its rest."""
        size = stream.seek(0, 2)
        if size < self.read_to:  # written anew from its start: what was indexed is gone
            self.axes, self.read_to, self.broken = 0, 0, ""
            self.runs.clear()
        while not self.broken and size - self.read_to >= _HEADER.size:
            stream.seek(self.read_to)
            magic, axes, run, first, count = _HEADER.unpack(stream.read(_HEADER.size))
            if magic != _MAGIC or not 1 <= axes <= _MOST_AXES or self.axes not in (0, axes):
                self.broken = f"no chunk of {self.axes or 'any'} axes at byte {self.read_to}"
                return
            at = self.read_to + _HEADER.size
            end = at + count * axes * _DIGIT.itemsize
            if end > size:
                return
            self.axes, self.read_to = axes, end
            if count:
                insort(self.runs.setdefault(run, []), _Chunk(first, count, at))

    def chunks(self, run: int, first: int, count: int) -> list[_Chunk]:
        """The chunks that hold the samples, in order.  Raises ServedError if one is missing."""
        chunks = self.runs.get(run)
        if chunks is None:
            runs = ", ".join(str(known) for known in sorted(self.runs)) or "none"
            raise ServedError(f"{self.path.name}: no samples of run {run}; runs logged: {runs}")
        found = []
        at = bisect_right(chunks, first, key=lambda chunk: chunk.first) - 1
        wanted = first
        for chunk in chunks[max(at, 0) :]:
            if chunk.end <= wanted:
                continue
            if chunk.first > wanted or wanted >= first + count:
                break
            found.append(chunk)
            wanted = chunk.end
        if wanted < first + count:
            raise ServedError(self._missing(run, wanted, first + count))
        return found

    def _missing(self, run: int, wanted: int, end: int) -> str:
        later = [c.first for c in self.runs[run] if c.first > wanted]
        last = min(later[0] if later else end, end) - 1
        state = f"log goes on at {later[0]}" if later else f"log ends before {wanted}"
        damage = f"; damaged: {self.broken}" if self.broken else ""
        return (
            f"{self.path.name}: samples {wanted}..{last} of run {run} are missing; {state}{damage}"
        )


class ServedSamples:
    """The sample logs of one virtual board, in one folder, read as they grow."""

    def __init__(self, folder: Path) -> None:
        """folder: where the twins write `samples-<sensor>-<boot>.bin`; may be empty yet."""
        self._folder = folder
        self._files: dict[tuple[str, int], _File] = {}

    def samples(
        self, sensor: str, boot_index: int, run: int, first: int, count: int
    ) -> NDArray[np.int16]:
        """Digits as they were read over the bus, int16[count, axes].

        boot_index: boot of the twin's process, from 1; run, first: as in the report's record.
        Raises ServedError saying what is missing, ValueError for numbers that cannot be.
        """
        if boot_index < 1 or run < 1 or first < 0 or count < 1:
            raise ValueError(
                f"boot {boot_index}, run {run}, first {first}, count {count}: "
                "boot, run and count start at 1, first at 0"
            )
        path = self._folder / f"samples-{sensor}-{boot_index}.bin"
        log = self._files.setdefault((sensor, boot_index), _File(path))
        try:
            with path.open("rb") as stream:
                log.refresh(stream)
                return _join(stream, log.axes, log.chunks(run, first, count), first, count)
        except OSError as error:
            raise ServedError(
                f"{path}: {error.strerror}; has the sensor been read yet?"
            ) from error

    def last_run(self, sensor: str, boot_index: int) -> tuple[int, int]:
        """(run, samples served in it) of the last run of a boot; (0, 0) where there was none."""
        path = self._folder / f"samples-{sensor}-{boot_index}.bin"
        log = self._files.setdefault((sensor, boot_index), _File(path))
        try:
            with path.open("rb") as stream:
                log.refresh(stream)
        except OSError:
            return 0, 0
        run = max(log.runs, default=0)
        return run, sum(chunk.count for chunk in log.runs.get(run, ()))


def _join(
    stream: BinaryIO, axes: int, chunks: list[_Chunk], first: int, count: int
) -> NDArray[np.int16]:
    block = np.empty((count, axes), np.int16)
    filled = 0
    for chunk in chunks:
        skip = first + filled - chunk.first
        rows = min(chunk.count - skip, count - filled)
        stream.seek(chunk.at + skip * axes * _DIGIT.itemsize)
        raw = stream.read(rows * axes * _DIGIT.itemsize)
        block[filled : filled + rows] = np.frombuffer(raw, _DIGIT).reshape(rows, axes)
        filled += rows
    return block
