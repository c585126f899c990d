"""SPI for chips without registers: bytes out and bytes in, while the chip is selected."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SPIFrames:
    """spi: a machine.SPI; cs: called with the level (a machine.Pin).  Nothing is allocated."""

    kind = "spi"

    def __init__(self, spi: "Any", cs: "Any", rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._spi, self._cs = spi, cs
        cs(1)

    def exchange(self, out: "bytes | bytearray", into: bytearray) -> None:
        """Both of one length.  Raises OSError as the port does."""
        self._cs(0)
        try:
            self._spi.write_readinto(out, into)
        finally:
            self._cs(1)
