"""What a board's program says on its port, for whoever waits for some of it."""

import threading
import time
from types import TracebackType
from typing import Self

from nodewright.console import Event
from nodewright.errors import NodewrightError
from nodewright.link.console import Line
from nodewright.link.errors import Interrupted, PortGone, PortMissing
from nodewright.validate.bench import Heard

_AGAIN_S = 0.05
_CRASH = "crash"  # node/start.py: an error that nobody caught; it restarts
_TURN_S = 0.2
_HEARD_S = 0.5  # whoever could not open a port knows sooner
_AWAY_S = 20.0  # longer than any reset takes, and than a system needs to see a board of USB again


class Console:
    """Listens until it is stopped; a port that vanishes in a reset is opened again.

    One that stays away ends every wait with PortMissing or PortGone.
    """

    def __init__(self, hear: Heard, asked: threading.Event) -> None:
        """asked: ends every wait."""
        self._hear = hear
        self._asked = asked
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._events: list[Event] = []
        self._away: PortMissing | PortGone | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def count(self) -> int:
        """How many events have come."""
        return len(self._events)

    def wait_for(
        self,
        names: str | tuple[str, ...],
        within_s: float,
        after: int = 0,
    ) -> tuple[Event, int] | None:
        """The first event of this name, or of these, and how many had come up to it.

        after: so many that came first are left out.  None where it does not come in time, or the
        program crashes before it.  Raises Interrupted, PortMissing, PortGone.
        """
        wanted = (names,) if isinstance(names, str) else names
        deadline_s = time.monotonic() + within_s
        with self._changed:
            at = after
            while True:
                while at < len(self._events):
                    event = self._events[at]
                    at += 1
                    if event.name in wanted:
                        return event, at
                    if event.name == _CRASH:
                        return None
                if self._away is not None:
                    raise self._away
                left_s = deadline_s - time.monotonic()
                if left_s <= 0:
                    return None
                if self._asked.is_set():
                    raise Interrupted("the board", "its program runs")
                self._changed.wait(min(left_s, _TURN_S))

    def crash(self) -> str:
        """What has ended the program, "" where nothing has.  Raises PortMissing, PortGone."""
        with self._changed:
            if self._away is not None:
                raise self._away
            found = [event for event in self._events if event.name == _CRASH]
        return found[0].facts.get("error", "?").replace("_", " ") if found else ""

    def _listen(self) -> None:
        there_s = time.monotonic()
        while not self._ended.is_set():
            begun_s = time.monotonic()
            try:
                self._hear(self._take, self._ended)
            except (PortMissing, PortGone) as error:
                now_s = time.monotonic()
                if now_s - begun_s > _HEARD_S:
                    there_s = now_s
                elif now_s - there_s > _AWAY_S:
                    with self._changed:
                        self._away = error
                        self._changed.notify_all()
                    return
            except NodewrightError:
                there_s = time.monotonic()
            self._ended.wait(_AGAIN_S)

    def _take(self, line: Line) -> None:
        if line.event is None:
            return
        with self._changed:
            self._events.append(line.event)
            self._changed.notify_all()
