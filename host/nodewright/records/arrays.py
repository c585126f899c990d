"""NumPy's own files: npy and npz.  Nothing in them is ever unpickled.

Source: numpy.lib.format, "Format Version 1.0" and "2.0"; 3.0 differs for structures only.
"""

import ast
import math
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nodewright.records.choose import choose_variable
from nodewright.records.recording import (
    RecordingError,
    Table,
    columns,
    count_values,
    default_names,
    whole_numbers,
)

_NUMBERS = re.compile(r"[<>|=]?[iu][1248]|[<>|=]?f[248]")
_MOST_HEADER_BYTES = 10_000
_MOST_INDEX_BYTES = 2**20  # of the zip's directory: thousands of variables
_END = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 4.3.16: end of central directory
_LOCATOR_BYTES = 20  # 4.3.15: zip64 end of central directory locator


def read_npy(path: Path, stream: IO[bytes], variable: str | None) -> Table:
    """One array.  Raises RecordingError."""
    if variable is not None:
        raise RecordingError(path, "an npy file has no variables", "leave --variable out")
    return _table(path, None, _read_array(path, "the array", stream))


def read_npz(path: Path, stream: IO[bytes], variable: str | None) -> Table:
    """One array of an archive.  Raises RecordingError."""
    _check_index(path, stream)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = {
                name.removesuffix(".npy"): name
                for name in archive.namelist()
                if name.endswith(".npy")
            }
            shapes = {}
            for name, member in members.items():
                with archive.open(member) as part:
                    shape, _, dtype = _read_header(path, name, part)
                    if _NUMBERS.fullmatch(dtype):
                        shapes[name] = shape
            chosen = choose_variable(path, shapes, variable)
            with archive.open(members[chosen]) as part:
                return _table(path, chosen, _read_array(path, chosen, part))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error) as error:
        raise RecordingError(path, f"damaged archive ({error})", "save it again") from error
    except (RuntimeError, NotImplementedError, ValueError) as error:
        raise RecordingError(
            path, f"unreadable archive ({error})", "save it with numpy.savez"
        ) from error


def _table(path: Path, variable: str | None, array: NDArray[np.generic]) -> Table:
    values, notes = columns(path, variable or "the array", array)
    return Table(
        values,
        default_names(values.shape[1]),
        variable=variable,
        needs_scale=whole_numbers(array),
        notes=notes,
    )


def _read_header(path: Path, what: str, stream: IO[bytes]) -> tuple[tuple[int, ...], bool, str]:
    """(shape, Fortran order, dtype) as announced; the dtype may be none of numbers."""
    magic, version = stream.read(6), stream.read(2)
    width = {b"\1\0": 2, b"\2\0": 4}.get(version)
    if magic != b"\x93NUMPY" or width is None:
        raise RecordingError(path, f"{what} has no npy header of version 1 or 2", "save it again")
    length = int.from_bytes(stream.read(width), "little")
    try:
        if length > _MOST_HEADER_BYTES:
            raise ValueError(f"{length} bytes long")
        facts = ast.literal_eval(stream.read(length).decode("latin-1"))
        shape, fortran, dtype = facts["shape"], facts["fortran_order"], facts["descr"]
        if not isinstance(shape, tuple) or any(type(extent) is not int for extent in shape):
            raise ValueError(f"shape {shape!r:.40}")
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
        raise RecordingError(
            path, f"{what} has a header that cannot be read ({error})", "save it again"
        ) from error
    return shape, fortran is True, str(dtype)


def _read_array(path: Path, what: str, stream: IO[bytes]) -> NDArray[np.generic]:
    shape, fortran, dtype = _read_header(path, what, stream)
    if not _NUMBERS.fullmatch(dtype):
        raise RecordingError(
            path, f"{what} holds {dtype:.40}", "save whole numbers or floats; no pickle is opened"
        )
    size = count_values(path, what, shape) * np.dtype(dtype).itemsize
    raw = bytearray()
    while len(raw) < size:
        part = stream.read(min(size - len(raw), 2**24))
        if not part:
            raise RecordingError(
                path,
                f"{what} announces {size} bytes of samples and holds {len(raw)}",
                "the file is cut off; copy it again",
            )
        raw += part
    array = np.frombuffer(raw, dtype, count=math.prod(shape))
    return array.reshape(shape, order="F" if fortran else "C")


def _check_index(path: Path, stream: IO[bytes]) -> None:
    """Refuse an archive whose directory alone would fill the memory."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - _END.size - _LOCATOR_BYTES - 0xFFFF))
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END.size:
        raise RecordingError(path, "no directory of the archive at its end", "copy it again")
    index_bytes = _END.unpack_from(tail, at)[5]
    zip64 = tail[max(0, at - _LOCATOR_BYTES) : at].startswith(b"PK\6\7")
    if zip64 or index_bytes > _MOST_INDEX_BYTES:
        raise RecordingError(
            path, "the archive's directory is too large", "save the one array as npy"
        )
    stream.seek(0)
