"""The node's own condition: what went wrong by name, memory, whether every task still moves."""

import gc
from time import ticks_diff, ticks_ms


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

    A task calls `moved(name)` at least every limit_ms that it registered with.
    """

    def __init__(self) -> None:
        self._limits_ms: "dict[str, int]" = {}
        self._moved_ticks: "dict[str, int]" = {}

    def register(self, name: str, limit_ms: int) -> None:
        """A task must move every limit_ms from now on."""
        self._limits_ms[name] = limit_ms
        self._moved_ticks[name] = ticks_ms()

    def moved(self, name: str) -> None:
        """This task has moved."""
        self._moved_ticks[name] = ticks_ms()

    def late(self) -> "str | None":
        """The name of a task that has not moved in its time, or None."""
        now_ticks = ticks_ms()
        for name in self._limits_ms:
            if ticks_diff(now_ticks, self._moved_ticks[name]) > self._limits_ms[name]:
                return name
        return None
