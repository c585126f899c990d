"""What ST's accelerometers LIS3DH and LIS2DW12 have in common: where their registers are, and how
the address rolls back from the last data register to the first while the FIFO is read.
Data sheets DocID17530 rev. 2 and DS12141.
"""

from sim.chips.accelerometer import Accelerometer
from sim.chips.fifo import BYPASS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World

    Buffer = bytearray | memoryview

# LIS3DH DocID17530 rev. 2 and LIS2DW12 DS12141, ch. 7, table 21 of either
WHO_AM_I = 0x0F
STATUS = 0x27
OUT_X_L = 0x28
OUT_Z_H = 0x2D
FIFO_CTRL = 0x2E
FIFO_STATE = 0x2F  # FIFO_SRC_REG, FIFO_SAMPLES
_SIZE = 0x40


class Lis(Accelerometer):
    """A chip of this family.  RESET: (register, value) of all that are not 0 after power-on;
    WRITABLE: the registers that are.
    """

    RESET: "tuple[tuple[int, int], ...]" = ()
    WRITABLE: "tuple[int, ...]" = ()

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        super().__init__(config, world)
        self._regs = bytearray(_SIZE)
        self._counts = False  # the address counts up in this transaction
        self.power_up()

    # --- what differs from chip to chip

    def address(self, byte: int, spi: bool) -> "tuple[int, bool]":
        """What a transaction's first byte says: the register, whether it counts up."""
        raise NotImplementedError

    def status(self) -> int:
        raise NotImplementedError

    def fifo_state(self) -> int:
        raise NotImplementedError

    def commanded(self, reg: int, value: int) -> None:
        """A register has been written that does something by itself."""

    # --- registers

    def power_up(self) -> None:
        for reg in range(_SIZE):
            self._regs[reg] = 0
        for reg, value in self.RESET:
            self._regs[reg] = value
        self.convert()

    def read_register(self, reg: int) -> int:
        if OUT_X_L <= reg <= OUT_Z_H:
            if not self._taken:
                self._take()
            return self.sampler.digits[(reg - OUT_X_L) >> 1] >> (8 * (reg & 1)) & 0xFF
        self._write_log()
        if reg == WHO_AM_I and self.identity_lost():
            return 0
        if reg == STATUS:
            return self.status()
        if reg == FIFO_STATE:
            self._stall()
            return self.fifo_state()
        return self._regs[reg] if reg < _SIZE else 0

    def write_register(self, reg: int, value: int) -> None:
        self._write_log()
        if reg in self.WRITABLE:
            self._regs[reg] = value
            self.commanded(reg, value)
            self.convert()
            self._follow()

    # --- transactions

    def _point(self, byte: int, spi: bool) -> None:
        self._pointer, self._counts = self.address(byte, spi)

    def _step(self) -> None:
        """The address of the next byte."""
        if not self._counts:
            return
        if self._pointer == OUT_Z_H and self._fifo.mode != BYPASS:
            self._pointer = OUT_X_L
            self._taken = False  # the next entry
        else:
            self._pointer += 1
