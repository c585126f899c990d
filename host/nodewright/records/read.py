"""One way in for every format: open safely, read, choose channels, scale, check."""

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nodewright.records.arrays import read_npy, read_npz
from nodewright.records.matlab import read_mat
from nodewright.records.recording import (
    MOST_CHANNELS,
    MOST_FILE_BYTES,
    Recording,
    RecordingError,
    Source,
    Table,
)
from nodewright.records.settle import (
    factor_of,
    in_unit,
    rate_of_table,
    too_strong,
    unit_of,
    without_times,
)
from nodewright.records.text import read_csv
from nodewright.records.units import UNITS
from nodewright.records.wav import read_wav

Reader = Callable[[Path, IO[bytes], str | None], Table]
FORMATS: dict[str, Reader] = {
    "npy": read_npy,
    "npz": read_npz,
    "csv": read_csv,
    "wav": read_wav,
    "mat": read_mat,
}
_SUFFIXES = {
    **dict.fromkeys(("txt", "tsv", "dat", "asc", "lvm"), "csv"),
    **dict.fromkeys(("wave", "rf64"), "wav"),
}

# Formats of recorders that are not read, and what makes one of them that is.
_CONVERTERS = {
    **dict.fromkeys(("tdms",), "save it as csv in DIAdem, or by npTDMS and numpy.save as npy"),
    **dict.fromkeys(("uff", "unv", "uf", "bunv"), "save it by pyuff and numpy.save as npy"),
    **dict.fromkeys(("h5", "hdf5", "hdf"), "save its array by h5py and numpy.save as npy"),
    **dict.fromkeys(("parquet", "feather"), "save it by pandas.DataFrame.to_csv as csv"),
    **dict.fromkeys(("xls", "xlsx", "ods"), "save the sheet as csv"),
    **dict.fromkeys(
        ("mp3", "flac", "ogg", "m4a", "aif", "aiff", "w64"), "save it by ffmpeg as wav"
    ),
    **dict.fromkeys(("gz", "zip", "7z", "bz2", "xz"), "unpack it"),
    **dict.fromkeys(("json", "pkl", "pickle"), "save its array by numpy.save as npy"),
}

_NAMELESS = ("npy", "npz", "mat")  # formats in which a column of times bears no name

Channel = str | int


def read(
    path: str | Path,
    *,
    rate_hz: float | None = None,
    scale: float | None = None,
    unit: str | None = None,
    channel: Channel | Sequence[Channel] | None = None,
    variable: str | None = None,
    start: int = 0,
    count: int | None = None,
    least: int = 2,
) -> Recording:
    """A recording, finite throughout and at least `least` samples long.

    rate_hz: overrides what the file says.  scale: unit per stored number (of wav: unit at
    full scale); required there and where the file has whole numbers, 1 elsewhere.  unit: one of
    UNITS, of the values after scaling; None for what the file states, else g.  channel: name or
    index from 0, or several, in the order wanted; None for all.  variable: of an npz or mat file.
    start, count: samples, count None for all that follow.  Raises RecordingError: one line with
    the file, what is wrong, the cure.
    """
    path = Path(path)
    if unit is not None and unit not in UNITS:
        raise RecordingError(path, f"unit {unit!r} is unknown", f"use one of {', '.join(UNITS)}")
    kind = path.suffix.lower().removeprefix(".")
    kind = _SUFFIXES.get(kind, kind)
    if kind not in FORMATS:
        cure = f"use {_formats()}; of text, whatever its name, make a copy that ends in .csv"
        if kind in _CONVERTERS:
            cure = f"{_CONVERTERS[kind]}, then read that"
        raise RecordingError(path, f"format {path.suffix or 'without suffix'!r} is unknown", cure)
    with _open(path) as stream:
        digest = _sha256(stream)
        size = stream.seek(0, 2)
        stream.seek(0)
        table = FORMATS[kind](path, stream, variable)
    if kind in _NAMELESS:
        table = without_times(table)
    picked = _pick(path, table.names, channel)
    values = _cut(path, table.values, start, count, least)[:, picked]
    factor = factor_of(path, table, values, scale)
    chosen, unit_notes = unit_of(path, table, picked, unit, scale)
    kept_unit, unit_factor = UNITS[chosen]
    samples = in_unit(path, values, factor * unit_factor, start, picked)
    rate, notes = rate_of_table(path, table, rate_hz)
    notes += too_strong(samples, kept_unit)
    return Recording(
        samples=samples,
        rate_hz=rate,
        channels=tuple(table.names[index] for index in picked),
        unit=kept_unit,
        source=Source(
            path,
            kind,
            size,
            digest,
            table.variable,
            factor,
            start,
            table.notes + unit_notes + notes,
            chosen,
        ),
    )


def _formats() -> str:
    return ", ".join(sorted({*FORMATS, *_SUFFIXES}))


def _open(path: Path) -> IO[bytes]:
    """The file, opened without waiting for a pipe's other end, if it is one of a sane size."""
    try:
        handle = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise RecordingError(path, f"cannot be opened ({reason})", "check the path") from error
    facts = os.fstat(handle)
    wrong = ""
    if not stat.S_ISREG(facts.st_mode):
        wrong, cure = "no regular file", "give the path of a recording"
    elif facts.st_size == 0:
        wrong, cure = "empty", "record again"
    elif facts.st_size > MOST_FILE_BYTES:
        wrong = f"{facts.st_size} bytes long"
        cure = f"at most {MOST_FILE_BYTES} are read; cut the recording"
    if wrong:
        os.close(handle)
        raise RecordingError(path, wrong, cure)
    return os.fdopen(handle, "rb")


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while part := stream.read(2**20):
        digest.update(part)
    return digest.hexdigest()


def _pick(
    path: Path, names: tuple[str, ...], channel: Channel | Sequence[Channel] | None
) -> list[int]:
    if len(names) > MOST_CHANNELS:
        raise RecordingError(
            path, f"{len(names)} channels", f"at most {MOST_CHANNELS} can be; is it transposed?"
        )
    if channel is None:
        return list(range(len(names)))
    wanted = [channel] if isinstance(channel, str | int) else list(channel)
    picked = []
    for one in wanted:
        if isinstance(one, str) and one in names:
            picked.append(names.index(one))
        elif isinstance(one, str) and not one.isdecimal():
            raise RecordingError(path, f"no channel {one!r}", f"it has {', '.join(names)}")
        elif 0 <= int(one) < len(names):
            picked.append(int(one))
        else:
            raise RecordingError(path, f"no channel {one}", f"it has {_numbered(names)}")
    if not picked:
        raise RecordingError(path, "no channel is asked for", f"it has {', '.join(names)}")
    return picked


def _numbered(names: tuple[str, ...]) -> str:
    """Which channels there are, by number and name: a name that is but its number is not said."""
    numbers = f"0 to {len(names) - 1}" if len(names) > 1 else "one, 0"
    if names == tuple(str(index) for index in range(len(names))):
        return numbers
    return f"{numbers}: {', '.join(names)}"


def _cut(
    path: Path, values: NDArray[np.generic], start: int, count: int | None, least: int
) -> NDArray[np.generic]:
    if start < 0:
        raise RecordingError(path, f"start {start}", "the first sample is 0: start from 0 on")
    if count is not None and count < 1:
        raise RecordingError(path, f"count {count}", "take 1 sample or more")
    part = values[start : None if count is None else start + count]
    needed = max(least, count or 0)
    if len(part) < needed:
        raise RecordingError(
            path,
            f"{len(part)} samples from {start} on, of {len(values)}",
            f"{needed} are needed; record longer or start earlier",
        )
    return part
