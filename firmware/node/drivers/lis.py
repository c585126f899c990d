"""What ST's accelerometers LIS3DH and LIS2DW12 have in common.

Registers at the same addresses, 32 entries of FIFO read in one burst (the address rolls back from
the last data register to the first), samples left-justified in 16 bits.
Sources: data sheets DocID17530 rev. 2 (LIS3DH) and DS12141 (LIS2DW12); registers, bits and scales
are those of ST's own drivers too (lis3dh-pid, lis2dw12-pid).
"""

from micropython import const

from node.drivers.accelerometer import Accelerometer
from node.drivers.kernels import split_axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from node.drivers.bus import RegisterBus

# Table 21 of either
WHO_AM_I = const(0x0F)
CTRL1 = const(0x20)
_FRAME_BYTES = const(6)
_DEPTH = const(32)


class Lis(Accelerometer):
    """A chip of this family.  first_data: the register at which a burst begins."""

    most_hz = {"i2c": 400_000, "spi": 10_000_000}  # LIS3DH tables 7 and 6, LIS2DW12 7 and 8
    defaults = (100, 2)
    # A sample takes 6 bytes of 9 clocks on I2C, 8 on SPI, and half of the bus stays free for
    # questions and for being late.
    bits_a_sample = 108
    fifo_depth = _DEPTH  # ch. 5.1 and 5.3
    proof_reg = CTRL1
    off = (CTRL1, 0)
    first_data = 0

    def __init__(self, bus: "RegisterBus") -> None:
        self._all = bytearray(_FRAME_BYTES * _DEPTH)
        view = memoryview(self._all)
        # Slicing allocates: one view for each number of entries, made once.
        self._counts = [view[: _FRAME_BYTES * count] for count in range(_DEPTH + 1)]
        super().__init__(bus)

    def read_into(
        self, x: "array[int]", y: "array[int]", z: "array[int]", at: int, count: int
    ) -> None:
        """Take count entries from the FIFO to x, y, z (int16, digits) from index at on.

        count: 0 to 32, and no more than entries().  Raises OSError; the blocks are then unchanged.
        """
        self._check(x, y, z, at, count, _DEPTH)
        if count:
            self._bus.read_into(self.first_data, self._counts[count])
            split_axes(self._all, x, y, z, at, count)
