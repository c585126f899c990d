"""Text files of numbers: comma, semicolon, tab or white space between them."""

import codecs
import io
import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from nodewright.records.dates import seconds
from nodewright.records.layout import Layout, LayoutError, find_layout, is_skipped, number, split
from nodewright.records.recording import (
    MOST_VALUES,
    RecordingError,
    Table,
    default_names,
    one_line,
)
from nodewright.records.timebase import Clock, NotUniformError, find_clock, is_even, rate_of
from nodewright.records.units import stated_unit

_SNIFFED_LINES = 200
_LONGEST_LINE = 2**16
_WHOLE = re.compile(r"[+-]?\d+")
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
        numbers, whole, dates_s = _numbers(path, text, layout)
    except LayoutError as error:
        raise RecordingError(path, str(error), "save it as csv with one header line") from error
    finally:
        text.detach()
    return _table(path, layout, numbers, whole, dates_s)


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
) -> tuple[NDArray[np.float64], tuple[bool, ...], "array[float]"]:
    """(columns of numbers [n, columns], which are written as whole ones, seconds of the dates)."""
    used = [column for column, kind in enumerate(layout.kinds) if kind == "number"]
    whole = set(used)
    values: array[float] = array("d")
    dates_s: array[float] = array("d")
    most_values = MOST_VALUES // len(used) * len(used)
    try:
        for line, fields in _data_lines(text, layout):
            for column in used:
                values.append(_value(line, fields[column], layout.decimal_comma))
            if whole:
                whole = {column for column in whole if _WHOLE.fullmatch(fields[column])}
            if layout.dated:
                dates_s.append(_date_s(line, [fields[column] for column in layout.dated]))
            if len(values) > most_values:
                raise RecordingError(
                    path,
                    f"more than {most_values // len(used)} lines",
                    f"at most {MOST_VALUES} values are read; cut it",
                )
    except ValueError as error:
        raise RecordingError(path, str(error), "correct the file") from error
    table = np.frombuffer(values, np.float64).reshape(-1, len(used))
    return table, tuple(column in whole for column in used), dates_s


def _data_lines(text: io.TextIOWrapper, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """(number from 1, fields) of each line of data.  Raises ValueError for one that is none."""
    columns = len(layout.kinds)
    for index, line in enumerate(text):
        if index < layout.first_line or is_skipped(line):
            continue
        fields = split(line, layout.delimiter)
        if len(fields) != columns:
            raise ValueError(f"line {index + 1} has {len(fields)} fields and not {columns}")
        yield index + 1, fields


def _value(line: int, field: str, decimal_comma: bool) -> float:
    found = number(field, decimal_comma)
    if found is not None:
        return found
    if not field:
        raise ValueError(f"line {line} lacks a number")
    raise ValueError(f"line {line}: could not convert string {one_line(field)[:40]!r} to a number")


def _date_s(line: int, fields: list[str]) -> float:
    try:
        return seconds(fields)
    except ValueError as error:
        raise ValueError(f"line {line}: {one_line(str(error))}") from error


def _table(
    path: Path,
    layout: Layout,
    numbers: NDArray[np.float64],
    whole: tuple[bool, ...],
    dates_s: "array[float]",
) -> Table:
    used = [column for column, kind in enumerate(layout.kinds) if kind == "number"]
    names = [layout.names[column] for column in used] if layout.names else []
    clock = _dated(np.asarray(dates_s)) if dates_s else find_clock(names, numbers)
    kept = [column for column in range(len(used)) if column not in clock.columns]
    labels = tuple(names[column] for column in kept) if names else default_names(len(kept))
    values = numbers[:, kept]
    unread = f"the line {layout.unread[:60]!r} above the data does not fit its columns"
    notes = [
        *([unread] if layout.unread else []),
        *_left_out(layout),
        *clock.notes,
        *([clock.problem] if clock.problem else []),
    ]
    if not dates_s and "text" in layout.kinds and all(is_even(column) for column in values.T):
        text = layout.kinds.index("text")
        raise RecordingError(
            path,
            f"column {layout.names[text] if layout.names else text} is text, and none of numbers "
            "is left beside the times",
            "write plain numbers, without units and thousands",
        )
    notes += [
        f"channel {label} rises in even steps: times or a count, and no vibration"
        for label, column in zip(labels, values.T, strict=True)
        if is_even(column)
    ]
    return Table(
        values,
        labels,
        clock.rate_hz,
        units=tuple(stated_unit(label) for label in labels),
        whole=tuple(whole[column] for column in kept),
        needs_rate=clock.problem or _text_times(layout),
        notes=tuple(notes),
    )


def _dated(times_s: NDArray[np.float64]) -> Clock:
    try:
        return Clock(rate_hz=rate_of(times_s))
    except NotUniformError as error:
        return Clock(problem=f"its times give no rate: {error}")


def _left_out(layout: Layout) -> list[str]:
    return [
        f"column {layout.names[column] if layout.names else column} of text is left out"
        for column, kind in enumerate(layout.kinds)
        if kind == "text"
    ]


def _text_times(layout: Layout) -> str:
    """Why there is no rate, where a column of times may be one that cannot be read."""
    texts = [column for column, kind in enumerate(layout.kinds) if kind == "text"]
    if not texts:
        return ""
    name = layout.names[texts[0]] if layout.names else str(texts[0])
    return (
        f"it does not say its sample rate: column {name} is text and no time that is read, "
        "as 2024-03-09 10:00:00.025"
    )
