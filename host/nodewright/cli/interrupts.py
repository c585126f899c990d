"""Ctrl-C, and a kind `kill`, as an event that a loop looks at.

An exception out of nowhere could come between a process and the line that remembers it; an event
comes when we look. It may take a second to act on, and leaves nothing behind.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextmanager
def interrupts() -> Iterator[threading.Event]:
    """Within it, interrupts set the event instead of raising KeyboardInterrupt."""
    asked = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = [(number, signal.signal(number, on_signal)) for number in known]
    try:
        yield asked
    finally:
        for number, handler in before:
            signal.signal(number, handler)
