"""What runs inside a virtual board: MicroPython over a flash image, or CPython over a folder."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from nodewright.data import firmware_dir
from nodewright.interpreter import Interpreter
from nodewright.twins_code import write_twins
from nodewright.twins_heap import twins_heap_bytes


class Guest(Protocol):
    """One runtime with the files that a board is born with.

    has_repl: whether a person can type at it.  The folder is the board's own, for its whole life.
    """

    has_repl: bool

    def lay_out(self, folder: Path) -> None:
        """Write the files of a new board.  May take a while."""

    def changes(self, folder: Path) -> dict[str, Any]:
        """What the description says of this folder."""

    def command(self) -> list[str]:
        """The process; the path of the description comes last."""


class OnMicroPython:
    """image: the bytes of its flash; heap_bytes: as on the board, of 32-bit words."""

    has_repl = True

    def __init__(
        self, image: bytes, spec: Mapping[str, Any], interpreter: Interpreter, heap_bytes: int
    ) -> None:
        self._image, self._spec = image, spec
        self._interpreter, self._heap_bytes = interpreter, heap_bytes
        self._heap = ""
        self._launcher = Path()

    def lay_out(self, folder: Path) -> None:
        (folder / "flash.img").write_bytes(self._image)
        self._launcher = write_twins(folder)
        # The heap that stands for the board's: scaled as words are, plus that of the twins.
        scaled = self._heap_bytes * self._interpreter.word_bits // 32
        self._heap = f"heapsize={scaled + twins_heap_bytes(self._interpreter, self._spec)}"

    def changes(self, folder: Path) -> dict[str, Any]:
        return {"flash": {**self._spec["flash"], "path": str(folder / "flash.img")}}

    def command(self) -> list[str]:
        return [*self._interpreter.start, "-X", self._heap, "-i", str(self._launcher)]


class OnCPython:
    """files: those of its flash by their absolute paths, the firmware as source.

    The interpreter is the one that runs us, apart from the environment and from the user's own
    modules.
    """

    has_repl = False

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def lay_out(self, folder: Path) -> None:
        for name, data in self._files.items():
            path = folder / "files" / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def changes(self, folder: Path) -> dict[str, Any]:
        return {"files": str(folder / "files")}

    def command(self) -> list[str]:
        launcher = firmware_dir() / "sim" / "cpython" / "launcher.py"
        return [sys.executable, "-I", "-X", "utf8", str(launcher)]
