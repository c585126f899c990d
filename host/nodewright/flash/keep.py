"""The files of a board, kept in a folder of the host's, and taken off the board.

What a board calls its files is not believed: a path leaves the folder in no case.
"""

import base64
import binascii
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nodewright.errors import BadInput, NodewrightError
from nodewright.flash import agent, facts
from nodewright.fleet.files import IGNORE, IGNORE_ALL, write_whole
from nodewright.fleet.finding import WriteFailed
from nodewright.link.errors import BoardSilent, Interrupted
from nodewright.link.repl import Repl

_MOST_BYTES = 32 << 20
_LINE_BYTES = agent.CHUNK_BYTES * 2


class FolderTaken(BadInput):
    """A backup would mix with what is there.  folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"{folder} is not empty: name another folder")


class BackupFailed(NodewrightError):
    """It could not be written.  path: which file; reason; done: "3 of 9" that are in folder."""

    def __init__(self, path: Path, reason: str, done: str, folder: Path) -> None:
        self.path, self.reason, self.done, self.folder = path, reason, done, folder
        super().__init__(
            f"{path} could not be written ({reason}): {done} files are in {folder}; "
            "name a folder with more room"
        )


@dataclass(frozen=True)
class Kept:
    """A backup.  node: None where the board is none of ours; files: path to bytes."""

    node: str | None
    fleet: str | None
    version: str | None
    files: dict[str, int]


def backup(
    port: str, folder: Path, say: Callable[[str, int], None], asked: threading.Event
) -> Kept:
    """Copy all files of a board into an empty folder, which only the user can read.

    say: gets path and bytes of each that was copied.  Raises FolderTaken, BackupFailed,
    WriteFailed, Interrupted and BoardSilent.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderTaken(folder)
    with Repl(port) as repl:
        found = facts.read(repl)
        there = facts.files(repl, state=True)
        names = {path: local(folder, path, port) for path in there}
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(folder / IGNORE, IGNORE_ALL, 0o600)  # its key is for no version control
        sizes: dict[str, int] = {}
        for path, file in there.items():
            if asked.is_set():
                raise Interrupted(port, f"{len(sizes)} of {len(there)} files are in {folder}")
            data = get(repl, path, file)
            try:
                names[path].parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_whole(names[path], data, 0o600)
            except (WriteFailed, OSError) as failed:
                reason = str(getattr(failed, "reason", "") or getattr(failed, "strerror", ""))
                done = f"{len(sizes)} of {len(there)}"
                raise BackupFailed(names[path], reason, done, folder) from None
            sizes[path] = len(data)
            say(path, len(data))
    return Kept(found.node, found.fleet, found.version, sizes)


def local(folder: Path, path: str, port: str) -> Path:
    """Where a file of a board goes.  Raises BoardSilent for a path that would leave the folder."""
    parts = PurePosixPath(path).parts[1:]
    bad = any(part in ("..", ".") or any(c in "\\:\0" for c in part) for part in parts)
    if not parts or bad or not path.isprintable():
        raise BoardSilent(port, f"it has a file of an odd name, {path[:60]!r}")
    return folder.joinpath(*parts)


def get(repl: Repl, path: str, file: facts.OnBoard) -> bytes:
    """A file of a board, by the hash that was told of it.  Raises BoardSilent, BoardFailed."""
    data = bytearray()
    repl.begin(agent.call("get", path))
    while True:
        line = repl.take_line(most=_LINE_BYTES)
        if line == b"!":
            break
        try:
            data += base64.b64decode(line, validate=True)
        except binascii.Error:
            raise BoardSilent(repl.port, f"{path} is cut off") from None
        if not line or len(data) > min(file.size + agent.CHUNK_BYTES, _MOST_BYTES):
            raise BoardSilent(repl.port, f"{path} does not end")
        repl.send(b"\n")
    repl.finish()
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise BoardSilent(repl.port, f"{path} does not have the hash that the board told")
    return bytes(data)


def erase(port: str, anew: bool) -> int:
    """Remove all files of a board through its REPL; how many there were.

    anew: make a new file system, where the old one is damaged (RP2 and ESP32).
    """
    with Repl(port) as repl:
        found = facts.read(repl)
        if anew:
            repl.ask(agent.FORMAT, 60.0)
            return 0
        there = facts.files(repl, state=True) if found.fs_bytes else {}
        for first in ("/settings.json", "/main.py", "/boot.py"):  # it starts nothing of a half
            if first in there:
                repl.ask(agent.call("gone", [first]))
        repl.ask(agent.call("wipe", ""), 120.0)
        return len(there)
