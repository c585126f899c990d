"""Dates and times of day in a text file, as seconds."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time


def is_date(field: str) -> bool:
    """Whether it is a date or a time of day by ISO 8601."""
    return is_clock(field) or _date(field) is not None


def is_clock(field: str) -> bool:
    """Whether it is a time of day without a date."""
    return ":" in field and _clock_s(field) is not None


def seconds(fields: Sequence[str]) -> float:
    """Seconds since 1970 of a date, a time of day (of that day), or of both in two fields.

    Without a zone UTC is taken, which knows no hour that is doubled.  Raises ValueError.
    """
    total_s = 0.0
    for field in fields:
        value_s = _clock_s(field) if ":" in field else None
        if value_s is None:
            value_s = _date(field)
        if value_s is None:
            raise ValueError(f"{field!r} is no date")
        total_s += value_s
    return total_s


def _date(field: str) -> float | None:
    try:
        moment = datetime.fromisoformat(field)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _clock_s(field: str) -> float | None:
    try:
        clock = time.fromisoformat(field)
    except ValueError:
        return None
    if clock.tzinfo is not None:
        return None
    moment = datetime.combine(date(1970, 1, 1), clock, UTC)
    return moment.timestamp()
