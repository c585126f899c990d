"""The speed of a shaft by the pulses of a tachometer, timed while a record runs."""

import time

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_LATE_US = const(20)  # an interrupt's stamp may come so late: other interrupts, the flash's cache
# Where the port runs handlers between two instructions of the program only.
_SOFT_LATE_US = const(2000)
_LEAST_TURNS = const(2)  # to tell turns that differ


class Tacho:
    """Stamps every whole turn: marks on a shaft are not evenly spaced.

    pin: machine.Pin, one rising edge a pulse; pulses: of a turn; clock: ticks_us and ticks_diff.
    """

    def __init__(self, pin: "Any", pulses: int = 1, clock: "Any" = time) -> None:
        if pulses < 1:
            raise ValueError("pulses", pulses, "1 or more")
        self._clock = clock
        self._pulses = pulses
        self._late_us = _LATE_US
        # Written by the interrupt
        self._count = 0  # pulses since the last whole turn
        self._turns = -1  # since the first pulse; -1: none came
        self._first_ticks = self._last_ticks = 0
        self._shortest_us = self._longest_us = 0
        try:
            pin.irq(self._on_pulse, pin.IRQ_RISING, hard=True)
        except TypeError:  # ESP32
            pin.irq(self._on_pulse, pin.IRQ_RISING)
            self._late_us = _SOFT_LATE_US

    def begin(self) -> None:
        """Forget the turns: a record begins."""
        self._count = 0
        self._turns = -1

    def _on_pulse(self, _pin: "Any") -> None:
        now_ticks = self._clock.ticks_us()
        if self._turns < 0:
            self._turns = 0
            self._first_ticks = self._last_ticks = now_ticks
            return
        self._count += 1
        if self._count < self._pulses:
            return
        self._count = 0
        turn_us = self._clock.ticks_diff(now_ticks, self._last_ticks)
        self._last_ticks = now_ticks
        if not self._turns:
            self._shortest_us = self._longest_us = turn_us
        elif turn_us < self._shortest_us:
            self._shortest_us = turn_us
        elif turn_us > self._longest_us:
            self._longest_us = turn_us
        self._turns += 1

    def speed(self) -> "tuple[float, float] | None":
        """(Hz, relative uncertainty) since begin(); None where fewer than two turns were seen.

        The uncertainty is half of what turns differ by, of their mean, and the lateness of two
        stamps: a pulse that was missed, or one too many, makes a turn of another length.
        """
        turns = self._turns
        if turns < _LEAST_TURNS:
            return None
        span_us: int = self._clock.ticks_diff(self._last_ticks, self._first_ticks)
        if span_us <= 0:
            return None
        differ_us = max(0, self._longest_us - self._shortest_us - 2 * self._late_us)
        error = differ_us * turns / (2 * span_us) + 2 * self._late_us / span_us
        return turns * 1e6 / span_us, error
