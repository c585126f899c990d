"""TMP117 at register level: Texas Instruments SNOSD82D (June 2018, rev. September 2022).

Modelled: every register, continuous and one-shot conversion, shutdown, averaging, conversion
cycles, Data_Ready, the offset, EEPROM with its lock and busy time, soft reset, power-up.  Not
modelled: limits, alerts and the ALERT pin (their registers only remember), noise.
"""

import math

from sim.warmth import Warmth

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.framing import Buffer
    from sim.world import World

# 7.6: addresses, and what of them is kept in EEPROM
_TEMP_RESULT = 0x00
_CONFIGURATION = 0x01
_EEPROM_UL = 0x04
_TEMP_OFFSET = 0x07
_DEVICE_ID = 0x0F
_KEPT = (_CONFIGURATION, 0x02, 0x03, 0x05, 0x06, _TEMP_OFFSET, 0x08)
_FACTORY = ((_CONFIGURATION, 0x0220), (0x02, 0x6000), (0x03, 0x8000))  # the others: 0
_NO_RESULT = 0x8000  # 7.6.2: -256 degC until the first conversion
_ID = 0x0117

# 7.6.3, the configuration register
_DATA_READY = 0x2000
_EEPROM_BUSY = 0x1000
_MOD = 0x0C00
_CONTINUOUS, _SHUTDOWN, _CONTINUOUS_TOO, _ONE_SHOT = 0x0000, 0x0400, 0x0800, 0x0C00
_CONFIG_WRITABLE = 0x0FFC
_SOFT_RESET = 0x0002
_UNLOCKED = 0x8000  # 7.6.6, EUN

_AVERAGES = (1, 8, 32, 64)  # 7.6.3, AVG
_ACTIVE_US = 17_500  # 6.5, one conversion, the most
_CYCLE_US = (
    0,
    125_000,
    250_000,
    500_000,
    1_000_000,
    4_000_000,
    8_000_000,
    16_000_000,
)  # table 7-7
_POWER_UP_US = 1_500  # 7.3.1
_RESET_US = 2_000  # 7.6.3, Soft_Reset
_PROGRAM_US = 7_000  # 6.6, EEPROM programming time
_DIGITS_PER_C = 128


class Twin:
    """One chip.  config: source (sim/warmth.py), offset_c (in its EEPROM), revision.

    Raises ValueError(key, value, allowed).
    """

    FAULTS = ("unplugged", "nack", "wrong_identity", "bus_held")

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self._world = world
        self._warmth = Warmth(config["source"])
        self._id: int = config.get("revision", 0) << 12 | _ID
        self._own_id = self._id
        self._eeprom = dict.fromkeys(_KEPT, 0)
        self._eeprom.update(dict(_FACTORY))
        self._eeprom[_TEMP_OFFSET] = math.floor(config.get("offset_c", 0) * _DIGITS_PER_C) & 0xFFFF
        self._pointer = 0
        self.power_up()

    def power_up(self, span_us: int = _POWER_UP_US) -> None:
        """All registers as the EEPROM has them; conversions begin when it has been read."""
        self._regs = {_TEMP_RESULT: _NO_RESULT, _EEPROM_UL: 0}
        self._regs.update(self._eeprom)
        if self._regs[_CONFIGURATION] & _MOD == _ONE_SHOT:  # no mode to start up in
            self._regs[_CONFIGURATION] ^= _ONE_SHOT ^ _SHUTDOWN
        self._ready = False
        self._pointer = 0
        self._busy_until_us = self._world.now_us() + span_us
        self._due_us: "int | None" = None
        self._begin(self._busy_until_us)

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        if kind == "unplugged":
            self.power_up()
        elif kind == "wrong_identity":
            self._id = 0 if fault is not None else self._own_id

    # --- I2C: a pointer, then two bytes, the high one first (7.5.3.1.3)

    def write(self, buf: "Buffer") -> None:
        self._settle()
        if len(buf):
            self._pointer = buf[0]
        if len(buf) > 2:
            self._write_register(self._pointer, buf[1] << 8 | buf[2])

    def read_into(self, buf: "Buffer") -> None:
        self._settle()
        value = self._read_register(self._pointer)
        for i in range(len(buf)):
            buf[i] = value & 0xFF if i & 1 else value >> 8

    def _read_register(self, reg: int) -> int:
        if reg == _DEVICE_ID:
            return self._id
        value: int = self._regs.get(reg, 0)
        if reg == _CONFIGURATION:
            value |= _DATA_READY if self._ready else 0
            value |= _EEPROM_BUSY if self._world.now_us() < self._busy_until_us else 0
        if reg in (_TEMP_RESULT, _CONFIGURATION):
            self._ready = False
        return value

    def _write_register(self, reg: int, value: int) -> None:
        if reg == _EEPROM_UL:
            self._regs[reg] = value & _UNLOCKED
        elif reg == _CONFIGURATION:
            if value & _SOFT_RESET:
                self.power_up(_RESET_US)
                return
            self._regs[reg] = value & _CONFIG_WRITABLE
            if value & _MOD == _CONTINUOUS_TOO:
                self._regs[reg] &= ~_MOD  # reads back as 00
            self._due_us = None
            self._begin(self._world.now_us())
        elif reg in _KEPT:
            self._regs[reg] = value
        if reg in _KEPT and self._regs[_EEPROM_UL] & _UNLOCKED:
            self._eeprom[reg] = self._regs[reg]
            self._busy_until_us = self._world.now_us() + _PROGRAM_US

    # --- conversions

    def _active_us(self) -> int:
        return _ACTIVE_US * _AVERAGES[self._regs[_CONFIGURATION] >> 5 & 3]

    def _begin(self, begin_us: int) -> None:
        if self._regs[_CONFIGURATION] & _MOD != _SHUTDOWN:
            self._due_us = begin_us + self._active_us()

    def _settle(self) -> None:
        """Do what has been converted since the last look."""
        now_us = self._world.now_us()
        due_us = self._due_us
        if due_us is None or now_us < due_us:
            return
        if self._regs[_CONFIGURATION] & _MOD == _ONE_SHOT:
            self._regs[_CONFIGURATION] ^= _ONE_SHOT ^ _SHUTDOWN
            self._due_us = None
        else:
            cycle_us = max(
                _CYCLE_US[self._regs[_CONFIGURATION] >> 7 & 7],
                self._active_us(),
            )
            due_us += (now_us - due_us) // cycle_us * cycle_us  # only the last one is kept
            self._due_us = due_us + cycle_us
        digits = math.floor(self._warmth.celsius(due_us) * _DIGITS_PER_C + 0.5)
        offset = (self._regs[_TEMP_OFFSET] ^ 0x8000) - 0x8000
        self._regs[_TEMP_RESULT] = max(-0x8000, min(0x7FFF, digits + offset)) & 0xFFFF
        self._ready = True
