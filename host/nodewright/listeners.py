"""Who listens on a TCP port of this host, as far as it can be told."""

import socket
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_LISTEN = "0A"  # include/net/tcp_states.h: TCP_LISTEN is 10
_ASK_S = 0.5


def listener(port: int, proc: Path = _PROC) -> str | None:
    """The program that listens, as "name (process 123)"; "" for an unknown one, None for nobody.

    proc: where Linux tells; elsewhere, and of other users' programs, nothing is known.
    """
    inodes = _inodes(port, proc)
    if not inodes:
        return "" if _answers(port) else None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name)):
        if _files(process) & wanted:
            with suppress(OSError):  # ended meanwhile
                return f"{(process / 'comm').read_text().strip()} (process {process.name})"
    return ""


def _files(process: Path) -> set[str]:
    """What a process has open, as far as we may know."""
    found = set()
    with suppress(OSError):  # another user's, or ended meanwhile
        for link in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile, as the file that lists the folder
                found.add(str(link.readlink()))
    return found


def _inodes(port: int, proc: Path) -> set[str]:
    """The sockets that listen on the port, of both address families."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if words[3] == _LISTEN and int(words[1].rpartition(":")[2], 16) == port:
                found.add(words[9])
    return found


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(_ASK_S)
        return probe.connect_ex(("127.0.0.1", port)) == 0
