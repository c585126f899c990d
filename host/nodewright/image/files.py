"""What a node carries: the firmware compiled for it, its settings and more, as files.

The same input gives the same bytes: files are in sorted order, JSON has one form.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from nodewright.boards import Board
from nodewright.data import firmware_dir
from nodewright.image.compiler import MPY, compile_files, host_arch
from nodewright.image.errors import ImageError
from nodewright.image.filesystem import pack
from wire import VERSION
from wire import settings as node_settings

SOURCES = ("boot.py", "main.py")
SETTINGS, CHECKED, ABOUT = "/settings.json", "/settings.sha256", "/version.json"


@dataclass(frozen=True)
class Image:
    """A LittleFS image of the size of the board's file system, and the SHA-256 of each file."""

    data: bytes
    files: dict[str, str]


def _dump(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()


def settings_files(settings: Mapping[str, Any]) -> dict[str, bytes]:
    """The settings, and what spares the node to check them: their digest, where they are good.

    To check them takes the rules, and rules take heap for as long as the node runs.
    """
    data = _dump(settings)
    files = {SETTINGS: data}
    if not node_settings.check(settings):
        files[CHECKED] = hashlib.sha256(data).hexdigest().encode()
    return files


def image_files(
    board: Board,
    settings: Mapping[str, Any],
    *,
    arch: str | None = None,
    extra_files: Mapping[str, bytes] | None = None,
    cache: Path | None = None,
) -> dict[str, bytes]:
    """All files of a node, sorted by path; version.json holds the SHA-256 of the others.

    arch: of the interpreter on a virtual board, where it is not that of this machine.
    """
    chosen = arch or (host_arch() if board.arch == "host" else board.arch)
    files = compile_files(chosen, cache=cache)
    for name in SOURCES:
        files["/" + name] = (firmware_dir() / name).read_bytes()
    files |= settings_files(settings)
    taken = {*files, ABOUT}
    for path, data in (extra_files or {}).items():
        posix = PurePosixPath(path)
        if not posix.is_absolute() or str(posix) != path or ".." in posix.parts or path in taken:
            raise ImageError(f"extra file {path!r}: an absolute path of no other file is needed")
        files[path] = data
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())}
    about = {"version": VERSION, "mpy": MPY, "arch": chosen, "sha256": digests}
    files[ABOUT] = _dump(about)
    return dict(sorted(files.items()))


def build_image(
    board: Board,
    settings: Mapping[str, Any],
    *,
    arch: str | None = None,
    extra_files: Mapping[str, bytes] | None = None,
    cache: Path | None = None,
) -> Image:
    """The flash image of a node: what `image_files` lists, packed.  Raises ImageError."""
    files = image_files(board, settings, arch=arch, extra_files=extra_files, cache=cache)
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    return Image(pack(board, files), digests)
