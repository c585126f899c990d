"""The twin of `machine.Pin`."""

from sim.pins import IRQ_FALLING, IRQ_RISING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from sim.world import World

_PINS = 30  # of the RP2040
_NAMES = {"LED": 29}


class Pin:
    """One pin; several objects of the same number are the same wire."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = IRQ_FALLING
    IRQ_RISING = IRQ_RISING

    world: "World"

    def __init__(
        self,
        number: "int | str | Pin",
        mode: int = -1,
        pull: "int | None" = -1,
        *,
        value: "Any" = None,
    ) -> None:
        """Raises ValueError for a pin, mode or pull that does not exist."""
        if isinstance(number, Pin):
            number = number.number
        if isinstance(number, str):
            known = number.startswith("GP") and number[2:].isdigit()
            number = int(number[2:]) if known else _NAMES.get(number, -1)
        if not isinstance(number, int) or not 0 <= number < _PINS:
            raise ValueError("invalid pin")
        self.number: int = number
        self._state = self.world.pin_state(number)
        self._mode = self.IN
        self.init(mode, pull, value=value)

    def init(self, mode: int = -1, pull: "int | None" = -1, *, value: "Any" = None) -> None:
        if mode not in (-1, self.IN, self.OUT, self.OPEN_DRAIN):
            raise ValueError("invalid pin mode")
        if pull not in (-1, None, self.PULL_UP, self.PULL_DOWN):
            raise ValueError("invalid pin pull")
        if mode != -1:
            self._mode = mode
            self._state.taken = True
        if pull == self.PULL_UP:
            self._state.pull_up()
        if value is not None:
            self._state.drive(1 if value else 0)

    def value(self, level: "Any" = None) -> "int | None":
        """The level on the wire, or None after driving it to one."""
        if level is None:
            return self._state.level
        if self._mode != self.IN:
            self._state.drive(1 if level else 0)
        return None

    __call__ = value

    def on(self) -> None:
        self.value(1)

    def off(self) -> None:
        self.value(0)

    high = on
    low = off

    def toggle(self) -> None:
        self.value(not self._state.released)

    def irq(
        self,
        handler: "Callable[[Pin], None] | None" = None,
        trigger: int = IRQ_FALLING | IRQ_RISING,
        hard: bool = False,
    ) -> "Pin":
        """Run a handler at edges, at the simulated instant; a hard one with the heap locked."""
        if not trigger or trigger & ~(IRQ_FALLING | IRQ_RISING):
            raise ValueError("invalid trigger")
        self._state.attach(self, handler, trigger, hard)
        return self

    def __repr__(self) -> str:
        return "Pin(GP%d, mode=%s)" % (self.number, ("IN", "OUT", "OPEN_DRAIN")[self._mode])
