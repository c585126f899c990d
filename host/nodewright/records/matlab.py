"""MATLAB's level 5 MAT-files: full real arrays, also in structs, arrays of structs and cells.

Own code and not scipy.io.loadmat: the sizes inside compressed elements are claims, which loadmat
believes before anything can be checked.  The tests hold the two against each other.
Source: MAT-File Format (MathWorks, R2024a), chapter 1, "Level 5 MAT-Files".
"""

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nodewright.records.choose import choose_variable
from nodewright.records.recording import (
    MOST_VALUES,
    RecordingError,
    Table,
    columns,
    count_values,
    default_names,
    whole_numbers,
)

_HEADER_BYTES = 128
# table 1-1: data types
_MI_MATRIX, _MI_COMPRESSED = 14, 15
_STORED = dict(
    zip(
        (1, 2, 3, 4, 5, 6, 7, 9, 12, 13),
        ("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8"),
        strict=True,
    )
)
# table 1-3: array types
_MX_CELL, _MX_STRUCT, _MX_OBJECT = 1, 2, 3
_MX_NUMBERS = range(6, 16)
_COMPLEX = 0x0800  # array flags
_MOST_DEPTH = 4
_MOST_FIELDS = 4096
_MOST_ELEMENTS = 4096  # of a cell or an array of structs
_MOST_BYTES = 8 * MOST_VALUES + 2**20


@dataclass(frozen=True)
class _Numbers:
    """An array whose numbers are not decoded yet."""

    shape: tuple[int, ...]
    stored: str  # dtype of its bytes
    raw: memoryview
    whole: bool  # MATLAB's class is one of whole numbers


class _DamagedError(Exception):
    pass


def read_mat(path: Path, stream: IO[bytes], variable: str | None) -> Table:
    """One variable, or one within it, named as MATLAB does: `bearing.gs`, `Y(3).Data`, `data{1}`.

    Raises RecordingError.
    """
    order = _byte_order(path, stream)
    try:
        found = dict(_variables(path, stream, order))
    except (_DamagedError, struct.error, zlib.error, UnicodeDecodeError) as error:
        raise RecordingError(path, f"damaged ({error})", "save it again with -v7") from error
    chosen = choose_variable(path, {name: n.shape for name, n in found.items()}, variable)
    numbers = found[chosen]
    count = count_values(path, chosen, numbers.shape)
    if count * np.dtype(numbers.stored).itemsize != len(numbers.raw):
        raise RecordingError(
            path,
            f"{chosen} announces {count} values and holds {len(numbers.raw)} bytes of them",
            "save it again",
        )
    array: NDArray[np.generic] = np.frombuffer(numbers.raw, numbers.stored)
    values, notes = columns(path, chosen, array.reshape(numbers.shape, order="F"))
    needs_scale = whole_numbers(array) if numbers.whole else ""
    return Table(
        values,
        default_names(values.shape[1]),
        variable=chosen,
        needs_scale=needs_scale,
        notes=notes,
    )


def _byte_order(path: Path, stream: IO[bytes]) -> str:
    header = stream.read(_HEADER_BYTES)
    if header.startswith((b"MATLAB 7.3", b"\x89HDF\r\n\x1a\n")):
        raise RecordingError(
            path, "a MAT-file of version 7.3 (HDF5)", "save it in MATLAB with the option -v7"
        )
    order = {b"IM": "<", b"MI": ">"}.get(header[126:128])
    if order is None or len(header) < _HEADER_BYTES:
        raise RecordingError(path, "no level 5 MAT-file", "save it in MATLAB with the option -v7")
    return order


def _variables(path: Path, stream: IO[bytes], order: str) -> Iterator[tuple[str, _Numbers]]:
    budget = _MOST_BYTES
    while head := stream.read(8):
        kind, size = struct.unpack(order + "II", head)
        if size > _MOST_BYTES:
            raise _DamagedError(f"an element announces {size} bytes")
        body = stream.read(size)
        if len(body) < size:
            raise _DamagedError(f"an element of {size} bytes is cut off after {len(body)}")
        if kind == _MI_COMPRESSED:
            inflater = zlib.decompressobj()
            kind, size = struct.unpack(order + "II", inflater.decompress(body, 8))
            if size > budget:
                raise RecordingError(
                    path, f"{size} bytes of numbers are packed in it", "cut the recording"
                )
            # Never more than announced, whatever the stream would go on to.
            body = inflater.decompress(inflater.unconsumed_tail, size) if size else b""
        budget -= len(body)
        if budget <= 0:
            raise RecordingError(path, f"more than {_MOST_BYTES} bytes in all", "cut it")
        if kind == _MI_MATRIX:
            yield from _matrix(memoryview(body), order, "", 0)


def _element(data: memoryview, at: int, order: str) -> tuple[int, memoryview, int]:
    """(type, bytes, where the next one starts) of the element at a place."""
    (word,) = struct.unpack_from(order + "I", data, at)
    if word >> 16:  # the small format: size and type in one word, up to 4 bytes in the next
        kind, size, start = word & 0xFFFF, word >> 16, at + 4
        following = at + 8
    else:
        kind, (size,) = word, struct.unpack_from(order + "I", data, at + 4)
        start, following = at + 8, at + 8 + (size + 7) // 8 * 8
    if start + size > len(data):
        raise _DamagedError(f"an element announces {size} bytes, {len(data) - start} follow")
    return kind, data[start : start + size], following


def _matrix(
    data: memoryview, order: str, parent: str, depth: int
) -> Iterator[tuple[str, _Numbers]]:
    """The arrays of numbers in one matrix element: itself, or its fields."""
    if not data:
        return
    _, flags_raw, at = _element(data, 0, order)
    (flags,) = struct.unpack_from(order + "I", flags_raw)
    array_class = flags & 0xFF
    if array_class >= _MX_NUMBERS.stop:  # opaque ones have no dimensions
        return
    _, dimensions, at = _element(data, at, order)
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    _, name_raw, at = _element(data, at, order)
    name = parent + bytes(name_raw).decode("ascii")
    if array_class in _MX_NUMBERS and not flags & _COMPLEX:
        kind, raw, _ = _element(data, at, order)
        if kind in _STORED:
            yield name, _Numbers(shape, order + _STORED[kind], raw, array_class > 7)
    elif array_class == _MX_CELL and depth < _MOST_DEPTH:
        for index in range(_elements(name, shape)):
            kind, body, at = _element(data, at, order)
            if kind == _MI_MATRIX:
                yield from _matrix(body, order, f"{name}{{{index + 1}}}", depth + 1)
    elif array_class in (_MX_STRUCT, _MX_OBJECT) and depth < _MOST_DEPTH:
        yield from _fields(data, at, order, name, shape, depth, array_class == _MX_OBJECT)


def _fields(
    data: memoryview,
    at: int,
    order: str,
    name: str,
    shape: tuple[int, ...],
    depth: int,
    has_class_name: bool,
) -> Iterator[tuple[str, _Numbers]]:
    """The fields of a struct, or of each struct of an array, counted from 1 along its columns."""
    count = _elements(name, shape)
    if has_class_name:
        _, _, at = _element(data, at, order)
    _, width_raw, at = _element(data, at, order)
    (width,) = struct.unpack_from(order + "i", width_raw)
    _, names_raw, at = _element(data, at, order)
    names = bytes(names_raw)
    if width < 1 or len(names) // width > _MOST_FIELDS:
        raise _DamagedError(f"{name} announces field names of {width} bytes")
    fields = [
        names[start : start + width].partition(b"\0")[0].decode("ascii")
        for start in range(0, len(names), width)
    ]
    for index in range(count):
        one = name if count == 1 else f"{name}({index + 1})"
        for field in fields:
            kind, body, at = _element(data, at, order)
            if kind == _MI_MATRIX:
                # A field's own name is empty: its parent names it.
                yield from _matrix(body, order, f"{one}.{field}", depth + 1)


def _elements(name: str, shape: tuple[int, ...]) -> int:
    count = math.prod(shape)
    if not 0 <= count <= _MOST_ELEMENTS or min(shape, default=0) < 0:
        raise _DamagedError(f"{name} announces {shape} elements")
    return count
