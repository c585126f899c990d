"""A recording and what can be wrong with one."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodewright.errors import BadInput

# Read from the headers before anything of that size is read: a recording takes at most 512 MiB as
# float64, and reading one at most twice that.
MOST_VALUES = 64 * 2**20
MOST_FILE_BYTES = 512 * 2**20
MOST_CHANNELS = 256
MOST_RATE_HZ = 100e6


class RecordingError(BadInput):
    """A file that is no usable recording: which, what is wrong, and what to do, in one line."""

    def __init__(self, path: Path, wrong: str, cure: str) -> None:
        super().__init__(one_line(f"{path}: {wrong}; {cure}"))
        self.path, self.wrong, self.cure = path, wrong, cure


def one_line(text: str) -> str:
    """Text of a file that may go to a terminal: one line, without control characters."""
    line = " ".join(text.split())
    return "".join(letter if letter.isprintable() else "?" for letter in line)


@dataclass(frozen=True)
class Source:
    """Where the samples came from, so that the same can be read again."""

    path: Path
    format: str
    file_bytes: int
    sha256: str
    variable: str | None  # of an npz or mat file
    scale: float  # unit per stored number; of whole-numbered wav: unit at full scale
    start: int  # first sample, counted in the file
    notes: tuple[str, ...]  # what was decided on the reader's behalf
    unit: str = "g"  # of the values after scaling: a key of UNITS


@dataclass(frozen=True)
class Recording:
    """A waveform of one or more channels, finite throughout."""

    samples: NDArray[np.float64]  # [n, channels], in `unit`
    rate_hz: float
    channels: tuple[str, ...]
    unit: str  # "g" or "A"
    source: Source

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate_hz

    def first(self, count: int) -> "Recording":
        """The first so many samples of it, copied: the rest may go."""
        return replace(self, samples=self.samples[:count].copy())


@dataclass(frozen=True)
class Table:
    """What a format's reader found, before channels, scale and rate are settled."""

    values: NDArray[np.generic]  # [n, channels], whole or real numbers
    names: tuple[str, ...]
    rate_hz: float | None = None
    variable: str | None = None
    units: tuple[str, ...] = ()  # of each channel as the file states it, "" for none; () for all
    whole: tuple[bool, ...] = ()  # of each channel, of text: written as whole numbers throughout
    needs_scale: str = ""  # why the numbers alone are no physical values
    needs_rate: str = ""  # why the file's own times give no rate
    notes: tuple[str, ...] = ()


def count_values(path: Path, what: str, shape: tuple[int, ...]) -> int:
    """How many values a shape announces.  Raises RecordingError beyond the limit."""
    count = 1
    for extent in shape:
        if extent < 0:
            raise RecordingError(
                path, f"{what} announces the shape {shape}", "the file is damaged"
            )
        count *= extent
    if count > MOST_VALUES:
        raise RecordingError(
            path,
            f"{what} announces {count} values",
            f"at most {MOST_VALUES} are read; cut the recording",
        )
    return count


def columns(
    path: Path, what: str, array: NDArray[np.generic]
) -> tuple[NDArray[np.generic], tuple[str, ...]]:
    """An array as [n, channels], time along its longer axis, and what was turned, as notes."""
    if array.dtype.kind not in "iuf":
        raise RecordingError(
            path, f"{what} holds {array.dtype}", "save real or whole numbers without pickling"
        )
    table = array.squeeze()
    if table.ndim == 0 and table.size:
        table = table.reshape(1)
    if table.ndim == 1:
        return table.reshape(-1, 1), ()
    if table.ndim != 2:
        raise RecordingError(
            path, f"{what} has the shape {array.shape}", "save [samples] or [samples, channels]"
        )
    if table.shape[0] >= table.shape[1]:
        return table, ()
    return table.T, (f"shape {array.shape} read as channels × samples",)


def default_names(count: int) -> tuple[str, ...]:
    """x, y, z for three channels, else their numbers."""
    return ("x", "y", "z") if count == 3 else tuple(str(index) for index in range(count))


def whole_numbers(array: NDArray[np.generic]) -> str:
    """Why an array of whole numbers needs a scale, "" for real ones."""
    return f"the values are whole numbers ({array.dtype})" if array.dtype.kind in "iu" else ""
