"""What a board prints, as lines; and the lines that a node means for the host, as events."""

from collections.abc import Callable
from dataclasses import dataclass, field

PREFIX = "nodewright: "
_LONGEST_LINE = 4096


@dataclass(frozen=True)
class Event:
    """One `nodewright: <name> key=value …` of the console."""

    name: str
    facts: dict[str, str] = field(default_factory=dict)


def parse_event(line: str) -> Event | None:
    """The event that a line of the console is, None for every other line."""
    if not line.startswith(PREFIX):
        return None
    words = line[len(PREFIX) :].split()
    if not words:
        return None
    facts = {}
    for word in words[1:]:
        key, separator, value = word.partition("=")
        if separator and key:
            facts[key] = value
    return Event(words[0], facts)


class Lines:
    """Bytes in, lines out; a line without an end is given out when it gets too long."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._give(line)
        if len(self._rest) > _LONGEST_LINE:
            self.end()

    def end(self) -> None:
        """No more will come of the line begun."""
        if self._rest:
            self._give(self._rest)
        self._rest = b""

    def _give(self, line: bytes) -> None:
        self._take(line.decode(errors="replace").rstrip("\r"))
