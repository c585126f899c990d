"""Free ports of this machine, for programs that cannot ask the system for one themselves.

mosquitto takes no port 0: a port is asked for, let go of, and named to it.  In between somebody
else may take it, so whoever starts a program by one tries again.
"""

import contextlib
import socket
from collections.abc import Callable
from typing import TypeVar

from nodewright.errors import PortInUse

HOST = "127.0.0.1"
TRIES = 8

T = TypeVar("T")


def free_port(host: str = HOST) -> int:
    """A port at which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def on_free_port(launch: Callable[[int], T]) -> T:
    """What launch(port) returns at the first port that was still free.

    Raises PortInUse where the last of TRIES was taken, too, and what else launch raises.
    """
    for _ in range(TRIES - 1):
        with contextlib.suppress(PortInUse):
            return launch(free_port())
    return launch(free_port())
