"""A binary of MicroPython, and all that can be read from the file itself."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from nodewright.errors import BadInput

# MicroPython docs, reference/mpyfiles.rst: the first release with each format.
_MPY = (((1, 23), "6.3"), ((1, 22), "6.2"), ((1, 20), "6.1"), ((1, 19), "6.0"), ((1, 12), "5.0"))
_SUFFIX = {"uf2": ".uf2", "esp": ".bin"}
# py/modsys.c: sys.version is "3.4.0; MicroPython v1.29.0 on 2026-07-01".
_VERSION = re.compile(
    rb"MicroPython v((\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?[-+.\w]{0,60}) on (\d{4}-\d\d-\d\d)"
)
# A name of a module in MicroPython's own table of strings.
_ULAB = b"\0ulab\0"

Format = Literal["uf2", "esp"]


class NotMicroPython(BadInput):
    """A file is no binary of MicroPython that a node can run on.  reason: what it is instead."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no MicroPython for a node: {reason}")


@dataclass(frozen=True)
class Binary:
    """A binary of MicroPython.

    chip: as `Board.chip`; arch: of native code that it runs; about: the board, as the binary
    itself names it; board: the only one of ours that it is for, None: any with its chip;
    version: of MicroPython; mpy: of the .mpy files that it loads; ulab: whether it has ulab;
    file_system: (offset, bytes) of it in the flash, None where the board's flash decides.
    """

    format: Format
    chip: str
    arch: str
    about: str
    board: str | None
    version: str
    mpy: str
    built: str
    ulab: bool
    file_system: tuple[int, int] | None
    sha256: str
    data: bytes = field(repr=False)

    @property
    def suffix(self) -> str:
        """Of its file's name."""
        return _SUFFIX[self.format]

    @property
    def kind(self) -> str:
        """As its maker gives it out, or with ulab."""
        return "ulab" if self.ulab else "stock"

    def __str__(self) -> str:
        return f"MicroPython {self.version} ({self.kind}) for {self.about}"

    def as_dict(self) -> dict[str, object]:
        offset, size = self.file_system or (None, None)
        return {
            "sha256": self.sha256,
            "version": self.version,
            "kind": self.kind,
            "chip": self.chip,
            "arch": self.arch,
            "mpy": self.mpy,
            "about": self.about,
            "board": self.board,
            "built": self.built,
            "format": self.format,
            "bytes": len(self.data),
            "fs_offset_bytes": offset,
            "fs_bytes": size,
        }


@dataclass(frozen=True)
class Told:
    """What MicroPython's code says of itself, whatever chip it is for."""

    version: str
    mpy: str
    built: str
    ulab: bool


def tell(code: bytes) -> Told:
    """Version, date and ulab of MicroPython's code.  Raises NotMicroPython."""
    found = _VERSION.search(code)
    if found is None:
        raise NotMicroPython("it holds no version of MicroPython")
    version, major, minor, _, built = found.groups()
    number = (int(major), int(minor))
    for first, mpy in _MPY:
        if number >= first:
            return Told(version.decode(), mpy, built.decode(), _ULAB in code)
    raise NotMicroPython(f"{version.decode()} is older than any that runs nodes")


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
