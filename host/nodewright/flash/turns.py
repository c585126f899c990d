"""Boards enter their boot loaders one at a time: a drive does not say whose board it is.

That holds for all programs of a user: the turn is a lock on a file among the user's data, and a
board whose drive did not come is a line of it. Where that file cannot be written, it holds for the
threads of one program.
"""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from nodewright.errors import NodewrightError
from nodewright.flash.errors import AS_BEFORE, FlashFailed
from nodewright.fleet import lock
from nodewright.link.errors import Interrupted
from nodewright.runtimes import registry

_FILE = "boot-loaders"
_LOOK_S = 0.2
_LOCKED_AT = 1 << 30  # behind all lines: Windows lets nobody else read what is locked
_threads = threading.Lock()
_here: list[str] = []  # what the file would hold


@contextmanager
def turn(port: str, asked: threading.Event) -> Iterator[Callable[[], None]]:
    """Within it no other board enters.  What it gives is called once this one was sent: what is
    raised from then on marks it as gone astray.

    Raises Interrupted; FlashFailed where, while this one waited, another board went astray: its
    drive may still come.
    """
    sent = threading.Event()
    with ExitStack() as stack:
        handle = _opened()
        if handle is not None:
            stack.callback(os.close, handle)
        before = len(_astray(handle))
        _await(port, asked, lambda: _threads.acquire(blocking=False))
        stack.callback(_threads.release)
        if handle is not None:
            _await(port, asked, lambda: _locked(handle))
        astray = _astray(handle)
        if len(astray) > before:
            reason = f"the drive of {astray[-1]} may still come, and be taken for its own"
            raise FlashFailed(port, reason, f"{AS_BEFORE}: flash one at a time")
        try:
            yield sent.set
        except NodewrightError:
            if not sent.is_set():
                raise
            _here.append(port)
            if handle is not None:
                with suppress(OSError):
                    os.write(handle, f"{port}\n".encode())
            raise


def _opened() -> int | None:
    path = registry.home() / _FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        return None


def _astray(handle: int | None) -> list[str]:
    """Ports whose boards were sent into their boot loaders, and did not come."""
    if handle is None:
        return list(_here)
    os.lseek(handle, 0, os.SEEK_SET)
    return os.read(handle, os.fstat(handle).st_size).decode("utf-8", "replace").splitlines()


def _await(port: str, asked: threading.Event, got: Callable[[], bool]) -> None:
    while not got():
        if asked.is_set():
            raise Interrupted(port, AS_BEFORE)
        time.sleep(_LOOK_S)


def _locked(handle: int) -> bool:
    """Whether it is ours; it is, too, where there are no locks: threads take turns by another."""
    try:
        os.lseek(handle, _LOCKED_AT, os.SEEK_SET)
        lock.take(handle)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True
