"""The twins of `machine.WDT` and `machine.Timer`: what comes by itself at its time."""

import sys

from sim.power import watchdog_bite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from sim.world import World

_WDT_MAX_MS = 8388  # RP2040: 24 bits that count two a microsecond, ports/rp2/machine_wdt.c


class WDT:
    """Once started it cannot be stopped, only fed."""

    world: "World"

    def __init__(self, id: int = 0, timeout: int = 5000) -> None:
        """Raises ValueError for a watchdog that the board has not, or a time it cannot count."""
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if not 1 <= timeout <= _WDT_MAX_MS:
            raise ValueError("WDT timeout must be 1..%d ms" % _WDT_MAX_MS)
        self._timeout_us = timeout * 1000
        self.feed()
        self.world.add_source(self)

    def feed(self) -> None:
        self._due_us = self.world.now_us() + self._timeout_us

    def next_event_us(self) -> int:
        return self._due_us

    def advance(self, now_us: int) -> None:
        if now_us >= self._due_us:
            watchdog_bite()


class Timer:
    """A software timer, as Timer(-1) on ports."""

    ONE_SHOT = 0
    PERIODIC = 1

    world: "World"

    def __init__(self, id: int = -1, **settings: "Any") -> None:
        """Raises ValueError for a hardware timer: this board has none."""
        if id != -1:
            raise ValueError("invalid Timer number")
        self._due_us: "int | None" = None
        if settings:
            self.init(**settings)

    def init(
        self,
        *,
        mode: int = PERIODIC,
        period: int = -1,
        freq: float = -1,
        callback: "Callable[[Timer], None] | None" = None,
        hard: bool = False,
    ) -> None:
        """period in ms, or freq in Hz."""
        span_us = int(1_000_000 / freq) if freq > 0 else period * 1000
        if span_us <= 0:
            raise ValueError("invalid period")
        self._span_us, self._mode, self._callback = span_us, mode, callback
        self._due_us = self.world.now_us() + span_us
        self.world.add_source(self)

    def deinit(self) -> None:
        self._due_us = None
        self.world.remove_source(self)

    def next_event_us(self) -> "int | None":
        return self._due_us

    def advance(self, now_us: int) -> None:
        assert self._due_us is not None
        self._due_us = self._due_us + self._span_us if self._mode == self.PERIODIC else None
        if self._callback is None:
            return
        try:
            self._callback(self)
        except Exception as error:
            self.deinit()
            print("Uncaught exception in Timer callback handler")
            sys.print_exception(error)  # type: ignore[attr-defined]
