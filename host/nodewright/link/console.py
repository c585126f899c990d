"""What a board prints, line by line, with the time it came; nothing is sent to it."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import serial

from nodewright.console import Event, Lines, parse_event
from nodewright.link.errors import PortGone
from nodewright.link.repl import BAUD, opened

_TURN_S = 0.2
_PIECE_BYTES = 4096


@dataclass(frozen=True)
class Line:
    """A line.  at_s: the host's clock (Unix time); text: printable; event: of a node of ours."""

    at_s: float
    text: str
    event: Event | None

    @property
    def meaning(self) -> str:
        """What a person should know of it, "" where the line says all itself."""
        if self.event is None:
            return ""
        return _meaning(self.event)


def listen(port: str, take: Callable[[Line], None], asked: threading.Event) -> None:
    """Give every line to `take` until asked to stop.

    Raises PortMissing, PortDenied, PortBusy, PortGone.
    """
    line = opened(
        port,
        lambda: serial.serial_for_url(port, baudrate=BAUD, timeout=_TURN_S, exclusive=True),
    )
    lines = Lines(lambda text: take(_line(text)))
    with closing(line):
        while not asked.is_set():
            try:
                data = line.read(1)
                data += line.read(min(line.in_waiting, _PIECE_BYTES))
            except (serial.SerialException, OSError) as error:
                lines.end()
                raise PortGone(port, str(error)) from None
            lines.feed(data)
    lines.end()


def _line(text: str) -> Line:
    # Colours and cursor movements of a board are not for our terminal.
    plain = "".join(c if c.isprintable() or c == "\t" else "?" for c in text)
    return Line(time.time(), plain, parse_event(text))


def _meaning(event: Event) -> str:
    facts = event.facts
    if event.name == "after_crash":
        return (
            f"boot {facts.get('boot')} ended by {facts.get('error', '?')}; "
            f"{facts.get('count')} times in a row, so it waits {facts.get('wait_s')} s"
        )
    if event.name == "crash":
        return f"an error that nobody caught: {facts.get('error', '?')}; it restarts"
    if event.name == "settings":
        return (
            f"its settings cannot be used: {facts.get('path')} is {facts.get('value')}, allowed: "
            f"{facts.get('allowed', '').replace('_', ' ')}; flash it again"
        )
    return ""
