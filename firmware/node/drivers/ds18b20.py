"""DS18B20, a thermometer on a 1-Wire line: Maxim Integrated data sheet 19-7487, rev. 6 (7/19)."""

import time

from micropython import const

from node.drivers.errors import (
    BadReading,
    CrcMismatch,
    DeviceMismatch,
    LineHeld,
    NoAnswer,
    NoSupply,
    SensorReset,
    SensorTimeout,
)
from node.drivers.shared import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.drivers.onewire import OneWireDevice

_FAMILY = const(0x28)  # "64-Bit Lasered ROM Code"
# "Function Commands", table 3
_CONVERT_T = const(0x44)
_WRITE_SCRATCHPAD = const(0x4E)
_READ_SCRATCHPAD = const(0xBE)
_RECALL_E2 = const(0xB8)
_READ_POWER_SUPPLY = const(0xB4)
_RECALL_SLOTS = const(1000)  # 70 ms; the data sheet gives no time, chips take some 10 us
# "Memory", figure 9
_TH = const(2)
_CONFIG = const(4)
_CRC = const(8)
_PAD_BYTES = const(9)
# "Configuration Register", figure 10: these bits cannot be changed, and read so
_FIXED_MASK = const(0x9F)
_FIXED = const(0x1F)
# Table 2: bits, the register; the longest conversion, rounded up to a millisecond of ours and
# another one, since the clock may tick at once; figure 4: the bits that mean nothing
_RESOLUTIONS = (
    (9, 0x1F, 95_000, 0x07),
    (10, 0x3F, 189_000, 0x03),
    (11, 0x5F, 376_000, 0x01),
    (12, 0x7F, 751_000, 0x00),
)
_STEPS_PER_C = const(16)  # figure 4


class DS18B20:
    """A chip with a supply at VDD; one on parasite power is refused.

    It shows 85 degC after power-on, and a dead line reads 0 degC with a CRC that fits.  So each
    conversion is proven: the chip has said that it is busy, and register TH, of no other use here,
    still holds what begin() wrote, which is not what the EEPROM would bring.  Then 85 degC is a
    temperature as any other.
    """

    chip = "ds18b20"
    least_c = -55.0  # "General Description"
    most_c = 125.0

    def __init__(self, bus: "OneWireDevice", clock: "Any" = time) -> None:
        """clock: ticks_ms and ticks_diff of the module time.

        Raises NoAnswer, LineHeld, CrcMismatch, NoSupply, SensorTimeout, all OSError;
        DeviceMismatch; ValueError(key, value, allowed) where several chips need a ROM code.
        """
        self._bus, self._line, self._clock = bus, bus.line, clock
        self._pad = bytearray(_PAD_BYTES)
        bus.identify(_FAMILY, self.chip)
        self._recall()  # first: a chip that is not there would seem to have a supply
        bus.command(_READ_POWER_SUPPLY)
        if not self._line.read_bit():
            raise NoSupply(self.chip)
        self._mark = self._pad[_TH] ^ 0xFF
        self._begun_ticks = 0
        self._begun = False
        self.configure()

    def configure(self, bits: int = 12) -> None:
        """Choose the resolution; begin() writes it.  Raises ValueError(key, value, allowed)."""
        _, self._config, self.wait_us, self._undefined = choose("bits", bits, _RESOLUTIONS)
        self.resolution_c = 2.0 ** (8 - bits)
        self._begun = False

    def prove_kept(self) -> None:
        """Between readings: a chip is on the line, 1 ms.  It keeps nothing that begin() needs.

        Raises NoAnswer, LineHeld.
        """
        self._line.reset()

    def begin(self) -> None:
        """Start a conversion: read_c() has it wait_us later.  16 ms; allocates nothing.

        Raises NoAnswer, LineHeld.
        """
        self._begun = False
        bus, line = self._bus, self._line
        bus.command(_WRITE_SCRATCHPAD)
        line.write(self._mark)
        line.write(0)
        line.write(self._config)
        bus.command(_CONVERT_T)
        # The line has no check sum for commands.  A chip that converts pulls this bit low.
        if line.read_bit():
            raise NoAnswer(self.chip)
        self._begun_ticks = self._clock.ticks_ms()
        self._begun = True

    def ready(self) -> bool:
        """Whether the conversion is over."""
        return self._begun and self._waited_us() >= self.wait_us

    def read_c(self) -> float:
        """The temperature of the conversion that begin() started, degC, once.  13 ms.

        Raises SensorTimeout before it is over, SensorReset where the chip has lost its supply
        since, BadReading, CrcMismatch, NoAnswer, LineHeld, all OSError; DeviceMismatch.
        """
        if not self.ready():
            raise SensorTimeout(self.chip, self._waited_us() if self._begun else 0)
        self._read_scratchpad()
        pad = self._pad
        self._prove(_TH, self._mark)
        self._prove(_CONFIG, self._config)
        raw = pad[0] | pad[1] << 8
        steps = ((raw ^ 0x8000) - 0x8000) & ~self._undefined
        celsius: float = steps / _STEPS_PER_C
        if not self.least_c <= celsius <= self.most_c:
            raise BadReading(self.chip, celsius, self.least_c, self.most_c)
        self._begun = False
        return celsius

    def _waited_us(self) -> int:
        waited_ms: int = self._clock.ticks_diff(self._clock.ticks_ms(), self._begun_ticks)
        return waited_ms * 1000

    def _prove(self, at: int, expected: int) -> None:
        if self._pad[at] != expected:
            raise SensorReset(self.chip, at, expected, self._pad[at])

    def _recall(self) -> None:
        """Bring the registers of the EEPROM, which are those after power-on, to the scratchpad."""
        self._bus.command(_RECALL_E2)
        for _ in range(_RECALL_SLOTS):
            if self._line.read_bit():
                self._read_scratchpad()
                return
        raise SensorTimeout(self.chip, _RECALL_SLOTS * 70)

    def _read_scratchpad(self) -> None:
        pad, line = self._pad, self._line
        self._bus.command(_READ_SCRATCHPAD)
        line.read_into(pad)
        if min(pad) == 0xFF:
            raise NoAnswer(self.chip)  # nobody has pulled the line low
        if max(pad) == 0:
            raise LineHeld
        if line.crc8(pad):
            raise CrcMismatch(self.chip, line.crc8(bytes(pad[:_CRC])), pad[_CRC])
        if pad[_CONFIG] & _FIXED_MASK != _FIXED:
            raise DeviceMismatch(self.chip, _FIXED, pad[_CONFIG] & _FIXED_MASK)
