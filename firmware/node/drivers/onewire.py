"""A 1-Wire line and the chips on it: Maxim Integrated data sheet 19-7487 (DS18B20), rev. 6.

The slots themselves are made by `_onewire`, the C module of MicroPython's ports to the RP2040 and
the ESP32 (extmod/modonewire.c); an interrupt waits 70 us at most.  Nothing is allocated per call
but by search().
"""

from micropython import const

from node.drivers.errors import CrcMismatch, DeviceMismatch, LineHeld, NoAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# "ROM Commands"
_SEARCH_ROM = const(0xF0)
_MATCH_ROM = const(0x55)
_ROM_BYTES = const(8)  # family code, serial number (6), CRC
_ROM_BITS = const(64)
_MOST_CHIPS = const(32)  # that a line is searched for


class OneWire:
    """A line: low is the module `_onewire`, pin the line's machine.Pin, open-drain."""

    def __init__(self, low: "Any", pin: "Any") -> None:
        self._low, self._pin = low, pin

    def reset(self) -> None:
        """Raises NoAnswer where no chip is present, LineHeld where the line stays low."""
        present = self._low.reset(self._pin)
        # A presence pulse is over by now ("Initialization": 300 us); the port takes a line that
        # is low for good for one.
        if not self._pin():
            raise LineHeld
        if not present:
            raise NoAnswer("1-Wire")

    def write(self, value: int) -> None:
        self._low.writebyte(self._pin, value)

    def read_bit(self) -> int:
        return int(self._low.readbit(self._pin))

    def read_into(self, buf: bytearray) -> None:
        for i in range(len(buf)):
            buf[i] = self._low.readbyte(self._pin)

    def crc8(self, data: "bytes | bytearray | memoryview") -> int:
        """0 over data that end with their own."""
        return int(self._low.crc8(data))

    def search(self) -> "list[bytes]":
        """The ROM codes of all chips on the line, 32 at most: 21 ms each.

        Raises NoAnswer, LineHeld; CrcMismatch where bits were lost.
        """
        found: "list[bytes]" = []
        rom, turn = bytearray(_ROM_BYTES), -1
        while len(found) < _MOST_CHIPS:
            turn = self._search_pass(rom, turn)
            if not rom[0]:  # zeros have a CRC of zero; no family has this code
                raise LineHeld
            if self.crc8(rom):
                raise CrcMismatch("1-Wire", self.crc8(bytes(rom[:-1])), rom[-1])
            found.append(bytes(rom))
            if turn < 0:
                break
        return found

    def _search_pass(self, rom: bytearray, turn: int) -> int:
        """Find the next chip.

        rom: that of the pass before, and then of this one; turn: the bit at which this pass takes
        the other way.  Returns the bit at which the next one does, -1 where this was the last.
        """
        self.reset()
        self.write(_SEARCH_ROM)
        next_turn = -1
        for at in range(_ROM_BITS):
            index, mask = at >> 3, 1 << (at & 7)
            # Chips with a 0 here pull the first bit low, those with a 1 the second.
            zeros, ones = not self.read_bit(), not self.read_bit()
            if not zeros and not ones:
                raise NoAnswer("1-Wire")
            bit = 1 if ones else 0
            if zeros and ones:
                bit = 1 if at == turn or (at < turn and rom[index] & mask) else 0
                if not bit:
                    next_turn = at
            self._low.writebit(self._pin, bit)
            rom[index] = rom[index] | mask if bit else rom[index] & ~mask
        return next_turn


class OneWireDevice:
    """One chip on a line.  rom: its code, None for the only one of its family."""

    def __init__(self, line: OneWire, rom: "bytes | None" = None) -> None:
        self.line = line
        self.rom = rom

    def identify(self, family: int, chip: str) -> None:
        """Know the chip's ROM code from now on; it is on the line, and of this family.

        Raises DeviceMismatch for a chip of another family; ValueError(key, value, allowed) for a
        code that cannot be, and for several chips where no code was given; NoAnswer, LineHeld,
        CrcMismatch.
        """
        if self.rom is not None:
            if len(self.rom) != _ROM_BYTES or self.line.crc8(self.rom):
                raise ValueError("bus.rom", _text(self.rom), "16 hex digits that end with a CRC")
            if self.rom[0] != family:
                raise DeviceMismatch(chip, family, self.rom[0])
            return
        every = self.line.search()
        mine = [rom for rom in every if rom[0] == family]
        if not mine:
            raise DeviceMismatch(chip, family, every[0][0])
        if len(mine) > 1:
            raise ValueError("bus.rom", None, [_text(rom) for rom in mine])
        self.rom = mine[0]

    def command(self, code: int) -> None:
        """Address the chip and give it a command.  Raises NoAnswer, LineHeld.

        Whether this chip has heard it, its answer shows: the line tells that some chip is there.
        """
        line, rom = self.line, self.rom
        assert rom is not None  # identify() comes first
        line.reset()
        line.write(_MATCH_ROM)
        for i in range(_ROM_BYTES):
            line.write(rom[i])
        line.write(code)


def _text(rom: "bytes") -> str:
    return "".join(["%02x" % byte for byte in rom])
