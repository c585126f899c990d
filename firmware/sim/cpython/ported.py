"""The modules `utime` and `uselect`, by which the twins reach the host's own clock and sockets."""

import select
import sys
import time
import types

from sim.cpython import clock


def install() -> None:
    """Put them into sys.modules, for the twins of `time` and `select`."""
    utime = types.ModuleType("utime")
    for name in clock.NAMES:
        setattr(utime, name, getattr(clock, name))
    for name, function in (("gmtime", _gmtime), ("localtime", _localtime), ("mktime", _mktime)):
        setattr(utime, name, function)
    sys.modules["utime"] = utime
    uselect = types.ModuleType("uselect")
    for name in ("POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "poll"):
        setattr(uselect, name, getattr(select, name))
    sys.modules["uselect"] = uselect


def _gmtime(seconds: "int | None" = None) -> "tuple[int, ...]":
    return _eight(time.gmtime(seconds))


def _localtime(seconds: "int | None" = None) -> "tuple[int, ...]":
    return _eight(time.localtime(seconds))


def _mktime(local: "tuple[int, int, int, int, int, int, int, int]") -> int:
    return int(time.mktime((*local, -1)))


def _eight(broken_down: time.struct_time) -> "tuple[int, ...]":
    """Year, month, day, hour, minute, second, weekday, yearday: a board tells no summer time."""
    return tuple(broken_down)[:8]
