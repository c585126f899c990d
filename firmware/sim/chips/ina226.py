"""INA226 at register level: Texas Instruments SBOS547B (June 2011, rev. September 2024).

Modelled: identity, configuration with reset, conversion times, averaging, triggered and continuous
modes, the conversion-ready flag, shunt and bus voltage.  Not modelled: calibration, the registers
of current and power, alerts (they only remember), its own noise and offset (give noise_v).
"""

from sim.clamps import FAULTS, Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.framing import Buffer
    from sim.world import World

# Table 7-1
_CONFIGURATION, _SHUNT, _BUS, _MASK_ENABLE = 0x00, 0x01, 0x02, 0x06
_MANUFACTURER, _DIE = 0xFE, 0xFF
_RESET_CONFIG = 0x4127
_IDS = {_MANUFACTURER: 0x5449, _DIE: 0x2260}
_WRITABLE = (_CONFIGURATION, 0x05, _MASK_ENABLE, 0x07)
# 7.1.1
_RST, _ONE = 0x8000, 0x4000
_CONTINUOUS, _OF_SHUNT, _OF_BUS = 4, 1, 2
_AVERAGES = (1, 4, 16, 64, 128, 256, 512, 1024)
_TIMES_US = (140, 204, 332, 588, 1100, 2116, 4156, 8244)
_READY = 0x0008  # 7.1.7, CVRF
_SHUNT_V, _BUS_V = 2.5e-6, 1.25e-3


class Twin:
    """One chip.  config: that of sim/clamps.py; input 0: the shunt's voltage, 1: the supply's.

    Raises ValueError(key, value, allowed).
    """

    FAULTS = FAULTS + ("unplugged", "nack", "wrong_identity", "bus_held")

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self._world = world
        self._inputs = Inputs(config, world)
        self._index = 0
        self._identity = True
        self.power_up()

    def power_up(self) -> None:
        self._regs = dict.fromkeys((_SHUNT, _BUS, 3, 4, 5, _MASK_ENABLE, 7), 0)
        self._regs[_CONFIGURATION] = _RESET_CONFIG
        self._pointer = 0
        self._ready = False
        self._due_us: "int | None" = None
        self._begin()

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        self._settle()
        if kind == "unplugged":
            self.power_up()
        elif kind == "wrong_identity":
            self._identity = fault is None
        else:
            self._inputs.inject(kind, fault)

    # --- I2C: a pointer, then two bytes, the high one first

    def write(self, buf: "Buffer") -> None:
        self._settle()
        if len(buf):
            self._pointer = buf[0]
        if len(buf) <= 2 or self._pointer not in _WRITABLE:
            return
        value = buf[1] << 8 | buf[2]
        if self._pointer == _CONFIGURATION:
            if value & _RST:
                self.power_up()
                return
            self._regs[_CONFIGURATION] = value & 0x0FFF | _ONE
            self._ready = False  # 7.1.7: writing it clears the flag
            self._begin()
        else:
            self._regs[self._pointer] = value

    def read_into(self, buf: "Buffer") -> None:
        self._settle()
        value: int = self._regs.get(self._pointer, 0)
        if self._pointer in _IDS:
            value = _IDS[self._pointer] if self._identity else 0
        elif self._pointer == _MASK_ENABLE:
            value |= _READY if self._ready else 0
            self._ready = False
        for i in range(len(buf)):
            buf[i] = value & 0xFF if i & 1 else value >> 8

    # --- conversions

    def _span_us(self) -> int:
        config = self._regs[_CONFIGURATION]
        span_us = _TIMES_US[config >> 3 & 7] if config & _OF_SHUNT else 0
        span_us += _TIMES_US[config >> 6 & 7] if config & _OF_BUS else 0
        return span_us * _AVERAGES[config >> 9 & 7]

    def _begin(self) -> None:
        if self._regs[_CONFIGURATION] & (_OF_SHUNT | _OF_BUS):
            self._due_us = self._world.now_us() + self._span_us()
        else:
            self._due_us = None

    def _settle(self) -> None:
        """Do what has been converted since the last look."""
        now_us, due_us = self._world.now_us(), self._due_us
        if due_us is None or now_us < due_us:
            return
        config = self._regs[_CONFIGURATION]
        if config & _CONTINUOUS:
            span_us = self._span_us()
            due_us += (now_us - due_us) // span_us * span_us
            self._due_us = due_us + span_us
        else:
            self._due_us = None
        self._ready = True
        if self._inputs.stuck:
            return
        if config & _OF_SHUNT:
            self._regs[_SHUNT] = self._digits(0, due_us, _SHUNT_V, -32_768) & 0xFFFF
        if config & _OF_BUS:
            self._regs[_BUS] = self._digits(1, due_us, _BUS_V, 0)

    def _digits(self, number: int, at_us: int, digit_v: float, least: int) -> int:
        volts = self._inputs.volts(number, at_us / 1e6, self._index)
        self._index += 1
        digits = int(volts / (digit_v * self._inputs.reference) + (0.5 if volts >= 0 else -0.5))
        return max(least, min(32_767, digits))
