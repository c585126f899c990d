"""NumPy's own files: npy and npz.  Nothing in them is ever unpickled."""

import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy_format
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
                    if dtype.kind in "iuf":
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


def _read_header(
    path: Path, what: str, stream: IO[bytes]
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """(shape, Fortran order, dtype) as announced."""
    try:
        version = npy_format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = npy_format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = npy_format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"npy version {version[0]}.{version[1]}")
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        first_line = str(error).partition("\n")[0]
        raise RecordingError(
            path, f"{what} has a header that cannot be read ({first_line})", "save it again"
        ) from error
    return shape, fortran, dtype


def _read_array(path: Path, what: str, stream: IO[bytes]) -> NDArray[np.generic]:
    shape, fortran, dtype = _read_header(path, what, stream)
    if dtype.kind not in "iuf":
        raise RecordingError(
            path, f"{what} holds {dtype}", "save real or whole numbers; nothing is unpickled"
        )
    if dtype.itemsize > 8:
        raise RecordingError(path, f"{what} holds {dtype}", "save it as float64")
    size = count_values(path, what, shape) * dtype.itemsize
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
