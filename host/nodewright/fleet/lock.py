"""One process at a time changes a fleet; the lock ends with its process, however that ends."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from nodewright.errors import NodewrightError
from nodewright.fleet.finding import FleetNotFound, WriteFailed
from nodewright.fleet.load import FILE

if sys.platform == "win32":
    import msvcrt

    def take(handle: int) -> None:
        """Lock an open file, or raise OSError where another has it."""
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def take(handle: int) -> None:
        """Lock an open file, or raise OSError where another has it."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


LOCK = ".nodewright.lock"
_TURN_S = 0.02
_T = TypeVar("_T")


class FleetLocked(NodewrightError):
    """Another process is changing the fleet.  folder: which; owner: what is known of it."""

    def __init__(self, folder: Path, owner: str) -> None:
        self.folder, self.owner = folder, owner
        super().__init__(
            f"another nodewright is changing {folder} ({owner or 'unknown'}): "
            "wait until it is done, then try again"
        )


def in_turn(do: Callable[[], _T], wait_s: float) -> _T:
    """What do gives, tried again while another has the fleet.  Raises FleetLocked after wait_s."""
    end_s = time.monotonic() + wait_s
    while True:
        try:
            return do()
        except FleetLocked:
            if time.monotonic() >= end_s:
                raise
        time.sleep(_TURN_S)


@contextmanager
def locked(folder: Path, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a fleet's lock.  Raises FleetLocked after wait_s, FleetNotFound, WriteFailed."""
    if not (folder / FILE).is_file():
        raise FleetNotFound(folder)
    path = folder / LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise WriteFailed(path, error.strerror or str(error)) from None
    try:
        _wait(handle, folder, path, time.monotonic() + wait_s)
        with suppress(OSError):  # who holds it is for the message alone
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"process {os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def _wait(handle: int, folder: Path, path: Path, end_s: float) -> None:
    while True:
        try:
            take(handle)
            return
        except OSError:
            if time.monotonic() >= end_s:
                raise FleetLocked(folder, _owner(path)) from None
        time.sleep(_TURN_S)


def _owner(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:80].strip()
    except OSError:
        return ""
