"""How bytes on I2C and SPI become accesses to a chip's eight-bit registers."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Buffer = bytearray | memoryview

_MULTIPLE = 0x40  # SPI command: R/W, MB, six bits of address
_ADDRESS = 0x3F


class RegisterChip:
    """A register pointer behind both buses.

    A chip overrides begin, read_register, write_register and end; begin and end frame what happens
    in one transaction.  One that reads the first byte otherwise than the ADXL345, or steps on
    otherwise, overrides _point and _step; read_bit: of that byte on SPI.
    """

    read_bit = 0x80

    def __init__(self) -> None:
        self._pointer = 0
        self._counts = True  # whether the pointer moves on from byte to byte
        self._command = -1  # of the SPI frame under way, -1 before its first byte

    def begin(self) -> None:
        """The first byte of a transaction is about to be served."""

    def read_register(self, reg: int) -> int:
        raise NotImplementedError

    def write_register(self, reg: int, value: int) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """The transaction is over."""

    def _point(self, byte: int, spi: bool) -> None:
        """The first byte of a transaction: which register, and whether its successors follow."""
        self._pointer = byte & _ADDRESS if spi else byte
        self._counts = bool(byte & _MULTIPLE) if spi else True

    def _step(self) -> None:
        """The register of the next byte."""
        if self._counts:
            self._pointer += 1

    # --- I2C: the pointer stays between a write and the read after it

    def write(self, buf: "Buffer") -> None:
        """The bytes of a write: a register, then values for it and its successors."""
        if len(buf) == 1:  # the register of a read that follows: nothing happens in the chip
            self._point(buf[0], False)
            return
        self.begin()
        for i in range(len(buf)):
            if i == 0:
                self._point(buf[0], False)
            else:
                self.write_register(self._pointer, buf[i])
                self._step()
        self.end()

    def read_into(self, buf: "Buffer") -> None:
        """A read from the pointer on."""
        self.begin()
        for i in range(len(buf)):
            buf[i] = self.read_register(self._pointer)
            self._step()
        self.end()

    def next_byte(self) -> int:
        """One byte of a read whose length nobody knows; begin() and end() are its caller's."""
        got = self.read_register(self._pointer)
        self._step()
        return got

    # --- SPI: a frame is what happens while the chip is selected

    def select(self) -> None:
        self._command = -1
        self.begin()

    def transfer(self, out: "Buffer | None", into: "Buffer | None") -> None:
        """Exchange bytes; None for out sends zeros, None for into drops what the chip sends."""
        for i in range(len(out if out is not None else into or b"")):
            got = self._exchange(out[i] if out is not None else 0)
            if into is not None:
                into[i] = got

    def _exchange(self, byte: int) -> int:
        if self._command < 0:
            self._command = byte
            self._point(byte, True)
            return 0
        got = 0
        if self._command & self.read_bit:
            got = self.read_register(self._pointer)
        else:
            self.write_register(self._pointer, byte)
        self._step()
        return got

    def deselect(self) -> None:
        self._command = -1
        self.end()
