"""Which MicroPython binaries this user has registered, and which of them a board takes.

A file is kept under the SHA-256 of its bytes; all that is known of it is read from it anew, so
that no list can contradict a file.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nodewright import boards, uf2
from nodewright.boards import Board
from nodewright.errors import BadInput
from nodewright.fleet.files import write_whole
from nodewright.fleet.finding import WriteFailed
from nodewright.image.compiler import MPY
from nodewright.image.errors import RuntimeUnfit
from nodewright.runtimes import esp, rp2
from nodewright.runtimes.binary import Binary, NotMicroPython, digest

NONE = "none"
_MOST_BYTES = 64 << 20
_LEAST_DIGITS = 4


class UnknownRuntime(BadInput):
    """No registered binary has a name.  name: what was asked for."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"no MicroPython is registered as {name[:80]!r}: nodewright runtime list shows them, "
            "nodewright runtime add FILE registers one"
        )


class SeveralRuntimes(BadInput):
    """More than one registered binary fits.  found: all that do."""

    def __init__(self, board: str, found: list[Binary]) -> None:
        self.board, self.found = board, tuple(found)
        lines = "".join(f"\n  --runtime {one.sha256[:12]}   {one}" for one in found)
        super().__init__(f"several registered binaries are for {board}: choose one{lines}")


@dataclass(frozen=True)
class Entry:
    """A registered file; binary: None where it is damaged, and reason says how."""

    path: Path
    binary: Binary | None
    reason: str = ""

    @property
    def sha256(self) -> str:
        return self.path.stem


def home() -> Path:
    """Where this user's data is: $NODEWRIGHT_HOME, or the platform's folder for it."""
    if given := os.environ.get("NODEWRIGHT_HOME"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "nodewright"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "nodewright" / "data"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "nodewright"


def folder() -> Path:
    """Where the registered files lie."""
    return home() / "runtimes"


def read(path: Path) -> Binary:
    """What a file is.  Raises NotMicroPython, NotUf2, BadInput where it cannot be read."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise NotMicroPython(f"{path} has over {_MOST_BYTES >> 20} MB")
        data = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from None
    try:
        return identify(data)
    except (NotMicroPython, uf2.NotUf2) as error:
        raise type(error)(f"{error.reason} ({path})") from None


def identify(data: bytes) -> Binary:
    """What these bytes are.  Raises NotMicroPython, NotUf2."""
    if uf2.is_uf2(data):
        return rp2.identify(data)
    if esp.is_esp(data):
        return esp.identify(data)
    raise NotMicroPython("neither a .uf2 of the RP2 chips nor a .bin of the ESP32 family")


def add(path: Path) -> tuple[Binary, list[str]]:
    """Register a file: what it is, and the names of the boards that it fits.

    Raises NotMicroPython where it fits none, NotUf2, BadInput, WriteFailed.
    """
    binary = read(path)
    fits = boards_of(binary)
    if not fits:
        known = [boards.load(name) for name in boards.names()]
        same = [board for board in known if board.chip == binary.chip]
        why = unfit(binary, same[0]) if len(same) == 1 else f"boards: {', '.join(boards.names())}"
        what = f"{binary} ({binary.chip}) fits no board that we know"
        raise NotMicroPython(f"{what}: {why} ({path})")
    target = folder() / (binary.sha256 + binary.suffix)
    if not target.exists() or digest(target.read_bytes()) != binary.sha256:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteFailed(target, error.strerror or str(error)) from None
        write_whole(target, binary.data, 0o644)
    return binary, fits


def remove(name: str) -> Entry:
    """Forget a registered file, by its SHA-256 or its first digits.

    Raises UnknownRuntime, BadInput for digits of several, WriteFailed.
    """
    entry = _named(name)
    try:
        entry.path.unlink()
    except OSError as error:
        raise WriteFailed(entry.path, error.strerror or str(error)) from None
    return entry


def entries() -> list[Entry]:
    """All registered files, by chip, board and version."""
    try:
        paths = sorted(path for path in folder().iterdir() if path.suffix in (".uf2", ".bin"))
    except OSError:
        return []
    return sorted((_entry(path) for path in paths if path.name[0] != "."), key=_order)


def choose(board: Board, given: str | None = None) -> Binary | None:
    """The binary that an image for a board is made with; None for none.

    given: a file, the first digits of a registered one's SHA-256, or "none"; None: the only
    registered one that fits.  Raises UnknownRuntime, SeveralRuntimes, RuntimeUnfit, and as `read`.
    """
    if given == NONE:
        return None
    if given is not None:
        binary = read(Path(given)) if Path(given).is_file() else _good(_named(given))
        reason = unfit(binary, board)
        if reason:
            raise RuntimeUnfit(board.name, reason)
        return binary
    found = [
        entry.binary for entry in entries() if entry.binary and not unfit(entry.binary, board)
    ]
    if len(found) > 1:
        raise SeveralRuntimes(board.name, found)
    return found[0] if found else None


def boards_of(binary: Binary) -> list[str]:
    """The names of the boards that a binary fits."""
    return [name for name in boards.names() if not unfit(binary, boards.load(name))]


def unfit(binary: Binary, board: Board) -> str:
    """Why a binary cannot run on a board; "" where it can."""
    if binary.chip != board.chip:
        return f"{binary} is for the chip {binary.chip}, and {board.name} has {board.chip}"
    if binary.board not in (None, board.name):
        return f"it is built for the board {binary.board}"
    if binary.arch != board.arch:
        return f"it runs native code of {binary.arch}, and modules are compiled for {board.arch}"
    place = (board.flash.fs_offset_bytes, board.flash.fs_bytes)
    if binary.file_system not in (None, place):
        at, size = binary.file_system or (0, 0)
        return (
            f"it has its files at 0x{at:x}, 0x{size:x} bytes, "
            f"and {board.name} at 0x{place[0]:x}, 0x{place[1]:x}"
        )
    if binary.mpy != MPY:
        return (
            f"MicroPython {binary.version} loads .mpy {binary.mpy}, and mpy-cross makes {MPY}: "
            "take MicroPython 1.23 or later"
        )
    if board.dsp_backend == "ulab" and not binary.ulab:
        return f"it has no ulab, which {board.name} computes with"
    return ""


def _named(name: str) -> Entry:
    digits = name.lower()
    found = [entry for entry in entries() if entry.sha256.startswith(digits)]
    if len(digits) < _LEAST_DIGITS or not found:
        raise UnknownRuntime(name)
    if len(found) > 1:
        raise BadInput(f"several registered binaries begin with {name}: give more digits")
    return found[0]


def _good(entry: Entry) -> Binary:
    if entry.binary is None:
        raise BadInput(
            f"{entry.path} is damaged ({entry.reason}): nodewright runtime remove "
            f"{entry.sha256[:12]}, then add it again"
        )
    return entry.binary


def _entry(path: Path) -> Entry:
    try:
        binary = read(path)
    except BadInput as error:
        return Entry(path, None, str(error))
    if binary.sha256 != path.stem:
        return Entry(path, None, "its bytes are not those that were registered")
    return Entry(path, binary)


def _order(entry: Entry) -> tuple[str, ...]:
    one = entry.binary
    return ("~", entry.sha256) if one is None else (one.chip, one.about, one.version, one.sha256)
