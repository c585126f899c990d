"""`time.ticks_*` and `time.sleep_*`, wrapping at 2**30 as on a board."""

import time

NAMES = ("ticks_ms", "ticks_us", "ticks_cpu", "ticks_add", "ticks_diff", "sleep_ms", "sleep_us")

_PERIOD = 1 << 30  # MicroPython py/mpconfig.h, MICROPY_PY_TIME_TICKS_PERIOD on 32 bit
_HALF = _PERIOD >> 1
# The first wrap comes 10 s after the start, so that code which forgets it is seen.
_START_US = _PERIOD * 1000 - 10_000_000


def _us() -> int:
    return _START_US + time.monotonic_ns() // 1000


_ZERO_US = time.monotonic_ns() // 1000


def ticks_ms() -> int:
    return (_us() - _ZERO_US) // 1000 % _PERIOD


def ticks_us() -> int:
    return (_us() - _ZERO_US) % _PERIOD


def ticks_cpu() -> int:
    return ticks_us()


def _ticks(value: int) -> int:
    if not isinstance(value, int):
        raise TypeError("can't convert %s to int" % type(value).__name__)
    return value


def ticks_add(ticks: int, delta: int) -> int:
    """ticks + delta, wrapped.  Raises OverflowError for a delta of half a period and more."""
    if not -_HALF < _ticks(delta) < _HALF:
        raise OverflowError("ticks interval overflow")
    return (_ticks(ticks) + delta) % _PERIOD


def ticks_diff(end: int, start: int) -> int:
    """end - start, in -2**29..2**29 - 1."""
    return (_ticks(end) - _ticks(start) + _HALF) % _PERIOD - _HALF


def sleep_ms(ms: int) -> None:
    time.sleep(max(0, _ticks(ms)) / 1000)


def sleep_us(us: int) -> None:
    time.sleep(max(0, _ticks(us)) / 1_000_000)
