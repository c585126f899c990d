"""MCP3208 bit by bit: Microchip DS21298E (2008), 5.0 and figure 5-2.

Modelled: start bit anywhere in a frame, single-ended inputs, the null bit, the result and what
follows it, sampling at its own clock.  Not modelled: differential inputs, its own noise and
non-linearity (1 digit at most, 1.0), the charge that a source of high impedance cannot deliver.
"""

from sim.clamps import FAULTS, Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.framing import Buffer
    from sim.world import World

_CODES = 4096
_BITS = 12
# Clocks after the start bit
_D0, _NULL = 4, 6
_OPEN = 1  # what an open line reads as


class Twin:
    """One chip.  config: that of sim/clamps.py, inputs 0 to 7; vref_v.

    Raises ValueError(key, value, allowed).
    """

    FAULTS = FAULTS + ("unplugged",)

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self._world = world
        self._vref_v: float = config.get("vref_v", 3.3)
        self._inputs = Inputs(config, world)
        self._clock = -1  # since the start bit; -1: it has not come
        self._command = 0
        self._code = 0
        self._index = 0
        self._frozen: "dict[int, int]" = {}

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        self._frozen.clear()
        self._inputs.inject(kind, fault)

    def select(self) -> None:
        self._clock = -1
        self._command = 0

    def deselect(self) -> None:
        """Power-down."""

    def transfer(self, out: "Buffer | None", into: "Buffer | None") -> None:
        size = len(out) if out is not None else len(into) if into is not None else 0
        for i in range(size):
            given = out[i] if out is not None else 0
            told = 0
            for place in range(7, -1, -1):
                told = told << 1 | self._bit(given >> place & 1)
            if into is not None:
                into[i] = told

    def _bit(self, given: int) -> int:
        if self._clock < 0:
            if given:
                self._clock = 0
            return _OPEN
        self._clock += 1
        clock = self._clock
        if clock <= _D0:
            self._command = self._command << 1 | given
            if clock == _D0:
                self._code = self._convert(self._command & 7)
            return _OPEN
        if clock < _NULL:
            return _OPEN
        place = _NULL + _BITS - clock
        if place >= 0:
            return 0 if place == _BITS else self._code >> place & 1
        return self._code >> -place & 1 if -place < _BITS else 0

    def _convert(self, number: int) -> int:
        volts = self._inputs.volts(number, self._world.now_us() / 1e6, self._index)
        self._index += 1
        code = int(volts / (self._vref_v * self._inputs.reference) * _CODES)
        code = max(0, min(_CODES - 1, code))
        if self._inputs.stuck:
            return self._frozen.setdefault(number, code)
        return code
