"""Text files of numbers: comma, semicolon, tab or white space between them."""

import codecs
import io
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nodewright.records.layout import Layout, LayoutError, date_s, find_layout, is_skipped, split
from nodewright.records.recording import MOST_VALUES, RecordingError, Table, default_names
from nodewright.records.timebase import NotUniformError, rate_of, time_unit_s

_SNIFFED_LINES = 200
_LONGEST_LINE = 2**16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_csv(path: Path, stream: IO[bytes], variable: str | None) -> Table:
    """The columns of numbers; one of times gives the rate instead.  Raises RecordingError."""
    if variable is not None:
        raise RecordingError(path, "a text file has no variables", "choose with --channel")
    text = io.TextIOWrapper(stream, _encoding(stream), errors="replace", newline=None)
    try:
        layout = find_layout(_first_lines(path, text))
        text.seek(0)
        numbers, dates_s = _numbers(path, text, layout)
    except LayoutError as error:
        raise RecordingError(path, str(error), "save it as csv with one header line") from error
    finally:
        text.detach()
    return _table(layout, numbers, dates_s)


def _encoding(stream: IO[bytes]) -> str:
    head = stream.read(_LONGEST_LINE)
    stream.seek(0)
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _first_lines(path: Path, text: io.TextIOWrapper) -> list[str]:
    lines: list[str] = []
    while len(lines) < _SNIFFED_LINES and (line := text.readline(_LONGEST_LINE)):
        if len(line) >= _LONGEST_LINE or "\0" in line:
            raise RecordingError(path, "it is no text of short lines", "save it as csv")
        lines.append(line)
    return lines


def _numbers(
    path: Path, text: io.TextIOWrapper, layout: Layout
) -> tuple[NDArray[np.float64], "array[float]"]:
    """(columns of numbers [n, columns], seconds of the first column of dates)."""
    used = [column for column, kind in enumerate(layout.kinds) if kind == "number"]
    dates_s: array[float] = array("d")
    most_rows = MOST_VALUES // len(used)
    try:
        numbers = np.loadtxt(
            _data_lines(text, layout, dates_s),
            delimiter=layout.delimiter,
            usecols=used,
            ndmin=2,
            comments=None,
            max_rows=most_rows + 1,
        )
    except ValueError as error:
        raise RecordingError(path, str(error).partition(";")[0], "correct the file") from error
    if len(numbers) > most_rows:
        raise RecordingError(
            path, f"more than {most_rows} lines", f"at most {MOST_VALUES} values are read; cut it"
        )
    return numbers, dates_s


def _data_lines(text: io.TextIOWrapper, layout: Layout, dates_s: "array[float]") -> Iterator[str]:
    """Lines as np.loadtxt takes them.  Raises ValueError naming the line that is no data."""
    dated = layout.kinds.index("date") if "date" in layout.kinds else None
    for index, line in enumerate(text):
        if index < layout.first_line or is_skipped(line):
            continue
        fields = split(line, layout.delimiter)
        if len(fields) != len(layout.kinds):
            raise ValueError(
                f"line {index + 1} has {len(fields)} fields and not {len(layout.kinds)}"
            )
        for field, kind in zip(fields, layout.kinds, strict=True):
            if kind == "number" and not field:
                raise ValueError(f"line {index + 1} lacks a number")
        if dated is not None:
            dates_s.append(date_s(fields[dated]))
        clean = line.replace('"', "")
        yield clean.replace(",", ".") if layout.decimal_comma else clean


def _table(layout: Layout, numbers: NDArray[np.float64], dates_s: "array[float]") -> Table:
    used = [column for column, kind in enumerate(layout.kinds) if kind == "number"]
    notes = tuple(
        f"column {layout.names[column] if layout.names else column} of text is left out"
        for column, kind in enumerate(layout.kinds)
        if kind == "text"
    )
    names = [layout.names[column] for column in used] if layout.names else []
    rate_hz, problem = None, ""
    try:
        if dates_s:
            rate_hz = rate_of(np.asarray(dates_s))
        elif len(used) > 1:
            step_s = time_unit_s(names[0] if names else None, numbers[:, 0])
            if step_s is not None:
                times, numbers, names = numbers[:, 0], numbers[:, 1:], names[1:]
                rate_hz = rate_of(times * step_s) if step_s else None
    except NotUniformError as error:
        problem = f"its times give no rate: {error}"
        notes += (problem,)
    labels = tuple(names) or default_names(numbers.shape[1])
    return Table(numbers, labels, rate_hz, notes=notes, needs_rate=problem)
