"""The wires at a board's pins: levels, edges, and the interrupts they raise."""

import sys

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

# As of the RP2040's port, ports/rp2/machine_pin.c
IRQ_FALLING = 4
IRQ_RISING = 8


class PinState:
    """One wire: its level, who listens to it, and the handler of its interrupt.

    taken: the program has made it a plain pin, and a bus that it belonged to has lost it.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.level = 0
        self.driven = False
        self.held = False  # somebody else pulls it low
        self.released = 0  # what it is when nobody else does
        self.taken = False
        self.listener: "Callable[[int], None] | None" = None
        self._pin: "Any" = None
        self._handler: "Callable[[Any], None] | None" = None
        self._trigger = 0
        self._hard = False

    def attach(
        self, pin: "Any", handler: "Callable[[Any], None] | None", trigger: int, hard: bool
    ) -> None:
        """Run handler(pin) at the edges of trigger; None detaches."""
        self._pin, self._handler, self._trigger, self._hard = pin, handler, trigger, hard

    def drive(self, level: int) -> None:
        """Set the level, from either side; an edge that is waited for runs its handler now."""
        self.driven = True
        self.released = level
        self._change(0 if self.held else level)

    def pull_up(self) -> None:
        """A resistor pulls it up: high, until somebody drives it."""
        if not self.driven:
            self.released = 1
            self._change(0 if self.held else 1)

    def hold(self, low: bool) -> None:
        """A chip at an open-drain line pulls it low, or lets it go."""
        self.held = low
        self._change(0 if low else self.released)

    def _change(self, level: int) -> None:
        if level == self.level:
            return
        self.level = level
        if self.listener is not None:
            self.listener(level)
        if self._handler is not None and self._trigger & (IRQ_RISING if level else IRQ_FALLING):
            self._interrupt()

    def _interrupt(self) -> None:
        handler = self._handler
        if handler is None:
            return
        # A hard interrupt must not allocate, on a board as here.
        if self._hard:
            micropython.heap_lock()
        error = None
        try:
            handler(self._pin)
        except Exception as caught:
            error = caught
        finally:
            if self._hard:
                micropython.heap_unlock()
        if error is not None:
            # As ports do: say it once, and run the handler no more.
            self._handler = None
            print("Uncaught exception in IRQ callback handler")
            sys.print_exception(error)  # type: ignore[attr-defined]
