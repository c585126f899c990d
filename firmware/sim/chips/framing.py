"""How bytes on I2C and SPI become accesses to a chip's eight-bit registers."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Buffer = bytearray | memoryview

_READ = 0x80  # SPI command: R/W, MB, six bits of address
_MULTIPLE = 0x40
_ADDRESS = 0x3F


class RegisterChip:
    """A register pointer behind both buses.

    A chip overrides begin, read_register, write_register and end; begin and end frame what happens
    in one transaction.
    """

    def __init__(self) -> None:
        self._pointer = 0
        self._command = -1  # of the SPI frame under way, -1 before its first byte

    def begin(self) -> None:
        """The first byte of a transaction is about to be served."""

    def read_register(self, reg: int) -> int:
        raise NotImplementedError

    def write_register(self, reg: int, value: int) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """The transaction is over."""

    # --- I2C: the pointer stays between a write and the read after it

    def write(self, buf: "Buffer") -> None:
        """The bytes of a write: a register, then values for it and its successors."""
        self.begin()
        for i in range(len(buf)):
            if i == 0:
                self._pointer = buf[0]
            else:
                self.write_register(self._pointer, buf[i])
                self._pointer += 1
        self.end()

    def read_into(self, buf: "Buffer") -> None:
        """A read from the pointer on."""
        self.begin()
        for i in range(len(buf)):
            buf[i] = self.read_register(self._pointer)
            self._pointer += 1
        self.end()

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
            self._command, self._pointer = byte, byte & _ADDRESS
            return 0
        got = 0
        if self._command & _READ:
            got = self.read_register(self._pointer)
        else:
            self.write_register(self._pointer, byte)
        if self._command & _MULTIPLE:
            self._pointer += 1
        return got

    def deselect(self) -> None:
        self._command = -1
        self.end()
