"""Temporary folders that are swept also after a process which could not clean up.

All folders of a process lie in one, `nodewright-…` in the system's folder for such, with a file
`owner` that the process keeps locked.  The system drops the lock with the process, however it
ends: a folder whose owner can be locked belongs to nobody, whatever process ids say (they are used
again, and differ between containers that share a folder).  The next process removes it.
"""

import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: nothing is swept there
    fcntl = None  # type: ignore[assignment]

_PREFIX = "nodewright-"
_OWNER = "owner"
_LOCKED_WITHIN_S = 60.0  # a folder younger than that may not be locked yet


class _House:
    """The folder of this process, while it has any in it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._rooms: set[Path] = set()
        self._root: Path | None = None
        self._owner = -1
        self._pid = 0

    def take(self, what: str) -> Path:
        with self._guard:
            if self._root is None or self._pid != os.getpid():  # a fork has a folder of its own
                sweep()
                self._begin()
            assert self._root is not None
            room = Path(tempfile.mkdtemp(prefix=f"{what}-", dir=self._root))
            self._rooms.add(room)
            return room

    def remove(self, room: Path) -> None:
        shutil.rmtree(room, ignore_errors=True)
        with self._guard:
            self._rooms.discard(room)
            if self._rooms or self._root is None:
                return
            shutil.rmtree(self._root, ignore_errors=True)
            self._root = None
            os.close(self._owner)

    def _begin(self) -> None:
        self._rooms.clear()
        self._root, self._pid = Path(tempfile.mkdtemp(prefix=_PREFIX)), os.getpid()
        self._owner = os.open(self._root / _OWNER, os.O_RDWR | os.O_CREAT, 0o600)
        _lock(self._owner)


_house = _House()


def take(what: str) -> Path:
    """A new private folder, its name beginning with `what`.  Raises OSError.

    The first one of a process sweeps what dead ones left.
    """
    return _house.take(what)


def remove(folder: Path) -> None:
    """Remove such a folder with all in it.  Harmless when called again."""
    _house.remove(folder)


@contextmanager
def folder(what: str) -> Iterator[Path]:
    """A folder for a while."""
    room = take(what)
    try:
        yield room
    finally:
        remove(room)


def sweep() -> list[Path]:
    """Remove the folders whose owner is gone; which they were."""
    swept = []
    for root in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with suppress(OSError):
            if _is_orphan(root):
                shutil.rmtree(root, ignore_errors=True)
                swept.append(root)
    return swept


def _is_orphan(root: Path) -> bool:
    """Ours, with an owner's file that nobody has locked.  Raises OSError."""
    about = root.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        return False
    owner = os.open(root / _OWNER, os.O_RDWR | os.O_NOFOLLOW)
    try:
        old_s = time.time() - os.fstat(owner).st_mtime
        return old_s > _LOCKED_WITHIN_S and _lock(owner)
    finally:
        os.close(owner)


def _lock(file: int) -> bool:
    """Whether it could be locked at once: False also where the file system knows no locks."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
