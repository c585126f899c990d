"""ADS1115 (16 bits, 860 S/s) and ADS1015 (12 bits, 3300 S/s) on I2C: TI SBAS444D, SBAS473E.

Each sample is a conversion of its own, started on the grid of the node's clock: the chip's own
oscillator, off by up to 10 %, says for how long a sample is averaged, not when it is taken.
"""

from micropython import const

from node.drivers.errors import DeviceMismatch, SensorReset, SensorTimeout
from node.drivers.polled import Polled
from node.drivers.shared import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.bus import I2CRegisters
    from node.drivers.inputs import Samples

# SBAS444D 9.6: registers of 16 bits, the high byte first
_CONVERSION = const(0x00)
_CONFIG = const(0x01)
_LO_THRESH = const(0x02)
_HI_THRESH = const(0x03)
# They have no identity; these two, which nobody writes, are as after power-on (9.6.4).
_LO_RESET = const(0x8000)
_HI_RESET = const(0x7FFF)
# 9.6.3
_OS = const(0x8000)  # written: start; read: nothing is being converted
_SINGLE_ENDED = const(0x4000)  # MUX 100 + input: against GND
_MUX_SHIFT = const(12)
_SINGLE_SHOT = const(0x0100)
_NO_COMPARATOR = const(0x0003)
_RANGES = (  # full scale in V, PGA
    (6.144, 0 << 9),
    (4.096, 1 << 9),
    (2.048, 2 << 9),
    (1.024, 3 << 9),
    (0.512, 4 << 9),
    (0.256, 5 << 9),
)
_FASTEST = const(0x00E0)  # DR 111: 860 S/s (ADS1115); 110 and 111: 3300 S/s (ADS1015)
_INPUTS = const(4)
_POLL_US = const(20)
_DIGITS = const(32_768)  # of full scale, of both: the ADS1015's are multiples of 16
_WAKE_US = const(25)  # 9.4.2.1: out of power-down
_BYTES = const(3 + 2 * 5)  # a start, then twice a register with both addresses


class ADS1115(Polled):
    """The chip in single-shot mode."""

    chip = "ads1115"
    still_samples = 64  # its noise is more than a digit at all ranges but the widest (table 1)
    rate_sps = 860
    _slow = 1.1  # 7.5: data rate variation 10 %

    def __init__(self, bus: "I2CRegisters", clock: "Any" = None) -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        super().__init__(clock)
        self._bus = bus
        self._two = bytearray(2)
        self._starts: "list[bytearray]" = []
        self._written: "list[int]" = []
        self.bandwidth_hz = 0.443 * self.rate_sps  # -3 dB of a mean over one conversion
        # It takes 0.6 % off a line of 50 Hz; made good (node/current.py), but for the 0.1 % by
        # which the chip's clock is not known.
        self.averaged_us = 1e6 / self.rate_sps
        self._convert_us = self.averaged_us + _WAKE_US
        self._prove_identity()

    def configure(
        self,
        rate_hz: float,
        samples: int,
        inputs: "Any",
        full_scale_v: float,
        line_hz: float,  # noqa: ARG002
    ) -> None:
        """inputs: 0 to 3, against GND.  Raises ValueError(key, value, allowed)."""
        for number in inputs:
            if not 0 <= number < _INPUTS:
                raise ValueError("inputs", number, "an input from 0 to 3")
        _, gain = choose("full_scale_v", full_scale_v, _RANGES)
        self._set_grid(rate_hz, samples, inputs)
        common = _OS | _SINGLE_ENDED | gain | _SINGLE_SHOT | _FASTEST | _NO_COMPARATOR
        codes = [common | number << _MUX_SHIFT for number in inputs]
        self._starts = [bytearray((code >> 8, code & 0xFF)) for code in codes]
        self._written = [code & ~_OS for code in codes]
        self.volts_per_digit = full_scale_v / _DIGITS
        self.rails = (-_DIGITS, (_DIGITS - 1) & ~(0xF if self.rate_sps > 1000 else 0))

    def least_us(self, inputs: int) -> float:
        return inputs * (self._slow * self._convert_us + _BYTES * 9e6 / self._bus.rate_hz)

    def begin(self) -> None:
        """Prove that it is there.  Raises DeviceMismatch, OSError."""
        self._prove_identity()

    def frame(self, blocks: "tuple[Samples, ...]", i: int) -> None:
        bus, two, clock = self._bus, self._two, self._clock
        for index in range(len(self._starts)):
            bus.write_from(_CONFIG, self._starts[index])
            begin_ticks = clock.ticks_us()
            pause_us = int(self._convert_us / self._slow)
            while True:
                clock.sleep_us(pause_us)
                bus.read_into(_CONFIG, two)
                got = two[0] << 8 | two[1]
                if (got ^ self._written[index]) & ~_OS & 0xFFFF:
                    raise SensorReset(self.chip, _CONFIG, self._written[index], got & ~_OS)
                if got & _OS:
                    break
                if clock.ticks_diff(clock.ticks_us(), begin_ticks) > 2 * self._convert_us:
                    raise SensorTimeout(self.chip, int(2 * self._convert_us))
                pause_us = _POLL_US
            bus.read_into(_CONVERSION, two)
            blocks[index][i] = ((two[0] << 8 | two[1]) ^ 0x8000) - 0x8000

    def _prove_identity(self) -> None:
        for reg, expected in ((_LO_THRESH, _LO_RESET), (_HI_THRESH, _HI_RESET)):
            self._bus.read_into(reg, self._two)
            got = self._two[0] << 8 | self._two[1]
            if got != expected:
                raise DeviceMismatch(self.chip, expected, got)


class ADS1015(ADS1115):
    """12 bits, left-justified: the same registers, four times as fast."""

    chip = "ads1015"
    still_samples = 65_536  # a digit is more than its noise: it may well stand still
    rate_sps = 3300
