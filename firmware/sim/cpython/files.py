"""A node's files on CPython: its absolute paths lie below one folder of the host.

The node's modules get an `open` and an `os` of their own, which know no other place; the twins and
CPython's library keep theirs.  `os` has the functions of MicroPython's and no more.
"""

import os
import posixpath
import sys
import types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_FOLDER, _FILE = 0x4000, 0x8000  # MicroPython docs, os.ilistdir
_NAME_BYTES = 255  # of LittleFS


class Files:
    """root: the folder that is the node's `/`; block_bytes, size_bytes: of the flash it is on."""

    def __init__(self, root: str, block_bytes: int = 4096, size_bytes: int = 1 << 20) -> None:
        self._root = os.path.realpath(root)
        self._here = "/"
        self._block_bytes, self._blocks = block_bytes, size_bytes // block_bytes

    def host_path(self, path: "Any") -> str:
        """Where a path of the node's lies; `..` ends at its root.  Raises TypeError, OSError."""
        if not isinstance(path, str):
            raise TypeError("a path is a str")
        if "\0" in path:
            raise OSError(22, "EINVAL")
        return self._root + posixpath.normpath(posixpath.join("/", self._here, path)).rstrip("/")

    def open(self, path: "Any", mode: str = "r", **_more: "Any") -> "Any":
        """As the board's: no newline is changed, text is UTF-8."""
        host = self.host_path(path)
        text = {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}
        return _bare(open, host, mode, **text)

    def module(self) -> types.ModuleType:
        """The module `os`."""
        twin = types.ModuleType("os")
        for name in dir(self):
            if name.startswith("os_"):
                setattr(twin, name[3:], getattr(self, name))
        twin.unlink = self.os_remove  # type: ignore[attr-defined]
        twin.urandom = os.urandom  # type: ignore[attr-defined]
        twin.sep = "/"  # type: ignore[attr-defined]
        return twin

    # --- the functions of `os`

    def os_getcwd(self) -> str:
        return self._here

    def os_chdir(self, path: str) -> None:
        host = self.host_path(path)
        if not os.path.isdir(host):
            raise OSError(2, "ENOENT")
        self._here = host[len(self._root) :] or "/"

    def os_ilistdir(self, path: str = ".") -> "Iterator[tuple[str, int, int, int]]":
        for entry in sorted(_bare(os.scandir, self.host_path(path)), key=lambda entry: entry.name):
            folder = entry.is_dir(follow_symlinks=False)
            size = 0 if folder else entry.stat().st_size
            yield entry.name, _FOLDER if folder else _FILE, 0, size

    def os_listdir(self, path: str = ".") -> "list[str]":
        return [entry[0] for entry in self.os_ilistdir(path)]

    def os_mkdir(self, path: str) -> None:
        _bare(os.mkdir, self.host_path(path))

    def os_rmdir(self, path: str) -> None:
        _bare(os.rmdir, self.host_path(path))

    def os_remove(self, path: str) -> None:
        """Also an empty folder, as LittleFS does."""
        host = self.host_path(path)
        _bare(os.rmdir if os.path.isdir(host) else os.remove, host)

    def os_rename(self, old: str, new: str) -> None:
        """A file that is there already is replaced, at once or not at all."""
        _bare(os.rename, self.host_path(old), self.host_path(new))

    def os_stat(self, path: str) -> "tuple[int, ...]":
        found = _bare(os.stat, self.host_path(path))
        folder = os.path.isdir(self.host_path(path))
        when = int(found.st_mtime)
        return (
            *(_FOLDER if folder else _FILE, 0, 0, 0, 0, 0),
            *(0 if folder else found.st_size, when, when, when),
        )

    def os_statvfs(self, path: str) -> "tuple[int, ...]":
        """As of the flash that the folder stands for: what the files take, in whole blocks."""
        used = 2  # the superblock's pair
        for folder, _, names in os.walk(self._root):
            used += 2 * (folder != self._root)
            for name in names:
                size = os.path.getsize(os.path.join(folder, name))
                used += -(-size // self._block_bytes)
        free = max(0, self._blocks - used)
        block = self._block_bytes
        return (block, block, self._blocks, free, free, 0, 0, 0, 0, _NAME_BYTES)

    def os_sync(self) -> None:
        os.sync()

    def os_uname(self) -> "tuple[str, ...]":
        version = "%d.%d.%d" % sys.version_info[:3]
        return (sys.platform, "", version, "CPython " + version, "virtual")


def _bare(action: "Callable[..., Any]", *paths: "Any", **options: "Any") -> "Any":
    """Do it; an error has its number and no path of the host."""
    try:
        return action(*paths, **options)
    except OSError as error:
        number, text = error.errno, error.strerror
    raise OSError(number, text)
