"""The module `micropython`: what the firmware uses of it, and nothing more."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")

_locked = [0]


def const(value: "T") -> "T":
    """The value.  Raises TypeError for what MicroPython folds on no version (a float, a list)."""
    if not isinstance(value, (int, str, bytes, tuple)):
        raise TypeError("constant must be an integer, a string, bytes or a tuple")
    return value


def native(function: "Callable[..., Any]") -> "Callable[..., Any]":
    """Native code has Python's semantics: the function as it is."""
    return function


def viper(function: "Callable[..., Any]") -> "Callable[..., Any]":
    """A viper function, run in Python with each intermediate checked against int32."""
    from sim.cpython.viper import checked

    return checked(function)


def heap_lock() -> None:
    """Count the lock; CPython's heap cannot be locked: MicroPython proves this, not CPython."""
    _locked[0] += 1


def heap_unlock() -> int:
    """Undo one lock and return how many are left.  Raises RuntimeError where there was none."""
    if not _locked[0]:
        raise RuntimeError("the heap is not locked")
    _locked[0] -= 1
    return _locked[0]


def schedule(function: "Callable[[Any], Any]", argument: "Any") -> None:
    """Call function(argument) now: a soft interrupt between two bytecodes is this caller's too."""
    function(argument)


def alloc_emergency_exception_buf(size: int) -> None:
    """CPython needs none."""


def kbd_intr(character: int) -> None:
    """No serial port, no character of it that interrupts."""


def opt_level(level: "int | None" = None) -> "int | None":
    return 0 if level is None else None


def mem_info(verbose: "Any" = None) -> None:
    """Nothing to tell of CPython's heap."""
