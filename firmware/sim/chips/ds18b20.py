"""DS18B20 at the level of 1-Wire slots: Maxim Integrated data sheet 19-7487, rev. 6 (7/19).

Modelled: reset and presence, all ROM commands, all function commands, scratchpad with CRC,
EEPROM, every resolution with its longest conversion time, the value after power-on, alarms.
A chip without a supply at VDD (`parasite`) says so; it would need a strong pull-up, which
`_onewire` has not, so a conversion resets it.  Not modelled: what the reserved bytes do.
"""

import math

from sim.onewire import crc8
from sim.warmth import Warmth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from sim.world import World

# "ROM Commands"
_SEARCH_ROM = 0xF0
_READ_ROM = 0x33
_MATCH_ROM = 0x55
_SKIP_ROM = 0xCC
_ALARM_SEARCH = 0xEC
# "Function Commands", table 3
_CONVERT_T = 0x44
_WRITE_SCRATCHPAD = 0x4E
_READ_SCRATCHPAD = 0xBE
_COPY_SCRATCHPAD = 0x48
_RECALL_E2 = 0xB8
_READ_POWER_SUPPLY = 0xB4

# "Memory", figure 9: temperature (2), TH, TL, configuration, reserved (3)
_POWER_ON = b"\x50\x05\x00\x00\x00\xff\x0c\x10"  # 85 degC ("Temperature Register", note)
_FACTORY = b"\x4b\x46\x7f"  # TH, TL, 12 bits
_TH, _TL, _CONFIG = 2, 3, 4
_R1_R0, _FIXED = 0x60, 0x1F  # figure 10: bits 7 and 4 to 0 cannot be written
_CONVERSION_US = (93_750, 187_500, 375_000, 750_000)  # table 2, the most
_COPY_US = 10_000  # "AC Electrical Characteristics", tWR

# What a chip may do ("ROM Commands", "Function Commands")
_DEAF, _RECEIVE, _SEND, _SEARCH, _BUSY = 0, 1, 2, 3, 4
_OTHER_FAMILY = 0x10  # a DS18S20's


class Twin:
    """One chip.  config: rom (16 hex digits, the family code first), source (sim/warmth.py),
    parasite (without a supply at VDD), pin (of the line).

    Raises ValueError(key, value, allowed).
    """

    FAULTS = ("unplugged", "wrong_identity", "bad_crc", "line_low")

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self.rom = bytes.fromhex(config["rom"])
        if len(self.rom) != 8 or crc8(self.rom):
            raise ValueError("rom", config["rom"], "16 hex digits that end with their CRC")
        self._own_rom = self.rom
        self._world = world
        self._wire = world.pin_state(config["pin"])
        self._warmth = Warmth(config["source"])
        self._powered = not config.get("parasite", False)
        self._eeprom = bytearray(_FACTORY)
        self._pad = bytearray(8)
        self._spoiled = False
        self._mode = _DEAF
        self._count = 0  # slots of the part under way
        self._wanted, self._word = 0, 0  # bits to be received
        self._then: "Callable[[int], None]" = self._rom_command
        self._out = b""
        self.power_up()

    def power_up(self) -> None:
        """As its supply comes: 85 degC, the rest from the EEPROM."""
        self._pad[:] = _POWER_ON
        self._pad[_TH : _CONFIG + 1] = self._eeprom
        self._mode = _DEAF
        self._alarm = False
        self._converting = False
        self._busy_until_us = 0

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        on = fault is not None
        if kind == "unplugged":
            self.power_up()
        elif kind == "wrong_identity":
            code = bytes([_OTHER_FAMILY]) + self._own_rom[1:7]
            self.rom = code + bytes([crc8(code)]) if on else self._own_rom
        elif kind == "bad_crc":
            self._spoiled = on
        elif kind == "line_low":
            self._wire.hold(on)

    # --- the line

    def reset(self) -> bool:
        """The master has pulled the line low for long: whether a presence pulse follows."""
        self._settle()
        self._receive(8, self._rom_command)
        return True

    def slot(self, bit: int) -> int:
        """A slot in which the master drives bit: 0 where the chip pulls the line low."""
        mode, at = self._mode, self._count
        self._count += 1
        if mode == _RECEIVE:
            self._word |= bit << at
            if at + 1 == self._wanted:
                self._then(self._word)
        elif mode == _SEND:
            if at < 8 * len(self._out):
                return self._out[at >> 3] >> (at & 7) & 1
        elif mode == _SEARCH:
            return self._search(at, bit)
        elif mode == _BUSY:
            self._settle()
            return 0 if self._world.now_us() < self._busy_until_us else 1
        return 1

    def _receive(self, bits: int, then: "Callable[[int], None]") -> None:
        self._mode, self._count, self._word = _RECEIVE, 0, 0
        self._wanted, self._then = bits, then

    def _send(self, out: bytes) -> None:
        self._mode, self._count, self._out = _SEND, 0, out

    # --- ROM commands

    def _rom_command(self, code: int) -> None:
        self._mode, self._count = _DEAF, 0
        if code == _SKIP_ROM:
            self._selected()
        elif code == _MATCH_ROM:
            self._receive(64, self._match)
        elif code == _READ_ROM:
            self._send(self.rom)
        elif code == _SEARCH_ROM or (code == _ALARM_SEARCH and self._alarm):
            self._mode = _SEARCH

    def _selected(self) -> None:
        self._receive(8, self._function)

    def _match(self, word: int) -> None:
        self._mode = _DEAF
        if word == int.from_bytes(self.rom, "little"):
            self._selected()

    def _search(self, at: int, bit: int) -> int:
        """Three slots a bit: the chip's, its complement, and the master's choice."""
        place, step = divmod(at, 3)
        mine = self.rom[place >> 3] >> (place & 7) & 1
        if step < 2:
            return mine ^ step
        if bit != mine:
            self._mode = _DEAF
        elif place == 63:
            self._selected()
        return 1

    # --- function commands

    def _function(self, code: int) -> None:
        self._mode = _DEAF
        if code == _CONVERT_T:
            self._convert()
        elif code == _READ_SCRATCHPAD:
            out = bytearray(self._pad) + bytes([crc8(self._pad)])
            if self._spoiled:
                out[0] ^= 0x10  # a degree
            self._send(bytes(out))
        elif code == _WRITE_SCRATCHPAD:
            self._receive(8, self._write_high)
        elif code == _COPY_SCRATCHPAD:
            self._eeprom[:] = self._pad[_TH : _CONFIG + 1]
            self._busy(_COPY_US)
        elif code == _RECALL_E2:
            self._pad[_TH : _CONFIG + 1] = self._eeprom
            self._busy(0)
        elif code == _READ_POWER_SUPPLY and self._powered:
            self._send(b"")
        elif code == _READ_POWER_SUPPLY:
            self._send(bytes(1))

    def _write_high(self, value: int) -> None:
        self._pad[_TH] = value
        self._receive(8, self._write_low)

    def _write_low(self, value: int) -> None:
        self._pad[_TL] = value
        self._receive(8, self._write_config)

    def _write_config(self, value: int) -> None:
        self._mode = _DEAF
        self._pad[_CONFIG] = value & _R1_R0 | _FIXED

    def _busy(self, span_us: int) -> None:
        """Read slots give 0 until it is over, then 1."""
        self._mode, self._busy_until_us = _BUSY, self._world.now_us() + span_us

    # --- the temperature

    def _convert(self) -> None:
        if not self._powered:
            self.power_up()
            return
        self._busy(_CONVERSION_US[self._pad[_CONFIG] >> 5 & 3])
        self._converting = True

    def _settle(self) -> None:
        """Bring a conversion that has ended meanwhile to the scratchpad."""
        if not self._converting or self._world.now_us() < self._busy_until_us:
            return
        self._converting = False
        undefined = 3 - (self._pad[_CONFIG] >> 5 & 3)  # bits; figure 4, table 2
        celsius = self._warmth.celsius(self._busy_until_us)
        steps = math.floor(celsius * (16 >> undefined) + 0.5)
        # Ones in the bits that mean nothing: who does not mask them is found out.
        raw = (steps << undefined | (1 << undefined) - 1) & 0xFFFF
        self._pad[0], self._pad[1] = raw & 0xFF, raw >> 8
        whole = (raw >> 4 & 0xFF ^ 0x80) - 0x80  # "Alarm Signaling": bits 11 to 4
        high, low = ((value ^ 0x80) - 0x80 for value in self._pad[_TH:_CONFIG])
        self._alarm = whole >= high or whole <= low
