"""How a text file of numbers is laid out, found from its first lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nodewright.records.recording import one_line

_COMMENT = ("#", "%")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Layout:
    """Where the numbers stand.  delimiter None: any white space."""

    delimiter: str | None
    decimal_comma: bool
    first_line: int  # of the data, from 0
    kinds: tuple[str, ...]  # of each column: "number", "date", "text", "empty"
    names: tuple[str, ...]  # of each column; empty without a header


class LayoutError(ValueError):
    """No layout fits; the text says what is odd."""


def split(line: str, delimiter: str | None) -> list[str]:
    """The fields of a line, without quotes and blanks around them."""
    return [field.strip() for field in line.strip("\r\n ").replace('"', "").split(delimiter)]


def is_skipped(line: str) -> bool:
    """Blank lines and comments hold no data, wherever they stand."""
    return not line.strip() or line.lstrip().startswith(_COMMENT)


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
    names = _header(lines[: data[first]], delimiter, len(kinds))
    return Layout(delimiter, decimal_comma, data[first], kinds, names)


def number(field: str, decimal_comma: bool) -> float | None:
    """The number in a field, None if it is none."""
    try:
        return float(field.replace(",", ".") if decimal_comma else field)
    except ValueError:
        return None


def date_s(field: str) -> float:
    """Seconds since 1970 of an ISO 8601 date.  Raises ValueError."""
    return datetime.fromisoformat(field).timestamp()


def _punctuation(lines: Sequence[str]) -> tuple[str | None, bool]:
    """(delimiter, decimal comma), from the last of the lines, which is surely data."""
    line = lines[-1]
    for delimiter in (";", "\t"):
        if delimiter in line:
            return delimiter, any(_DECIMAL_COMMA.fullmatch(f) for f in split(line, delimiter))
    if "," not in line:
        return None, False
    words = line.split()
    if len(words) > 1 and all(_DECIMAL_COMMA.fullmatch(word) for word in words):
        return None, True
    if line.count(",") == 1 and _DECIMAL_COMMA.fullmatch(line.strip()):
        return _one_comma(lines)
    return ",", False


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
    try:
        date_s(field)
    except (ValueError, OverflowError):
        return "text"
    return "date"


def _fits(fields: Sequence[str], kinds: Sequence[str], decimal_comma: bool) -> bool:
    """Whether a line can be data like the last one; a missing number is still a line of data."""
    if len(fields) != len(kinds):
        return False
    found = _kinds(fields, decimal_comma)
    return any(kind == "number" for kind in found) and all(
        a == b or "empty" in (a, b) or b == "text" for a, b in zip(found, kinds, strict=True)
    )


def _header(before: Sequence[str], delimiter: str | None, columns: int) -> tuple[str, ...]:
    """The names in the nearest line before the data that has as many fields."""
    for line in reversed(before):
        fields = split(line.lstrip("".join(_COMMENT) + " "), delimiter)
        if len(fields) == columns and any(fields):
            return tuple(one_line(field) for field in fields)
    return ()
