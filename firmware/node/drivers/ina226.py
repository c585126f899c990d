"""INA226, current by a shunt and voltage of a DC supply, on I2C: TI SBOS547B (September 2024)."""

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset, SensorTimeout
from node.drivers.polled import Polled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.bus import I2CRegisters
    from node.drivers.inputs import Samples

# Table 7-1: registers of 16 bits, the high byte first
_CONFIGURATION = const(0x00)
_SHUNT = const(0x01)
_BUS = const(0x02)
_MASK_ENABLE = const(0x06)
_MANUFACTURER = const(0xFE)
_MAKER = const(0x5449)
_DIE = const(0xFF)
_ID = const(0x2260)
# 7.1.1: one conversion of both, when asked; bit 14 reads as 1
_TRIGGERED = const(0x4003)
_READY = const(0x0008)  # 7.1.7, CVRF: cleared by being read
# Conversion times (tables 7-4 and 7-5): us, code of VBUSCT and VSHCT
_TIMES = (
    (140, 0),
    (204, 1),
    (332, 2),
    (588, 3),
    (1100, 4),
    (2116, 5),
    (4156, 6),
    (8244, 7),
)
_SLOW = 1.1  # 5.5: the most over the typical
_SHUNT_V = 2.5e-6  # 7.1.2, 7.1.3: of a digit
_BUS_V = 1.25e-3
_BYTES = const(4 + 3 * 5)  # a start, the flag, both results
_POLL_US = const(50)


class INA226(Polled):
    """Input 0: the shunt (volts_per_digit), input 1: the supply, each by per_digit()."""

    chip = "ina226"
    still_samples = 65_536  # a supply may stand still
    bandwidth_hz = 0.0

    def __init__(self, bus: "I2CRegisters", clock: "Any" = None) -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        super().__init__(clock)
        self._bus = bus
        self._two = bytearray(2)
        self._config = _TRIGGERED
        self._start = bytearray(2)
        self._convert_us = 0.0
        self._prove_identity()

    def configure(
        self,
        rate_hz: float,
        samples: int,
        inputs: "Any",
        full_scale_v: float,  # noqa: ARG002
        line_hz: float,  # noqa: ARG002
    ) -> None:
        """The longest conversions that the rate leaves time for.  Raises ValueError(key, …)."""
        for number in inputs:
            if number not in (0, 1):
                raise ValueError("inputs", number, "0 (shunt) or 1 (supply)")
        self._convert_us, code = float(_TIMES[0][0]), _TIMES[0][1]
        self._set_grid(rate_hz, samples, inputs)
        for took_us, of_time in _TIMES:
            if 2 * _SLOW * took_us + _BYTES * 9e6 / self._bus.rate_hz < self._period_us:
                self._convert_us, code = float(took_us), of_time
        self._config = _TRIGGERED | code << 6 | code << 3
        self._start[0], self._start[1] = self._config >> 8, self._config & 0xFF
        self.volts_per_digit = _SHUNT_V
        self.rails = (-32_768, 32_767)

    def per_digit(self, number: int) -> float:
        """Volts a digit of an input."""
        return _BUS_V if number else _SHUNT_V

    def least_us(self, inputs: int) -> float:  # noqa: ARG002
        return 2 * _SLOW * _TIMES[0][0] + _BYTES * 9e6 / self._bus.rate_hz

    def begin(self) -> None:
        """Prove that it is there.  Raises DeviceMismatch, OSError."""
        self._prove_identity()

    def frame(self, blocks: "tuple[Samples, ...]", i: int) -> None:
        bus, clock = self._bus, self._clock
        bus.write_from(_CONFIGURATION, self._start)
        begin_ticks = clock.ticks_us()
        pause_us = int(2 * self._convert_us / _SLOW)
        while True:
            clock.sleep_us(pause_us)
            if self._word(_MASK_ENABLE) & _READY:
                break
            if clock.ticks_diff(clock.ticks_us(), begin_ticks) > 4 * self._convert_us:
                got = self._word(_CONFIGURATION)
                if got != self._config:
                    raise SensorReset(self.chip, _CONFIGURATION, self._config, got)
                raise SensorTimeout(self.chip, int(4 * self._convert_us))
            pause_us = _POLL_US
        for index in range(len(self._inputs)):
            word = self._word(_BUS if self._inputs[index] else _SHUNT)
            blocks[index][i] = (word ^ 0x8000) - 0x8000

    def _prove_identity(self) -> None:
        for reg, expected in ((_MANUFACTURER, _MAKER), (_DIE, _ID)):
            got = self._word(reg)
            if got != expected:
                raise DeviceMismatch(self.chip, expected, got)

    def _word(self, reg: int) -> int:
        self._bus.read_into(reg, self._two)
        return self._two[0] << 8 | self._two[1]
