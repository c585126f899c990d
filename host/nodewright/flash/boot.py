"""Whether a node starts, by what it says on its serial port."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial

import serial

from nodewright.console import parse_event
from nodewright.flash.errors import NotBooted
from nodewright.flash.job import Progress, Say
from nodewright.link.errors import Interrupted
from nodewright.link.repl import BAUD, Repl
from nodewright.plain import plain

_LINE_S = 0.5
_LONGEST = 4096
_WRITTEN = "the board is written and whole"


def after_restart(repl: Repl, within_s: float, say: Say, asked: threading.Event) -> int | None:
    """Start the program anew and wait for its node: its count of boots.

    None: not waited for, or it waits by itself after a crash.  Raises NotBooted, Interrupted.
    """
    repl.restart()
    if not within_s:
        return None
    try:
        return _wait(repl.port, repl.take_line, within_s, say, asked)
    except (serial.SerialException, OSError) as error:
        raise NotBooted(repl.port, str(error)) from None


def listen(port: str, within_s: float, say: Say, asked: threading.Event) -> int | None:
    """The same for a board that was reset already: what it says is heard, nothing is sent.

    Its port may be away for a while, and go once more: that of a chip with USB of its own is
    another one in its boot loader than in its program.
    """
    if not within_s:
        return None
    deadline_s = time.monotonic() + within_s
    while True:
        try:
            line = serial.serial_for_url(port, baudrate=BAUD, timeout=_LINE_S, exclusive=True)
            with closing(line):
                read = partial(line.readline, _LONGEST)
                return _wait(port, read, deadline_s - time.monotonic(), say, asked)
        except (serial.SerialException, OSError, ValueError) as error:
            if time.monotonic() > deadline_s:
                raise NotBooted(port, f"its port did not come back: {error}") from None
        if asked.wait(_LINE_S):
            raise Interrupted(port, _WRITTEN)


def _wait(
    port: str, read: Callable[[], bytes], within_s: float, say: Say, asked: threading.Event
) -> int | None:
    say(Progress("boot"))
    deadline_s = time.monotonic() + within_s
    said = ""
    while time.monotonic() < deadline_s:
        if asked.is_set():
            raise Interrupted(port, _WRITTEN)
        line = read().decode("utf-8", "replace").strip()
        event = parse_event(line)
        said = line or said
        if event is None:
            continue
        if event.name == "boot":
            return int(event.facts["boot"]) if event.facts.get("boot", "").isdigit() else 0
        if event.name == "after_crash":
            return None
        if event.name in ("settings", "crash"):
            break
    raise NotBooted(port, plain(said, 200))
