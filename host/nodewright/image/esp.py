"""The flash of an ESP32 from its first byte on: MicroPython's .bin, and the file system.

Where MicroPython's partition table has no file system, it takes all flash behind the application,
however much a module has; the image names it in the table, so that it is as large as it was packed
for (docs/decisions/0016-images.md).
"""

from nodewright.boards import Board
from nodewright.image.errors import RuntimeUnfit
from nodewright.runtimes.binary import Binary
from nodewright.runtimes.esp import TABLE_BYTES, TABLE_OFFSET, read_table, with_file_system


def whole(board: Board, data: bytes, runtime: Binary) -> bytes:
    """All of the flash.  Raises RuntimeUnfit where MicroPython leaves the files no room."""
    flash = board.flash
    loader = flash.loader_offset_bytes
    end = loader + len(runtime.data)
    parts = read_table(runtime.data, TABLE_OFFSET - loader)
    taken = max(part.offset + part.size for part in parts if part.label != "vfs")
    if max(end, taken) > flash.fs_offset_bytes:
        raise RuntimeUnfit(
            board.name,
            f"it reaches to 0x{max(end, taken):x}, files begin at 0x{flash.fs_offset_bytes:x}",
        )
    memory = bytearray(b"\xff") * (flash.fs_offset_bytes + flash.fs_bytes)
    memory[loader:end] = runtime.data
    if runtime.file_system is None:
        rows = slice(TABLE_OFFSET, TABLE_OFFSET + TABLE_BYTES)
        table = bytes(memory[rows])
        memory[rows] = with_file_system(table, flash.fs_offset_bytes, flash.fs_bytes)
    memory[flash.fs_offset_bytes :] = data
    return bytes(memory)
