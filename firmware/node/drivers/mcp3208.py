"""MCP3208 and MCP3204, 12-bit converters on SPI: Microchip DS21298E (2008)."""

from micropython import const

from node.drivers.errors import NoAnswer
from node.drivers.polled import Polled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.inputs import Samples

# 5.0, 6.1: five zeros, start bit, SGL/DIFF, D2 | D1, D0, and the conversion follows
_START_SINGLE = const(0x06)
_NULL = const(0x10)  # of the second byte: low before the result (figure 6-1)
_TOP = const(0x0F)
_INPUTS = const(8)
_BITS = const(12)
_CLOCKS = const(24)  # of a result
_MOST_HZ = const(2_000_000)  # 1.0: at 5 V; 1 MHz at 2.7 V
_OVERHEAD_US = const(20)  # of a program, for each result: chip select, and what MicroPython takes


class MCP3208(Polled):
    """Digits of 1/4096 of the reference."""

    chip = "mcp3208"

    def __init__(self, bus: "Any", clock: "Any" = None) -> None:
        """bus: drivers/frames.py, SPI mode 0 or 3.  Raises ValueError(key, value, allowed)."""
        super().__init__(clock)
        if bus.rate_hz > _MOST_HZ:
            raise ValueError("bus.rate_hz", bus.rate_hz, "at most %d" % _MOST_HZ)
        self._bus = bus
        self._commands: "list[bytearray]" = []
        self._got = bytearray(3)
        self.rails = (0, 4095)

    def configure(
        self,
        rate_hz: float,
        samples: int,
        inputs: "Any",
        full_scale_v: float,
        line_hz: float,  # noqa: ARG002
    ) -> None:
        """inputs: 0 to 7.  Raises ValueError(key, value, allowed)."""
        for number in inputs:
            if not 0 <= number < _INPUTS:
                raise ValueError("inputs", number, "an input from 0 to 7")
        self._set_grid(rate_hz, samples, inputs)
        self._commands = [
            bytearray((_START_SINGLE | number >> 2, (number & 3) << 6, 0)) for number in inputs
        ]
        self.volts_per_digit = full_scale_v / 4096

    def least_us(self, inputs: int) -> float:
        clocks_us: float = _CLOCKS * 1e6 / self._bus.rate_hz
        return inputs * (clocks_us + _OVERHEAD_US)

    def begin(self) -> None:
        """Prove that it is there: after a result it says it again, the other way round (5.0).

        Nothing on the bus reads as zeros, which are a palindrome: then no input may be at 0 V.
        Raises NoAnswer, OSError.
        """
        any_set = 0
        got = bytearray(6)
        for command in self._commands:
            self._bus.exchange(command + bytes(3), got)
            bits = int.from_bytes(got[1:5], "big") >> 5  # 27: ?, ?, ?, null, 12, and 11 back again
            forth, back = bits >> 11 & 0xFFF, bits & 0x7FF
            for place in range(_BITS - 1):
                if (forth >> place + 1 ^ back >> 10 - place) & 1:
                    raise NoAnswer(self.chip)
            if got[1] & _NULL:
                raise NoAnswer(self.chip)
            any_set |= forth
        if not any_set:
            raise NoAnswer(self.chip)

    def frame(self, blocks: "tuple[Samples, ...]", i: int) -> None:
        bus, got, commands = self._bus, self._got, self._commands
        for index in range(len(commands)):
            bus.exchange(commands[index], got)
            if got[1] & _NULL:
                raise NoAnswer(self.chip)
            blocks[index][i] = (got[1] & _TOP) << 8 | got[2]
