"""ADS1115 and ADS1015 at register level: Texas Instruments SBAS444D (2018), SBAS473E.

Modelled: all four registers, the multiplexer, gain, single-shot and continuous conversion, the
data rates with an oscillator that is off, the mean over a conversion, saturation.  Not modelled:
the comparator and ALERT/RDY (their bits only remember), the chip's own noise (give noise_v).
"""

from array import array

from sim.clamps import FAULTS, Inputs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.framing import Buffer
    from sim.world import World

_CONVERSION, _CONFIG, _LO_THRESH, _HI_THRESH = 0, 1, 2, 3
_RESETS = (0x0000, 0x8583, 0x8000, 0x7FFF)  # 9.6
_OS, _SINGLE_SHOT = 0x8000, 0x0100
_RANGES_V = (6.144, 4.096, 2.048, 1.024, 0.512, 0.256, 0.256, 0.256)  # 9.6.3, PGA
# 9.6.3, MUX: positive and negative input, -1 is GND
_PAIRS = ((0, 1), (0, 3), (1, 3), (2, 3), (0, -1), (1, -1), (2, -1), (3, -1))
_RATES = {
    "ads1115": (8, 16, 32, 64, 128, 250, 475, 860),
    "ads1015": (128, 250, 490, 920, 1600, 2400, 3300, 3300),
}
_WAKE_US = 25  # 9.4.2.1
_PARTS = 8  # of a conversion, whose mean it is
_DIGITS = 32_768


class Twin:
    """One chip.  config: that of sim/clamps.py, inputs 0 to 3; chip; clock_error_ppm.

    Raises ValueError(key, value, allowed).
    """

    FAULTS = FAULTS + ("unplugged", "nack", "wrong_identity", "bus_held")

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self._world = world
        self._inputs = Inputs(config, world)
        self._rates = _RATES[config["chip"]]
        self._left = 0xFFF0 if config["chip"] == "ads1015" else 0xFFFF
        self._clock: float = 1 + config.get("clock_error_ppm", 0) * 1e-6
        self._parts = array("d", bytes(8 * _PARTS))
        self._index = 0
        self._identity = True
        self.power_up()

    def power_up(self) -> None:
        self._regs = list(_RESETS)
        self._pointer = 0
        self._begun_us: "float | None" = None  # of the conversion under way
        self._frozen: "dict[int, int]" = {}

    def inject(self, kind: str, fault: "dict[str, Any] | None") -> None:
        """A fault of docs/architecture.md begins, as the schedule says, or ends: None."""
        self._settle()
        if kind == "unplugged":
            self.power_up()
        elif kind == "wrong_identity":
            self._identity = fault is None
        else:
            self._frozen.clear()
            self._inputs.inject(kind, fault)

    # --- I2C: a pointer, then two bytes, the high one first (9.5.3)

    def write(self, buf: "Buffer") -> None:
        self._settle()
        if len(buf):
            self._pointer = buf[0] & 3
        if len(buf) > 2 and self._pointer != _CONVERSION:
            value = buf[1] << 8 | buf[2]
            if self._pointer == _CONFIG:
                self._configure(value)
            else:
                self._regs[self._pointer] = value

    def read_into(self, buf: "Buffer") -> None:
        self._settle()
        value = self._regs[self._pointer]
        if self._pointer == _CONFIG:
            value = value & ~_OS | (_OS if self._begun_us is None else 0)
        elif self._pointer >= _LO_THRESH and not self._identity:
            value = 0
        for i in range(len(buf)):
            buf[i] = value & 0xFF if i & 1 else value >> 8

    # --- conversions

    def _span_us(self) -> float:
        rate: int = self._rates[self._regs[_CONFIG] >> 5 & 7]
        return 1e6 / (rate * self._clock)

    def _configure(self, value: int) -> None:
        now_us = self._world.now_us()
        idle = self._begun_us is None
        self._regs[_CONFIG] = value & ~_OS
        if not value & _SINGLE_SHOT:
            self._begun_us = now_us + _WAKE_US if idle else now_us
        elif value & _OS and idle:  # without effect while a conversion is under way
            self._begun_us = now_us + _WAKE_US

    def _settle(self) -> None:
        """Do what has been converted since the last look."""
        begun_us, now_us, span_us = self._begun_us, self._world.now_us(), self._span_us()
        if begun_us is None or now_us < begun_us + span_us:
            return
        if self._regs[_CONFIG] & _SINGLE_SHOT:
            self._begun_us = None
        else:  # only the last one is kept
            whole = int((now_us - begun_us) / span_us)
            begun_us += (whole - 1) * span_us
            self._begun_us = begun_us + span_us
        self._regs[_CONVERSION] = self._convert(begun_us, span_us) & 0xFFFF

    def _convert(self, begun_us: float, span_us: float) -> int:
        config = self._regs[_CONFIG]
        plus, minus = _PAIRS[config >> 12 & 7]
        volts = self._mean(plus, begun_us, span_us)
        if minus >= 0:
            volts -= self._mean(minus, begun_us, span_us)
        full_v = _RANGES_V[config >> 9 & 7] * self._inputs.reference
        digits = int(volts / full_v * _DIGITS + (0.5 if volts >= 0 else -0.5))
        digits = max(-_DIGITS, min(_DIGITS - 1, digits)) & self._left
        if self._inputs.stuck:
            return self._frozen.setdefault(plus, digits)
        return digits

    def _mean(self, number: int, begun_us: float, span_us: float) -> float:
        step_s = span_us / _PARTS / 1e6
        self._inputs.fill(number, begun_us / 1e6 + step_s / 2, step_s, self._index, self._parts)
        self._index += _PARTS
        return sum(self._parts) / _PARTS
