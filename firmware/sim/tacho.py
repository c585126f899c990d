"""The twin of a tachometer: a mark, or several, of a shaft that turns at a steady speed."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.world import World


class Tacho:
    """config: {"pin", "hz", "pulses": 1, "missed": 0}; missed: every so many pulses one fails.

    A pulse is high for an eighth of the way to the next.  hz 0: the shaft stands still.
    """

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self._world = world
        self._pin: int = config["pin"]
        hz = config["hz"] * config.get("pulses", 1)
        self._period_ns = int(1e9 / hz + 0.5) if hz > 0 else 0
        self._missed: int = config.get("missed", 0)
        self._edge = 0  # even ones rise
        world.pin(self._pin, 0)

    def next_event_us(self) -> "int | None":
        """When the next edge is due."""
        if not self._period_ns:
            return None
        # In whole numbers: single precision would lose the microseconds within the first minute.
        eighths = 8 * (self._edge // 2) + self._edge % 2
        return eighths * self._period_ns // 8000

    def advance(self, now_us: int) -> None:
        """The edge that is due."""
        pulse = self._edge // 2
        rises = self._edge % 2 == 0 and not (self._missed and pulse % self._missed == 0)
        self._edge += 1
        self._world.pin(self._pin, 1 if rises else 0)
