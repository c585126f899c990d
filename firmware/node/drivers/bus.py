"""Registers of a chip over I2C or SPI, one interface for all drivers.

Nothing is allocated per call.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class RegisterBus(Protocol):
        rate_hz: int  # clock of the bus, bit/s

        def read_into(self, reg: int, buf: "bytearray | memoryview") -> None: ...

        def write(self, reg: int, value: int) -> None: ...


_READ = const(0x80)  # ADXL345 rev. G, figures 37 and 38: R/W, MB, A5…A0
_MULTIPLE = const(0x40)


class I2CRegisters:
    """Eight-bit registers behind an I2C address, the pointer counting up in a multi-byte read."""

    def __init__(self, i2c: "Any", address: int, rate_hz: int = 400_000) -> None:
        self.rate_hz = rate_hz
        self._i2c, self._address = i2c, address
        self._one = bytearray(1)

    def read_into(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Fill buf from register reg on.  Raises OSError as the port does."""
        self._i2c.readfrom_mem_into(self._address, reg, buf)

    def write(self, reg: int, value: int) -> None:
        """Write one register.  Raises OSError as the port does."""
        self._one[0] = value
        self._i2c.writeto_mem(self._address, reg, self._one)


class SPIRegisters:
    """Eight-bit registers over four-wire SPI, mode 3; cs is called with the level (a machine.Pin).

    SPI has no acknowledgement: an absent chip reads as 0x00 or 0xFF, and its driver finds the
    wrong identity.
    """

    def __init__(self, spi: "Any", cs: "Any", rate_hz: int = 5_000_000) -> None:
        self.rate_hz = rate_hz
        self._spi, self._cs = spi, cs
        self._command, self._pair = bytearray(1), bytearray(2)
        cs(1)

    def read_into(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Fill buf from register reg on.  Raises OSError as the port does."""
        self._command[0] = reg | (_READ | _MULTIPLE if len(buf) > 1 else _READ)
        self._cs(0)
        try:
            self._spi.write(self._command)
            self._spi.readinto(buf)
        finally:
            self._cs(1)

    def write(self, reg: int, value: int) -> None:
        """Write one register.  Raises OSError as the port does."""
        self._pair[0], self._pair[1] = reg, value
        self._cs(0)
        try:
            self._spi.write(self._pair)
        finally:
            self._cs(1)
