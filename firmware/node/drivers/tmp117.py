"""TMP117, a thermometer of 0.1 degC on I2C: Texas Instruments SNOSD82D (rev. September 2022)."""

from micropython import const

from node.drivers.errors import BadReading, DeviceMismatch, SensorReset, SensorTimeout
from node.drivers.shared import choose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from node.drivers.bus import I2CRegisters

# 7.6, table 7-3: registers of 16 bits, the high byte first
_TEMP_RESULT = const(0x00)
_CONFIGURATION = const(0x01)
_DEVICE_ID = const(0x0F)
_ID_MASK = const(0x0FFF)  # 7.6.11: a revision stands above it
_ID = const(0x0117)
# 7.6.3
_DATA_READY = const(0x2000)
_ONE_SHOT = const(0x0C00)  # MOD; back to 01, shutdown, at the end of the conversion
_CYCLE = const(0x0200)  # CONV as after power-on; without effect on one conversion
# MOD[0], CONV, AVG, T/nA, POL, DR/Alert, Soft_Reset (reads 0).  After a reset MOD is 00, on a dead
# bus all are 0 or all 1: none looks like what begin() wrote.
_WRITTEN = const(0x07FE)
# 7.6.3, AVG: averages, code; 6.5: 17.5 ms at most for each, rounded up to a millisecond and one
# more, since a wait by a clock of milliseconds may be shorter by nearly one
_AVERAGES = ((1, 0x00, 19_000), (8, 0x20, 141_000), (32, 0x40, 561_000), (64, 0x60, 1_121_000))
_DIGITS_PER_C = const(128)  # 7.3.3: 7.8125 m degC


class TMP117:
    """The chip in one-shot mode: it sleeps between the conversions, and does not warm itself."""

    chip = "tmp117"
    least_c = -55.0  # "Features"
    most_c = 150.0
    resolution_c = 1 / _DIGITS_PER_C

    def __init__(self, bus: "I2CRegisters") -> None:
        """Raises DeviceMismatch where another chip answers, OSError where none does."""
        self._bus = bus
        self._two = bytearray(2)
        self._begun = self._done = self._written = False
        self._prove_identity()
        self.configure()

    def configure(self, averages: int = 8) -> None:
        """Choose how many conversions make a value.  Raises ValueError(key, value, allowed)."""
        _, code, self.wait_us = choose("averages", averages, _AVERAGES)
        self._config = _ONE_SHOT | _CYCLE | code
        self._begun = self._written = False

    def begin(self) -> None:
        """Start a conversion: read_c() has it wait_us later.

        Allocates nothing by itself; the port joins register and value to write them
        (extmod/machine_i2c.c).
        Raises DeviceMismatch, OSError.
        """
        self._begun = self._done = False
        self._prove_identity()
        two = self._two
        two[0], two[1] = self._config >> 8, self._config & 0xFF
        self._bus.write_from(_CONFIGURATION, two)
        self._begun = self._written = True

    def prove_kept(self) -> None:
        """Between readings: this chip is there, and still has what begin() wrote.

        Raises DeviceMismatch, SensorReset where it has lost its supply since, OSError.
        """
        self._prove_identity()
        if self._written:
            self._prove_settings()

    def ready(self) -> bool:
        """Whether the conversion is over.  Raises SensorReset (the chip is as new), OSError."""
        if self._begun and not self._done:
            # The flag is cleared by being read.
            self._done = bool(self._prove_settings() & _DATA_READY)
        return self._begun and self._done

    def read_c(self) -> float:
        """The temperature of the conversion that begin() started, degC, once.

        Raises SensorTimeout before it is over, SensorReset where the chip has lost its supply
        since, BadReading, OSError.
        """
        if not self.ready():
            raise SensorTimeout(self.chip, self.wait_us if self._begun else 0)
        raw = self._word(_TEMP_RESULT)
        # A dead bus reads 0x0000 or 0xFFFF, temperatures as others: it lives before and after.
        self._prove_settings()
        celsius = ((raw ^ 0x8000) - 0x8000) / _DIGITS_PER_C
        if not self.least_c <= celsius <= self.most_c:
            raise BadReading(self.chip, celsius, self.least_c, self.most_c)
        self._begun = False
        return celsius

    def _prove_identity(self) -> None:
        got = self._word(_DEVICE_ID) & _ID_MASK
        if got != _ID:
            raise DeviceMismatch(self.chip, _ID, got)

    def _prove_settings(self) -> int:
        """The configuration register, which is as begin() has left it.  Raises SensorReset."""
        got = self._word(_CONFIGURATION)
        if (got ^ self._config) & _WRITTEN:
            raise SensorReset(self.chip, _CONFIGURATION, self._config & _WRITTEN, got & _WRITTEN)
        return got

    def _word(self, reg: int) -> int:
        self._bus.read_into(reg, self._two)
        return self._two[0] << 8 | self._two[1]
