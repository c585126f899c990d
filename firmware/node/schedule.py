"""Which measurement set is measured next: by its interval, or because somebody asked for it."""

from time import ticks_add, ticks_diff

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LONGEST_MS = const(60_000)  # to look again, where nothing has an interval
_MOST_ASKED = const(4)


class Schedule:
    """The order of the sets.  Time is given to it: it has no clock of its own.

    sets: those of checked settings; now_ticks: when the first of each interval is due.
    """

    def __init__(self, sets: "list[dict[str, Any]]", now_ticks: int) -> None:
        self._names = [measured["name"] for measured in sets]
        # 0: by no interval
        self._interval_ms = [measured["schedule"].get("interval_ms", 0) for measured in sets]
        self._next_ticks = [now_ticks for _ in sets]
        self._asked: "list[tuple[int, dict[str, Any] | None]]" = []

    def ask(self, name: str, request: "dict[str, Any] | None" = None) -> bool:
        """Measure a set as soon as can be; False where too many wait already.

        Raises ValueError for a set that is none.
        """
        if name not in self._names:
            raise ValueError("set: %r is none: one of %s" % (name, ", ".join(self._names)))
        if len(self._asked) >= _MOST_ASKED:
            return False
        self._asked.append((self._names.index(name), request))
        return True

    def due(self, now_ticks: int) -> "tuple[int, dict[str, Any] | None] | None":
        """(index of the set, what asked for it) that is to be measured now, or None.

        First what was asked for; then whose time came first, among equals by their order.
        """
        if self._asked:
            return self._asked.pop(0)
        found, most_ms = None, -1
        for index in range(len(self._next_ticks)):
            late_ms = ticks_diff(now_ticks, self._next_ticks[index])
            if self._interval_ms[index] and late_ms > most_ms:
                found, most_ms = index, late_ms
        return None if found is None else (found, None)

    def left_ms(self, now_ticks: int) -> int:
        """How long nothing is due by an interval; above 0 where due() gives None."""
        left_ms = _LONGEST_MS
        for index in range(len(self._next_ticks)):
            if self._interval_ms[index]:
                left_ms = min(left_ms, ticks_diff(self._next_ticks[index], now_ticks))
        return left_ms

    def measured(self, index: int, now_ticks: int) -> int:
        """A set's turn has been taken: how many turns it has missed meanwhile.

        The next is a whole number of intervals after the first: nothing shifts them.
        """
        interval_ms = self._interval_ms[index]
        if not interval_ms or ticks_diff(now_ticks, self._next_ticks[index]) < 0:
            return 0  # asked for: its own turn is still to come
        missed = 0
        self._next_ticks[index] = ticks_add(self._next_ticks[index], interval_ms)
        while ticks_diff(self._next_ticks[index], now_ticks) < 0:
            self._next_ticks[index] = ticks_add(self._next_ticks[index], interval_ms)
            missed += 1
        return missed
