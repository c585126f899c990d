"""Registers of a chip over I2C or SPI, one interface for all drivers.

Nothing is allocated per call.
"""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class RegisterBus(Protocol):
        kind: str  # "i2c" or "spi"
        rate_hz: int  # clock of the bus, bit/s
        multiple: int  # SPI: the bits that tell the chip to count its registers up
        read_last: bool  # SPI: the command ends with the read bit, the register stands before it

        def read_into(self, reg: int, buf: "bytearray | memoryview") -> None: ...

        def write(self, reg: int, value: int) -> None: ...


_READ = const(0x80)  # ADXL345 rev. G, figures 37 and 38: R/W, MB, A5…A0
_MULTIPLE = const(0x40)
_READ_LAST = const(0x01)  # ADXL354/ADXL355 rev. B, "SPI Protocol": A6…A0, R/W
_MOST_CLOCKS = const(9)  # what is left of a byte, and its acknowledge
_HALF_CLOCK_US = const(5)  # 100 kHz, which every chip can follow


class I2CRegisters:
    """Eight-bit registers behind an I2C address, the pointer counting up in a multi-byte read."""

    kind = "i2c"
    multiple = 0  # these have a meaning on SPI only
    read_last = False

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

    def write_from(self, reg: int, buf: "bytearray") -> None:
        """Write all of buf to a register that is wider than a byte.  Raises OSError."""
        self._i2c.writeto_mem(self._address, reg, buf)


class SPIRegisters:
    """Eight-bit registers over four-wire SPI, mode 3; cs is called with the level (a machine.Pin).

    SPI has no acknowledgement: an absent chip reads as 0x00 or 0xFF, and its driver finds the
    wrong identity.  A chip whose commands have seven bits of address and none for several bytes
    (ST's LIS2DW12) has its driver set multiple to 0; one whose read bit comes last (ADXL355) has
    its driver set read_last.
    """

    kind = "spi"
    multiple = _MULTIPLE
    read_last = False

    def __init__(self, spi: "Any", cs: "Any", rate_hz: int = 5_000_000) -> None:
        self.rate_hz = rate_hz
        self._spi, self._cs = spi, cs
        self._command, self._pair = bytearray(1), bytearray(2)
        cs(1)

    def read_into(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Fill buf from register reg on.  Raises OSError as the port does."""
        if self.read_last:
            self._command[0] = reg << 1 | _READ_LAST
        else:
            self._command[0] = reg | (_READ | self.multiple if len(buf) > 1 else _READ)
        self._cs(0)
        try:
            self._spi.write(self._command)
            self._spi.readinto(buf)
        finally:
            self._cs(1)

    def write(self, reg: int, value: int) -> None:
        """Write one register.  Raises OSError as the port does."""
        self._pair[0], self._pair[1] = reg << 1 if self.read_last else reg, value
        self._cs(0)
        try:
            self._spi.write(self._pair)
        finally:
            self._cs(1)


def clock_out(sda: "Any", scl: "Any", sleep_us: "Any") -> bool:
    """Make a chip let go of SDA which it holds low since it lost its master in mid-byte.

    Up to nine clocks bring it to a bit that is high, a STOP ends its transaction (NXP UM10204
    rev. 7, 3.1.16).  sda, scl: open-drain pins, called with a level or without.  Whether SDA is
    high at the end.
    """
    sda(1)
    for _ in range(_MOST_CLOCKS):
        if sda():
            break
        scl(0)
        sleep_us(_HALF_CLOCK_US)
        scl(1)
        sleep_us(_HALF_CLOCK_US)
    scl(0)
    sda(0)
    sleep_us(_HALF_CLOCK_US)
    scl(1)
    sleep_us(_HALF_CLOCK_US)
    sda(1)
    sleep_us(_HALF_CLOCK_US)
    return bool(sda())
