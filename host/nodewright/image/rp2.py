"""The flash of an RP2040 or RP2350 as one UF2: MicroPython in front, the file system in its place.

All of the file system is in the file, also what is empty: what a board had there before, another
node's key among it, does not survive, and LittleFS never meets half of an older one.
"""

from nodewright import uf2
from nodewright.boards import Board
from nodewright.image.errors import RuntimeUnfit
from nodewright.runtimes.binary import Binary
from nodewright.runtimes.rp2 import CHIPS, FLASH_BASE

_SECTOR_BYTES = 4096
_EMPTY = b"\xff" * uf2.PAGE_BYTES


def file_system(board: Board, data: bytes) -> bytes:
    """A UF2 of the file system alone."""
    # An RP2350 moves what is for its Arm cores into a partition where it has partitions.
    family = uf2.RP2040 if board.chip == "rp2040" else uf2.ABSOLUTE
    return uf2.write(_pages(FLASH_BASE + board.flash.fs_offset_bytes, data), family)


def whole(board: Board, data: bytes, runtime: Binary) -> bytes:
    """A UF2 of MicroPython and the file system.  Raises RuntimeUnfit where they overlap."""
    blocks = uf2.read(runtime.data)
    family = next(family for family, (chip, _) in CHIPS.items() if chip == board.chip)
    base, code = uf2.flat(blocks, family)
    room = board.flash.fs_offset_bytes - (base - FLASH_BASE)
    if len(code) > room:
        raise RuntimeUnfit(board.name, f"it has {len(code)} bytes, and {room} are free")
    # RP2040 datasheet, erratum E14: a sector that is not the last one must be written wholly.
    code += b"\xff" * (-len(code) % _SECTOR_BYTES)
    pages = _pages(base, code) | _pages(FLASH_BASE + board.flash.fs_offset_bytes, data)
    # What goes in front for the RP2350's erratum E10 stays as its maker has it.
    front = b"".join(block.raw for block in blocks if block.family == uf2.ABSOLUTE)
    return front + uf2.write(pages, family)


def _pages(base: int, data: bytes) -> dict[int, bytes]:
    size = uf2.PAGE_BYTES
    return {base + at: (data[at : at + size] + _EMPTY)[:size] for at in range(0, len(data), size)}
