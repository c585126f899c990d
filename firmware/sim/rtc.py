"""The twin of `machine.RTC`: sets what the twin of `time` says; mbedTLS reads the host's clock."""

import utime

from sim import time


class RTC:
    """All objects are the one clock of the board."""

    def __init__(self, id: int = 0) -> None:
        if id != 0:
            raise ValueError("RTC(%d) doesn't exist" % id)

    def datetime(
        self, now: "tuple[int, int, int, int, int, int, int, int] | None" = None
    ) -> "tuple[int, ...] | None":
        """Set or read (year, month, day, weekday from 0 for Monday, hour, minute, second, 0)."""
        if now is None:
            year, month, day, hour, minute, second, weekday = utime.gmtime(time.time())[:7]
            return year, month, day, weekday, hour, minute, second, 0
        if len(now) != 8:
            raise TypeError("object doesn't have 8 elements")
        year, month, day, _, hour, minute, second, _ = now
        time.set_time(_epoch_s(year, month, day) + (hour * 60 + minute) * 60 + second)
        return None


def _epoch_s(year: int, month: int, day: int) -> int:
    """Seconds to midnight of a date from 1970-01-01 on.  `mktime` of the host knows time zones."""
    days = -719_163
    months = (31, 29 if _leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    before = year - 1
    days += before * 365 + before // 4 - before // 100 + before // 400
    return (days + sum(months[: month - 1]) + day) * 86_400


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
