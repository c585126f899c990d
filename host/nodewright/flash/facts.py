"""What a board that runs MicroPython says of itself; nothing of it is taken to be well formed."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodewright.flash import agent
from nodewright.interpreter import ARCHES
from nodewright.link.errors import BoardSilent
from nodewright.link.repl import Repl
from nodewright.plain import plain

_MOST_FILES = 2000
_WALK_S = 120.0  # hashing all of a flash at some 100 KB/s
_CHIPS = ("rp2040", "rp2350", "esp32s3", "esp32c3", "esp32")  # the first that fits


@dataclass(frozen=True)
class Facts:
    """A board behind a port.

    release: of its MicroPython; arch, mpy: of the .mpy files it loads; chip: "" where it does not
    say; node, fleet, board, version: of ours on it, None without; fs_bytes, free_bytes: of its
    file system, None where there is none; unfinished: it was left between two versions; crash:
    what ended the boot before; inflates: it takes what is deflated.
    """

    machine: str
    release: tuple[int, ...]
    arch: str
    mpy: str
    chip: str
    unique_id: str
    fleet: str | None
    node: str | None
    board: str | None
    version: str | None
    fs_bytes: int | None
    free_bytes: int | None
    unfinished: bool
    crash: dict[str, Any] | None
    inflates: bool = False

    @property
    def virtual(self) -> bool:
        """A process of this machine: its arch is no microcontroller's."""
        return self.arch in ("x86", "x64")


@dataclass(frozen=True)
class OnBoard:
    """A file on a board.  sha256: "" where it cannot be read."""

    size: int
    sha256: str


def read(repl: Repl) -> Facts:
    """Raises BoardSilent for an answer that is none.  The agent is on the board then."""
    repl.ask(agent.CODE)
    told = _object(repl, repl.ask(agent.call("facts")))
    number = told.get("mpy")
    mpy = number if isinstance(number, int) else 0
    release = told.get("release")
    room = told.get("fs")
    sizes = room if isinstance(room, list) and len(room) == 2 else [None, None]
    crash = told.get("crash")
    unique_id = _text(told, "id") or ""
    machine = _text(told, "machine") or ""
    plain = machine.lower().replace("-", "")
    return Facts(
        machine=machine,
        release=tuple(n for n in release[:3] if isinstance(n, int))
        if isinstance(release, list)
        else (),
        arch=ARCHES[mpy >> 10] if 0 <= mpy >> 10 < len(ARCHES) else "",
        mpy=f"{mpy & 0xFF}.{mpy >> 8 & 3}",
        chip=next((chip for chip in _CHIPS if chip in plain), ""),
        unique_id=unique_id if re.fullmatch("[0-9a-f]{0,64}", unique_id) else "",
        fleet=_text(told, "fleet"),
        node=_text(told, "node"),
        board=_text(told, "board"),
        version=_text(told, "version"),
        fs_bytes=_count(sizes[0]),
        free_bytes=_count(sizes[1]),
        unfinished=bool(told.get("broken")),
        crash=crash if isinstance(crash, dict) else None,
        inflates=told.get("z") is True,
    )


def files(repl: Repl, state: bool = False) -> dict[str, OnBoard]:
    """The files of a board, by path; those of its state where asked for.

    Raises BoardSilent, BoardFailed.
    """
    found = {}
    call = agent.call("walk", "", agent.DEEPEST, int(state))
    lines = repl.ask(call, _WALK_S).splitlines()
    if len(lines) > _MOST_FILES:
        raise BoardSilent(repl.port, f"it claims to have {len(lines)} files")
    for line in lines:
        row = _json(repl, line)
        match row:
            case [str(path), int(size), str(digest)] if path.startswith("/") and len(path) < 256:
                whole = size >= 0 and re.fullmatch("[0-9a-f]{64}", digest)
                found[path] = OnBoard(max(size, 0), digest if whole else "")
            case _:
                raise BoardSilent(repl.port, "its list of files makes no sense")
    return found


def differing(there: Mapping[str, OnBoard], files: Mapping[str, bytes]) -> list[str]:
    """Which of the files a board has not, or otherwise."""
    return [
        path
        for path, data in files.items()
        if path not in there or there[path].sha256 != hashlib.sha256(data).hexdigest()
    ]


def _object(repl: Repl, text: bytes) -> dict[str, Any]:
    value = _json(repl, text)
    if not isinstance(value, dict):
        raise BoardSilent(repl.port, "its answer makes no sense")
    return value


def _json(repl: Repl, text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BoardSilent(repl.port, "its answer makes no sense") from None


def _text(told: dict[str, Any], key: str) -> str | None:
    """A short text without what a terminal would obey."""
    value = told.get(key)
    if not isinstance(value, str):
        return None
    return plain(value)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 1 << 40 else None
