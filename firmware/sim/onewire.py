"""The twin of `_onewire`: one slot of a 1-Wire line after the other, and the chips that share it.

Boards of the RP2040 and the ESP32 have this module in C (extmod/modonewire.c), whose names,
answers and times it has.  A slot is what the master does with the line, 0 or 1 (to read is to
write 1 and to look), and the line is low where anybody pulls it low.
"""

from sim.wiring import pin_number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.pins import PinState
    from sim.world import World

# extmod/modonewire.c, TIMING_…
_RESET_US = 480
_PRESENCE_US = 70  # from the end of the reset until the master looks
_AFTER_US = 410
_SLOT_US = 70  # 6 + 9 + 55 to read, 6 + 54 + 10 to write
_POLYNOMIAL = 0x8C  # x^8 + x^5 + x^4 + 1, lowest bit first (Maxim application note 27)

_worlds: "list[World]" = []
_buses: "list[dict[str, Any]]" = []


def attach(world: "World", buses: "list[dict[str, Any]]") -> None:
    """The world that the lines are in, and the buses of sim/wiring.py."""
    _worlds[:] = [world]
    _buses[:] = [bus for bus in buses if bus["kind"] == "onewire"]


def reset(pin: "Any") -> bool:
    """Whether the line is low after a reset: a chip is there, or something holds it."""
    wire, chips = _line(pin)
    world = _worlds[0]
    world.advance_us(_RESET_US)
    low = False
    for chip in chips:
        if chip.reset():
            low = True
    world.advance_us(_PRESENCE_US)
    low = low or not wire.level
    world.advance_us(_AFTER_US)
    return low


def readbit(pin: "Any") -> int:
    wire, chips = _line(pin)
    return _slot(wire, chips, 1)


def readbyte(pin: "Any") -> int:
    wire, chips = _line(pin)
    value = 0
    for i in range(8):
        value |= _slot(wire, chips, 1) << i
    return value


def writebit(pin: "Any", value: int) -> None:
    wire, chips = _line(pin)
    _slot(wire, chips, 1 if value else 0)


def writebyte(pin: "Any", value: int) -> None:
    wire, chips = _line(pin)
    for i in range(8):
        _slot(wire, chips, value >> i & 1)


def crc8(data: "bytes | bytearray | memoryview") -> int:
    """Of a ROM code or a scratchpad; 0 over data that end with their own."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc


def _line(pin: "Any") -> "tuple[PinState, list[Any]]":
    """The wire at a pin, and the chips at it.  Raises TypeError for what is no pin."""
    number = pin_number(pin)
    chips: "list[Any]" = []
    for bus in _buses:
        if bus["pins"]["pin"] == number:
            chips.extend(bus["chips"].values())
    return _worlds[0].pin_state(number), chips


def _slot(wire: "PinState", chips: "list[Any]", bit: int) -> int:
    """The level that the master sees in a slot in which it drives 0, or lets the line go."""
    bit &= wire.level
    level = bit
    for chip in chips:
        level &= chip.slot(bit)
    _worlds[0].advance_us(_SLOT_US)
    return level
