"""The node's own condition: what went wrong by name, memory, whether every task still moves."""

import gc
from time import ticks_diff, ticks_ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Health:
    """Counts of what was survived, and the low-water mark of the heap."""

    def __init__(self) -> None:
        self.errors: "dict[str, int]" = {}
        self.stages_us: "dict[str, int]" = {}  # longest so far
        self.heap_low_bytes = gc.mem_free()

    def count(self, name: str) -> None:
        """One more of this kind of error."""
        self.errors[name] = self.errors.get(name, 0) + 1

    def stage(self, name: str, us: int) -> None:
        """A stage of a cycle took us microseconds; the longest is kept."""
        if us > self.stages_us.get(name, 0):
            self.stages_us[name] = us

    def collect(self) -> int:
        """Note the low-water mark, collect garbage, and return the free heap in bytes."""
        free_bytes = gc.mem_free()
        if free_bytes < self.heap_low_bytes:
            self.heap_low_bytes = free_bytes
        gc.collect()
        return gc.mem_free()


class Liveness:
    """Who has moved, and when: the watchdog is fed only while nobody is late.

    A task calls `moved(name)` at least every limit_ms that it registered with.  One that may wait
    for ever says by due() whether there is something it should be doing: it is late only then.
    """

    def __init__(self) -> None:
        self._limits_ms: "dict[str, int]" = {}
        self._moved_ticks: "dict[str, int]" = {}
        self._due: "dict[str, Callable[[], bool]]" = {}

    def register(self, name: str, limit_ms: int, due: "Callable[[], bool] | None" = None) -> None:
        """A task must move every limit_ms from now on (while it is due)."""
        self._limits_ms[name] = limit_ms
        self._moved_ticks[name] = ticks_ms()
        if due is not None:
            self._due[name] = due

    def moved(self, name: str) -> None:
        """This task has moved."""
        self._moved_ticks[name] = ticks_ms()

    def late(self) -> "str | None":
        """The name of a task that has not moved in its time, or None.  Ask it often."""
        now_ticks = ticks_ms()
        for name in self._limits_ms:
            due = self._due.get(name)
            if due is not None and not due():
                self._moved_ticks[name] = now_ticks
            elif ticks_diff(now_ticks, self._moved_ticks[name]) > self._limits_ms[name]:
                return name
        return None
