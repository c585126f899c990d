"""The node's own feature code over blocks of samples, in one process of a chosen runtime.

On MicroPython it is the compiled firmware that runs, as on a board; on CPython its source, under
the mocks of `firmware/sim/cpython`.  What runs inside is `firmware/sim/offline.py`.
"""

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import scratch
from nodewright.child import die_with_parent
from nodewright.data import firmware_dir
from nodewright.errors import BadInput, NodewrightError
from nodewright.image import MPY, compile_tree
from nodewright.interpreter import VARIABLE, Interpreter, InterpreterError, find_interpreter

RUNTIMES = ("micropython", "cpython")
BACKENDS = ("viper", "ulab")
_PROGRAM = ("sim", "offline.py")
LOG_BINS = 32  # of a compressed spectrum
_HEAP_BYTES = 32 << 20  # for work space and JSON; budgets of a board are tested apart
_START_S = 30.0
# The checked integers of viper on CPython are the slowest, at some 3 s for 4096 samples.
_PER_SAMPLE_S = 0.01
_MOST_OUTPUT = 2000
_OTHER = "choose another with --interpreter, or --runtime cpython"


class OfflineError(NodewrightError):
    """The run came to no result.

    runtime: what ran it; reason: one line; output: the end of what it printed.
    """

    def __init__(self, runtime: str, reason: str, output: str = "") -> None:
        self.runtime, self.reason, self.output = runtime, reason, output
        tail = "".join(f"\n  {line}" for line in output.splitlines())
        super().__init__(f"the node's code on {runtime} {reason}{tail}")


class Refused(BadInput):
    """The node's code takes no such block: its own words."""


@dataclass(frozen=True)
class Runtime:
    """What runs the node's code.  interpreter: the MicroPython, None for this CPython.

    note: what was decided on the user's behalf, "" where nothing was.
    """

    interpreter: Interpreter | None
    note: str = ""

    @property
    def kind(self) -> str:
        return "cpython" if self.interpreter is None else "micropython"

    def __str__(self) -> str:
        return str(self.interpreter or f"CPython {platform.python_version()} with mocks")

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        if self.interpreter is None:
            about = {"version": platform.python_version(), "command": [sys.executable]}
            return {"kind": self.kind, **about, "arch": "", "float_bits": 64}
        return {
            "kind": self.kind,
            "version": ".".join(map(str, self.interpreter.version)),
            "command": list(self.interpreter.command),
            "arch": self.interpreter.mpy_arch,
            "float_bits": self.interpreter.float_bits,
        }


@dataclass(frozen=True)
class Block:
    """One block of one channel, as a node has it.

    digits: of nodes int16; of int32 with 24 bits where `run` gets the option `wide`.
    """

    digits: NDArray[np.int16]
    g_per_digit: float
    rate_hz: float


@dataclass(frozen=True)
class Values:
    """What the node's code says of one block.

    values: finite, in the units of the catalogue; withheld: key -> reason; marked: key -> reason,
    of values which hold with a reservation; wrong: what is no finite number, as text, which the
    node's code must never give.  amplitude_g: the spectrum that they were taken from, A_k of the
    catalogue, float32[N/2]; None where it was not asked for.  log_bounds, log_codes: the same
    compressed, as a node sends it: code c is 10**(c / 32 - 6) g RMS over bounds[i] <= k <
    bounds[i + 1], 0 for that or less.
    """

    values: dict[str, float]
    withheld: dict[str, str] = field(default_factory=dict)
    marked: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    amplitude_g: NDArray[np.float32] | None = field(default=None, compare=False)
    log_bounds: list[int] = field(default_factory=list)
    log_codes: list[int] = field(default_factory=list)


def choose_runtime(kind: str | None = None, interpreter: str | None = None) -> Runtime:
    """The runtime asked for; without a wish MicroPython, and CPython where there is none that runs
    native code.

    interpreter: as `find_interpreter` takes it.  Raises BadInput, InterpreterError.
    """
    if kind not in (None, *RUNTIMES):
        raise BadInput(f"runtime {kind!r} is none of {', '.join(RUNTIMES)}")
    if kind == "cpython":
        if interpreter is not None:
            raise BadInput(f"interpreter {interpreter}: of no use on CPython; leave one of both")
        return Runtime(None)
    serves = f"CPython {platform.python_version()} serves"
    try:
        found = find_interpreter(interpreter)
    except InterpreterError as missing:
        if kind is not None or missing.command is not None:
            raise
        return Runtime(None, f"no MicroPython here: {serves}")
    if found.mpy_arch:
        return Runtime(found)
    # The packaged one of macOS on arm64: the port has no emitter for it.
    reason = f"{found} runs no native code, which the kernels are"
    if kind is not None or interpreter is not None or os.environ.get(VARIABLE):
        raise BadInput(f"{reason}; {_OTHER}")
    return Runtime(None, f"{reason}: {serves}")


def run(
    blocks: Sequence[Block],
    runtime: Runtime,
    *,
    backend: str = "viper",
    keys: Sequence[str],
    options: Mapping[str, Any] | None = None,
    limit_s: float | None = None,
    spectra: bool = False,
) -> list[Values]:
    """The features of each block, computed in one process.

    options: of `node.vibration.Vibration`, beside backend and samples, as JSON holds them.
    limit_s: after which the process is stopped; None for what the slowest runtime may take.
    spectra: give the spectrum of each block, too; some key must need one.
    Raises BadInput for a backend that the runtime has not, Refused for a length, rate, scale or
    key that the node's code refuses, OfflineError when it crashes, hangs or says nothing.
    """
    check(runtime, backend)
    try:
        with scratch.folder("offline") as folder:
            job: dict[str, Any] = {
                "backend": backend,
                "keys": list(keys),
                "options": dict(options or {}),
            }
            job["spectra"] = str(folder / "spectra") if spectra else None
            return _run(blocks, runtime, job, limit_s, folder)
    except OSError as error:
        raise OfflineError(str(runtime), f"could not be run: {error}") from error


def check(runtime: Runtime, backend: str) -> None:
    """Raises BadInput for a backend that the runtime cannot run."""
    if backend not in BACKENDS:
        raise BadInput(f"backend {backend!r} is none of {', '.join(BACKENDS)}")
    interpreter = runtime.interpreter
    if interpreter is None:
        return
    if not interpreter.mpy_arch:
        raise BadInput(f"{interpreter} runs no native code, which the kernels are; {_OTHER}")
    loads = ".".join(map(str, interpreter.mpy_version))
    if loads != MPY:
        raise BadInput(f"{interpreter} loads .mpy files {loads}, mpy-cross makes {MPY}; {_OTHER}")
    if backend == "ulab" and not interpreter.has_ulab:
        raise BadInput(f"{interpreter} has no ulab: take --backend viper, or {_OTHER}")


def _run(
    blocks: Sequence[Block],
    runtime: Runtime,
    job: dict[str, Any],
    limit_s: float | None,
    folder: Path,
) -> list[Values]:
    job |= {
        "features": "node.vibration",
        "compress": "node.compress",
        "log_bins": LOG_BINS,
        "blocks": [[len(b.digits), float(b.g_per_digit), float(b.rate_hz)] for b in blocks],
    }
    lines, output = execute([block.digits for block in blocks], runtime, job, limit_s, folder)
    if len(lines) != len(blocks):
        raise OfflineError(str(runtime), "ended without a result", output)
    try:
        told = [Values(**line) for line in lines]
        return _with_spectra(told, blocks, job["spectra"])
    except (TypeError, ValueError) as error:
        raise OfflineError(str(runtime), f"gave a strange result: {error}", output) from error


def execute(
    digits: Sequence[NDArray[np.int16]],
    runtime: Runtime,
    job: dict[str, Any],
    limit_s: float | None,
    folder: Path,
) -> tuple[list[dict[str, Any]], str]:
    """The lines that a job gave, and the end of what its process printed.

    digits: what the job reads, one after the other; job: what `sim/offline.py` is told, but for
    the files; they are in `folder`.  Raises Refused, OfflineError.
    """
    result = folder / "result"
    job |= {
        "path": [str(firmware_dir())],
        "backends": "node.dsp",
        "samples": str(folder / "samples"),
        "result": str(result),
    }
    if runtime.interpreter is not None:
        compile_tree(runtime.interpreter.mpy_arch, folder / "mpy")
        job["path"] = [str(folder / "mpy")]
    kind = np.int32 if job.get("options", {}).get("wide") else np.int16
    with (folder / "samples").open("wb") as stream:
        for part in digits:
            stream.write(np.ascontiguousarray(part, kind).tobytes())
    (folder / "job.json").write_text(json.dumps(job))
    if limit_s is None:
        limit_s = _START_S + _PER_SAMPLE_S * sum(part.size for part in digits)
    end, output = _process(_command(runtime, folder / "job.json"), folder, limit_s)
    lines = _lines(result)
    if lines and "refused" in lines[-1]:
        raise Refused(str(lines[-1]["refused"]))
    if end is not None or not lines or "done" not in lines[-1]:
        raise OfflineError(str(runtime), end or "ended without a result", output)
    return lines[:-1], output


def _with_spectra(told: list[Values], blocks: Sequence[Block], path: str | None) -> list[Values]:
    """Each with its spectrum.  Raises ValueError where they are not as long as they must be."""
    if path is None:
        return told
    ends = np.cumsum([len(block.digits) // 2 for block in blocks], dtype=int)
    whole = np.fromfile(path, np.float32)
    if len(whole) != (ends[-1] if len(ends) else 0) or not np.isfinite(whole).all():
        raise ValueError(f"{len(whole)} bins of spectra, not all finite or not as many as asked")
    parts = np.split(whole, ends[:-1]) if len(ends) else []
    return [replace(values, amplitude_g=part) for values, part in zip(told, parts, strict=True)]


def _command(runtime: Runtime, job: Path) -> list[str]:
    program = str(firmware_dir().joinpath(*_PROGRAM))
    if runtime.interpreter is None:
        # -P: the program's folder has modules named as those of the standard library.
        return [sys.executable, "-P", program, str(job)]
    heap = ["-X", f"heapsize={_HEAP_BYTES}"]
    return [*runtime.interpreter.start, *heap, program, str(job)]


def _process(command: list[str], folder: Path, limit_s: float) -> tuple[str | None, str]:
    """How it ended, None if as it should, and the end of what it printed."""
    with (folder / "output").open("w+b") as output:
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                timeout=limit_s,
                preexec_fn=die_with_parent(),
            ).returncode
            end = None if code == 0 else _code_text(code)
        except subprocess.TimeoutExpired:
            end = f"was stopped after {limit_s:g} s"
        output.seek(max(0, output.seek(0, 2) - _MOST_OUTPUT))
        return end, output.read().decode(errors="replace").strip()


def _code_text(code: int) -> str:
    if code > 0:
        return f"failed with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of the result; a line that a crash cut off is left out."""
    if not path.exists():
        return []
    found = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            break
        if not isinstance(line, dict):
            break
        found.append(line)
    return found
