"""asyncio's event loop on the simulated clock.

Its time is that of the twin of `time`, in whole milliseconds as MicroPython's loop counts, and its
waits are those of the twin of `select`: an idle one really waits, and the clock passes by the
wait's own length.
"""

import asyncio
import math
import selectors

from sim.select import wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from typing import Any

    from sim.world import World

_BELOW_A_TICK_MS = 1e-3  # what the sums of float seconds may be off


class _Selector(selectors.BaseSelector):
    """The host's selector, with waits that let the simulated clock pass."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: "Any", events: int, data: "Any" = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: "Any") -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: "Any", events: int, data: "Any" = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def get_map(self) -> "Mapping[Any, selectors.SelectorKey]":
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: "float | None" = None) -> "list[tuple[selectors.SelectorKey, int]]":
        if timeout is None:
            timeout_ms = -1
        else:
            timeout_ms = max(0, math.ceil(timeout * 1000 - _BELOW_A_TICK_MS))
        wait(self._ready, timeout_ms)
        return self._real.select(0)

    def _ready(self, timeout_ms: int) -> bool:
        return bool(self._real.select(None if timeout_ms < 0 else timeout_ms / 1000))


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock is the world's."""

    def __init__(self, world: "World") -> None:
        self._world = world
        super().__init__(_Selector())
        # What is due within it is run: float sums of milliseconds are not exact.
        self._clock_resolution = _BELOW_A_TICK_MS / 1000

    def time(self) -> float:
        return self._world.asked_us() // 1000 / 1000


def install(world: "World") -> None:
    """Let `asyncio.run` run on this world's clock."""

    def run(main: "Coroutine[Any, Any, Any]") -> "Any":
        with asyncio.Runner(loop_factory=lambda: Loop(world)) as runner:
            return runner.run(main)

    asyncio.run = run  # type: ignore[assignment]
