"""A file that makes a board a node: its file system, with MicroPython in front where it can be."""

from dataclasses import dataclass, field
from typing import Literal

from nodewright.boards import Board
from nodewright.image import esp, rp2
from nodewright.image.errors import RuntimeUnfit
from nodewright.runtimes import registry
from nodewright.runtimes.binary import Binary

Form = Literal["littlefs", "uf2", "esp"]


@dataclass(frozen=True)
class Flashable:
    """The bytes of a file for a board.

    form: "uf2", to be copied onto the drive of the boot loader; "esp", all of the flash from 0 on;
    "littlefs", the file system alone, to be written at offset_bytes.  note: what it lacks, "" for
    nothing.
    """

    form: Form
    offset_bytes: int
    data: bytes = field(repr=False)
    runtime: Binary | None
    note: str = ""


def assemble(board: Board, file_system: bytes, runtime: Binary | None) -> Flashable:
    """The file for a board, with MicroPython or without.  Raises RuntimeUnfit."""
    offset = board.flash.fs_offset_bytes
    if board.chip == "twin":
        return Flashable("littlefs", 0, file_system, None)
    if runtime is not None:
        reason = registry.unfit(runtime, board)
        if reason:
            raise RuntimeUnfit(board.name, reason)
        if board.programmer == "uf2":
            return Flashable("uf2", 0, rp2.whole(board, file_system, runtime), runtime)
        return Flashable("esp", 0, esp.whole(board, file_system, runtime), runtime)
    note = (
        f"without MicroPython, the files alone: {board.name} must have it already, or "
        "nodewright runtime add FILE puts it into the image"
    )
    if board.programmer == "uf2":
        return Flashable("uf2", 0, rp2.file_system(board, file_system), None, note)
    note += f"; to be written at 0x{offset:x} of its flash"
    return Flashable("littlefs", offset, file_system, None, note)
