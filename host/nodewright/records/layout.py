"""How a text file of numbers is laid out, found from its first lines."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nodewright.records.dates import is_clock, is_date
from nodewright.records.recording import one_line
from nodewright.records.timebase import is_time_unit
from nodewright.records.units import known_unit

_COMMENT = ("#", "%")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?")
_WORD_AND_UNIT = re.compile(r"\S+(?:[ \t]+[\[({<][^\])}>]*[\])}>])?")
_BRACKETED = re.compile(r"[\[({<].*[\])}>]")


@dataclass(frozen=True)
class Layout:
    """Where the numbers stand.  delimiter None: any white space."""

    delimiter: str | None
    decimal_comma: bool
    first_line: int  # of the data, from 0
    kinds: tuple[str, ...]  # of each column: "number", "date", "text", "empty"
    names: tuple[str, ...]  # of each column; empty without a header
    unread: str = ""  # the line above the data, where it is no header of these columns
    dated: tuple[int, ...] = ()  # the column of dates, or of times of day, or of both


class LayoutError(ValueError):
    """No layout fits; the text says what is odd."""


def split(line: str, delimiter: str | None) -> list[str]:
    """The fields of a line, without quotes and blanks around them."""
    line = line.strip("\r\n ")
    if '"' not in line:
        return [field.strip() for field in line.split(delimiter)]
    if delimiter is None:
        return line.replace('"', "").split()
    # A delimiter within quotes is part of the field: "1,5" is one number.
    return [field.strip() for field in next(csv.reader([line], delimiter=delimiter), [])]


def is_skipped(line: str) -> bool:
    """Blank lines and comments hold no data, wherever they stand; nor does the end mark of DOS."""
    return not line.strip(" \t\r\n\x1a") or line.lstrip().startswith(_COMMENT)


def find_layout(lines: Sequence[str]) -> Layout:
    """The layout of the file that begins with these lines.  Raises LayoutError."""
    data = [index for index, line in enumerate(lines) if not is_skipped(line)]
    if not data:
        raise LayoutError("no line of data at the beginning")
    delimiter, decimal_comma = _punctuation([lines[index] for index in data])
    kinds = _kinds(split(lines[data[-1]], delimiter), decimal_comma)
    if "number" not in kinds:
        raise LayoutError(f"line {data[-1] + 1} has no number")
    first = len(data) - 1
    while first and _fits(split(lines[data[first - 1]], delimiter), kinds, decimal_comma):
        first -= 1
    if any(_fits(split(lines[at], delimiter), kinds, decimal_comma) for at in data[:first]):
        # Not a header but a hole: what stands before it would be lost without a word.
        raise LayoutError(f"line {data[first - 1] + 1} does not fit the lines around it")
    names = _header(lines[: data[first]], delimiter, kinds)
    top = split(lines[data[first]], delimiter)
    if not names and _are_numbers_of_columns(top) and first + 1 < len(data):
        below = split(lines[data[first + 1]], delimiter)
        if any(number(field, decimal_comma) is None or "." in field for field in below):
            first, names = first + 1, tuple(top)
    dated = _dated(split(lines[data[-1]], delimiter), kinds)
    above = [lines[index].strip() for index in data[:first]]
    unread = one_line(above[-1]) if above and not names else ""
    return Layout(delimiter, decimal_comma, data[first], kinds, names, unread, dated)


def number(field: str, decimal_comma: bool) -> float | None:
    """The number in a field, None if it is none."""
    try:
        return float(field.replace(",", ".") if decimal_comma else field)
    except ValueError:
        return None


def _punctuation(lines: Sequence[str]) -> tuple[str | None, bool]:
    """(delimiter, decimal comma), from the last of the lines, which is surely data."""
    line = lines[-1]
    for delimiter in (";", "\t", "|"):
        if delimiter in line:
            return delimiter, _has_decimal_comma(lines, delimiter)
    if '"' in line and "," in line and _has_decimal_comma(lines, ","):
        return ",", True
    if "," not in line:
        return None, False
    words = line.split()
    if len(words) > 1 and all(_DECIMAL_COMMA.fullmatch(word) for word in words):
        return None, True
    if line.count(",") == 1 and _DECIMAL_COMMA.fullmatch(line.strip()):
        return _one_comma(lines)
    return ",", False


def _dated(fields: Sequence[str], kinds: Sequence[str]) -> tuple[int, ...]:
    """The first date, with the first time of day where the date has none of its own."""
    dates = [column for column, kind in enumerate(kinds) if kind == "date"]
    clocks = [column for column in dates if is_clock(fields[column])]
    whole = [column for column in dates if column not in clocks]
    if whole and ":" in fields[whole[0]]:
        return (whole[0],)
    return tuple(whole[:1] + clocks[:1])


def _has_decimal_comma(lines: Sequence[str], delimiter: str) -> bool:
    """By all the lines: a single one may hold whole numbers only."""
    fields = [field for line in lines for field in split(line, delimiter)]
    if any(_DECIMAL_POINT.fullmatch(field) for field in fields):
        return False
    return any(_DECIMAL_COMMA.fullmatch(field) for field in fields)


def _one_comma(lines: Sequence[str]) -> tuple[str | None, bool]:
    """`12,5` is one number or two: a header decides, or a decimal point elsewhere."""
    header = lines[0]
    if number(header, decimal_comma=True) is None:
        return (",", False) if "," in header else (None, True)
    if any("." in line for line in lines):
        return ",", False
    raise LayoutError(f"{lines[-1].strip()!r} may be one number or two")


def _kinds(fields: Sequence[str], decimal_comma: bool) -> tuple[str, ...]:
    return tuple(_kind(field, decimal_comma) for field in fields)


def _kind(field: str, decimal_comma: bool) -> str:
    if not field:
        return "empty"
    if number(field, decimal_comma) is not None:
        return "number"
    return "date" if is_date(field) else "text"


def _fits(fields: Sequence[str], kinds: Sequence[str], decimal_comma: bool) -> bool:
    """Whether a line can be data like the last one; a missing number is still a line of data."""
    if len(fields) != len(kinds):
        return False
    found = _kinds(fields, decimal_comma)
    return any(kind == "number" for kind in found) and all(
        a == b or "empty" in (a, b) or b == "text" for a, b in zip(found, kinds, strict=True)
    )


def _header(before: Sequence[str], delimiter: str | None, kinds: Sequence[str]) -> tuple[str, ...]:
    """The names in the nearest line before the data that has as many fields.

    A line of nothing but units belongs to the names above it: `Time,A` and `(ms),(mV)` are
    `Time (ms)` and `A (mV)`.
    """
    units: list[str] | None = None
    for line in reversed(before):
        fields = _padded(_names(line.lstrip("".join(_COMMENT) + " "), delimiter), kinds)
        if fields is None or any(
            number(field, decimal_comma=True) is not None for field in fields
        ):
            continue
        if units is None and _are_units(fields):
            units = fields
            continue
        if units is not None:
            fields = [_with_unit(*both) for both in zip(fields, units, strict=True)]
        return tuple(one_line(field) for field in fields)
    return tuple(units) if units is not None else ()


def _names(line: str, delimiter: str | None) -> list[str]:
    """The fields of a header; between blanks a unit in brackets belongs to the word before it."""
    return split(line, delimiter) if delimiter else _WORD_AND_UNIT.findall(line.replace('"', ""))


def _padded(fields: list[str], kinds: Sequence[str]) -> list[str] | None:
    """As many fields as there are columns; empty ones at the end of either may be missing.

    So may the comments of a LabVIEW file, which has a name for them and seldom one in a line.
    """
    while len(fields) > len(kinds) and fields[-1].lower() in ("", "comment"):
        fields.pop()
    missing = len(kinds) - len(fields)
    if missing < 0 or any(kind != "empty" for kind in kinds[len(fields) :]):
        return None
    return [*fields, *[""] * missing] if any(fields) else None


def _are_numbers_of_columns(fields: Sequence[str]) -> bool:
    """Whether a line is 0,1,2: the header of a table without names, an index before it or not."""
    named = fields[1:] if not fields[0] else fields
    return len(fields) > 1 and list(named) == [str(index) for index in range(len(named))]


def _are_units(fields: Sequence[str]) -> bool:
    told = [field for field in fields if field not in ("", "-")]
    return bool(told) and all(
        _BRACKETED.fullmatch(field) or known_unit(field) or is_time_unit(field) for field in told
    )


def _with_unit(name: str, unit: str) -> str:
    if unit in ("", "-"):
        return name
    return f"{name} {unit}" if _BRACKETED.fullmatch(unit) else f"{name} [{unit}]"
