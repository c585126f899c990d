"""Child processes: that they do not survive us, even when we are killed; what they are doing."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent() -> Callable[[], None] | None:
    """The `preexec_fn` of a Popen whose child is killed when its parent ends; None off Linux.

    Killed, not asked: mosquitto forgets a signal that comes before its main loop.
    The parent is the *thread* that starts the child (prctl(2)): start children from a thread that
    lives as long as they shall.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def arm() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before the signal was armed
            os._exit(1)

    return arm


def is_waiting(pid: int) -> bool:
    """Whether a process sleeps until something comes; True where the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()  # proc(5)
        return stat.rpartition(b")")[2].split()[0] == b"S"
    except (OSError, IndexError):
        return True
