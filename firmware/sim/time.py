"""The twin of `time`: the ticks of a board over the simulated clock.

Ticks wrap at 2**30 as on a board with 32-bit words, and start 20 s before the wrap, so that every
run crosses it.  A blocking sleep advances the clock at once.
"""

import utime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sim.world import World

_PERIOD = 1 << 30  # MicroPython: MICROPY_PY_TIME_TICKS_PERIOD is MP_SMALL_INT_POSITIVE_MASK + 1
_HALF = 1 << 29
START_BEFORE_WRAP_MS = 20_000
_START_MS = _PERIOD - START_BEFORE_WRAP_MS
_START_US = _PERIOD - START_BEFORE_WRAP_MS * 1000
_BOOT_EPOCH_S = 1_609_459_200  # 2021-01-01, where the RP2040's clock stands until it is set

gmtime = utime.gmtime
localtime = utime.localtime
mktime = utime.mktime

_worlds: "list[World]" = []
_set_ahead_s = [0]


def attach(world: "World") -> None:
    """Whose clock this module shows."""
    _worlds[:] = [world]
    _set_ahead_s[0] = 0


def set_time(epoch_s: int) -> None:
    """What `machine.RTC` sets: the date, not the ticks."""
    _set_ahead_s[0] += epoch_s - time()


def ticks_ms() -> int:
    return (_START_MS + _worlds[0].asked_us() // 1000) % _PERIOD


def ticks_us() -> int:
    return (_START_US + _worlds[0].asked_us()) % _PERIOD


def ticks_cpu() -> int:
    return ticks_us()


def ticks_add(ticks: int, delta: int) -> int:
    """ticks + delta, wrapped.  Raises OverflowError for a delta of half a period and more."""
    if not -_HALF < delta < _HALF:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(end: int, start: int) -> int:
    """end - start, in -2**29..2**29 - 1."""
    return ((end - start + _HALF) & (_PERIOD - 1)) - _HALF


def sleep_us(us: int) -> None:
    _worlds[0].sleep_us(us)


def sleep_ms(ms: int) -> None:
    _worlds[0].sleep_us(ms * 1000)


def sleep(seconds: float) -> None:
    _worlds[0].sleep_us(int(seconds * 1_000_000))


def time() -> int:
    return _BOOT_EPOCH_S + _set_ahead_s[0] + _worlds[0].now_us() // 1_000_000


def time_ns() -> int:
    return (_BOOT_EPOCH_S + _set_ahead_s[0]) * 1_000_000_000 + _worlds[0].now_us() * 1000
