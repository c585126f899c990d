"""LittleFS as a board's own port mounts it: files packed into it, and read out of it again."""

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LFSConfig, LittleFS, LittleFSError, UserContext

from nodewright.boards import Board, Flash
from nodewright.image.errors import ImageError, ImageFull, NoFileSystem

_MAGIC = b"littlefs"


class _Memory(UserContext):
    """A flash in memory.  The package's own writes a line to a log for each access, which is half
    of the time that an image takes: LittleFS reads one some 50,000 times."""

    def __init__(self, block_bytes: int, data: bytearray) -> None:
        super().__init__(buffer=data)
        self._block_bytes = block_bytes
        self._erased = b"\xff" * block_bytes

    def read(self, cfg: LFSConfig, block: int, off: int, size: int) -> bytearray:  # noqa: ARG002
        start = block * self._block_bytes + off
        return self.buffer[start : start + size]

    def prog(self, cfg: LFSConfig, block: int, off: int, data: bytes) -> int:  # noqa: ARG002
        start = block * self._block_bytes + off
        self.buffer[start : start + len(data)] = data
        return 0

    def erase(self, cfg: LFSConfig, block: int) -> int:  # noqa: ARG002
        start = block * self._block_bytes
        self.buffer[start : start + self._block_bytes] = self._erased
        return 0


def pack(board: Board, files: Mapping[str, bytes]) -> bytes:
    """The files as a LittleFS image with the parameters of the board's own port.

    Written in sorted order, and LittleFS keeps no times: the same files give the same bytes.
    Raises ImageFull, ImageError.
    """
    fs = _file_system(board.flash, bytearray(b"\xff") * board.flash.fs_bytes)
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
    fs = _file_system(flash, bytearray(data))
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


def _file_system(flash: Flash, data: bytearray) -> LittleFS:
    return LittleFS(
        context=_Memory(flash.block_bytes, data),
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
