"""LittleFS as a board's own port mounts it: files packed into it, and read out of it again."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS, LittleFSError

from nodewright.boards import Board, Flash
from nodewright.image.errors import ImageError, ImageFull, NoFileSystem

_MAGIC = b"littlefs"


def pack(board: Board, files: Mapping[str, bytes]) -> bytes:
    """The files as a LittleFS image with the parameters of the board's own port.

    Written in sorted order, and LittleFS keeps no times: the same files give the same bytes.
    Raises ImageFull, ImageError.
    """
    fs = _file_system(board.flash)
    fs.format()
    fs.mount()
    path = "/"
    try:
        for path, data in sorted(files.items()):
            parent = PurePosixPath(path).parent
            if str(parent) != "/":
                fs.makedirs(str(parent), exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(data)
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise ImageError(f"{path}: {error}") from error
        raise ImageFull(board.name, sum(map(len, files.values())), board.flash.fs_bytes) from error
    return bytes(fs.context.buffer)


def unpack(flash: Flash, data: bytes) -> dict[str, bytes]:
    """The files of a LittleFS image, sorted by path.  Raises NoFileSystem."""
    if len(data) != flash.fs_bytes:
        raise NoFileSystem(f"it has {len(data)} bytes, the file system {flash.fs_bytes}")
    if not _has_superblock(flash, data):
        raise NoFileSystem("no LittleFS begins there")
    fs = _file_system(flash)
    fs.context.buffer = bytearray(data)
    files = {}
    try:
        fs.mount()
        for folder, _, names in fs.walk("/"):
            for name in names:
                path = str(PurePosixPath(folder) / name)
                if fs.stat(path).size > len(data):
                    raise NoFileSystem(f"{path} is larger than the file system")
                with fs.open(path, "rb") as file:
                    files[path] = file.read()
    except (LittleFSError, UnicodeDecodeError, RecursionError) as error:
        raise NoFileSystem(f"it is damaged: {error}") from None
    return dict(sorted(files.items()))


def _file_system(flash: Flash) -> LittleFS:
    return LittleFS(
        mount=False,
        block_size=flash.block_bytes,
        block_count=flash.blocks,
        read_size=flash.read_bytes,
        prog_size=flash.prog_bytes,
        cache_size=flash.cache_bytes,
        lookahead_size=flash.lookahead_bytes,
    )


def _has_superblock(flash: Flash, data: bytes) -> bool:
    """littlefs SPEC.md, "Metadata tags", 0x0ff: the magic is at byte 8 of block 0 or 1."""
    return any(data[at + 8 : at + 8 + len(_MAGIC)] == _MAGIC for at in (0, flash.block_bytes))
