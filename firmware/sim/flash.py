"""The twin of the flash: a block device over a file of the host.

Nothing allocates: LittleFS finalises open files with the heap locked.  Each program operation goes
to the file at once, in LittleFS's order: what a killed process leaves is what a power cut leaves.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The control operations of a block device: MicroPython docs, vfs.AbstractBlockDev.ioctl
_INIT = 1
_DEINIT = 2
_SYNC = 3
_BLOCK_COUNT = 4
_BLOCK_BYTES = 5
_ERASE = 6

_ERASE_STEP_BYTES = 256


class Flash:
    """file: opened "r+b" and unbuffered, as MicroPython's are; size in whole blocks."""

    def __init__(self, file: "Any", block_bytes: int) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._blocks = file.seek(0, 2) // block_bytes
        self._erased = b"\xff" * _ERASE_STEP_BYTES

    def readblocks(self, block: int, buf: "Any", offset: int = 0) -> None:
        self._file.seek(block * self._block_bytes + offset)
        self._file.readinto(buf)

    def writeblocks(self, block: int, buf: "Any", offset: int = 0) -> None:
        self._file.seek(block * self._block_bytes + offset)
        self._file.write(buf)

    def ioctl(self, operation: int, argument: int) -> "int | None":
        if operation == _BLOCK_COUNT:
            return self._blocks  # type: ignore[no-any-return]
        if operation == _BLOCK_BYTES:
            return self._block_bytes
        if operation == _ERASE:
            self._file.seek(argument * self._block_bytes)
            for _ in range(0, self._block_bytes, _ERASE_STEP_BYTES):
                self._file.write(self._erased)
            return 0
        return 0 if operation in (_INIT, _DEINIT, _SYNC) else None
