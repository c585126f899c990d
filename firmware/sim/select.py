"""The twin of `select`: waits for the host's sockets, and lets the simulated clock pass meanwhile.

An idle wait really waits, so that the network can answer.  What the clock says after it is
decided by the wait's own length: all of it when nothing came, and never more when something did.
Waits end at whole milliseconds of the clock, as the deadlines of asyncio do: a wake-up in between
moves none.
"""

import uselect
import utime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

    from sim.world import World

POLLIN = uselect.POLLIN
POLLOUT = uselect.POLLOUT
POLLERR = uselect.POLLERR
POLLHUP = uselect.POLLHUP

_CHUNK_MS = 1000

_worlds: "list[World]" = []


def attach(world: "World") -> None:
    """Whose clock passes while a poll waits."""
    _worlds[:] = [world]


class poll:  # noqa: N801  the name is the board's
    def __init__(self) -> None:
        self._real = uselect.poll()
        self.register = self._real.register
        self.modify = self._real.modify
        self.unregister = self._real.unregister

    def poll(self, timeout_ms: int = -1) -> "list[Any]":
        wait(self._ready, timeout_ms)
        ready: "list[Any]" = self._real.poll(0)
        return ready

    def ipoll(self, timeout_ms: int = -1, flags: int = 0) -> "Iterator[Any]":
        wait(self._ready, timeout_ms)
        return self._real.ipoll(0, flags)

    def _ready(self, timeout_ms: int) -> bool:
        for _ in self._real.ipoll(timeout_ms):
            return True
        return False


def wait(ready: "Callable[[int], bool]", timeout_ms: int) -> None:
    """Let the clock pass until something is ready, for timeout_ms at most; below 0 for ever.

    ready(timeout_ms): really waits for so long, below 0 for ever, and tells whether something is.
    """
    world = _worlds[0]
    world.asked_enough()
    if timeout_ms == 0 or ready(0):
        return
    start_us = world.now_us() // 1000 * 1000
    waited_ms = 0
    while True:
        # One without an end goes on for a second and another.
        end_us = start_us + (timeout_ms if timeout_ms > 0 else waited_ms + _CHUNK_MS) * 1000
        goal_us = end_us
        due_us = world.next_event_us()
        if due_us is not None and due_us < goal_us:
            goal_us = due_us
        # Events may come faster than the host can wait for: they share whole milliseconds.
        wait_ms = max(0, (goal_us - start_us) // 1000 - waited_ms)
        began = utime.ticks_us()
        if ready(wait_ms):
            elapsed_us = utime.ticks_diff(utime.ticks_us(), began)
            world.advance_to(min(goal_us, world.now_us() + elapsed_us))
            return
        waited_ms += wait_ms
        world.advance_to(goal_us)
        if ready(0) or (timeout_ms > 0 and goal_us == end_us):
            return
