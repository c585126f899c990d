"""Runs test functions of one file under MicroPython, on the compiled firmware."""

import json
import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nodewright.data import firmware_dir
from nodewright.image import PACKAGES, CompileError, compile_source
from nodewright.interpreter import Interpreter

_RUNNER = Path(__file__).with_name("on_micropython.py")
# Room for tests and vectors beside the code under test; budgets of memory are tested apart.
_HEAP_BYTES = 8 << 20
_LIMIT_S = 100.0


@dataclass
class Outcome:
    """How one test ended: error is None, or the traceback; output is what it printed."""

    error: str | None
    output: str


def paths_module(scratch: Path) -> str:
    """The source of the module `paths`, by which tests find files on either interpreter."""
    return (
        '"""Folders, as texts, for tests of both interpreters."""\n'
        f"FIRMWARE = {str(firmware_dir())!r}\n"
        f"VECTORS = {str(firmware_dir() / 'wire' / 'vectors')!r}\n"
        f"TESTS = {str(_RUNNER.parent.parent)!r}\n"
        f"SCRATCH = {str(scratch)!r}  # empty, for files of this test file\n"
    )


@cache
def build(arch: str, session: Path) -> Path:
    """The folder of the compiled firmware, made once a session.

    A module that does not compile raises mpy-cross's message when it is imported: the tests of
    the others still run, and tests/host/test_house.py fails for it.
    """
    folder = session / f"mpy-{arch}"
    for package in PACKAGES:
        for source in sorted((firmware_dir() / package).rglob("*.py")):
            name = source.relative_to(firmware_dir())
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                compiled = compile_source(source, name.as_posix(), arch)
            except CompileError as error:
                target.write_text(f"raise ImportError({str(error)!r})\n")
            else:
                target.with_suffix(".mpy").write_bytes(compiled)
    return folder


def run(
    interpreter: Interpreter, file: Path, tests: list[str], session: Path
) -> dict[str, Outcome]:
    """The outcome of each test of a file."""
    compiled = build(interpreter.mpy_arch, session)
    with tempfile.TemporaryDirectory(prefix="nodewright-test-") as folder:
        work = Path(folder)
        (work / "paths").mkdir()
        (work / "scratch").mkdir()
        (work / "paths" / "paths.py").write_text(paths_module(work / "scratch"))
        mark = f"@{os.urandom(8).hex()} "  # no test can print it by accident
        # wire and node are found compiled; of firmware/ only sim is left to be found.
        path = [str(compiled), str(work / "paths"), str(firmware_dir()), ".frozen"]
        plan = work / "plan.json"
        plan.write_text(
            json.dumps({"path": path, "file": str(file), "tests": tests, "mark": mark})
        )
        command = [*interpreter.command, "-X", f"heapsize={_HEAP_BYTES}", str(_RUNNER), str(plan)]
        try:
            ran = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_LIMIT_S,
                cwd=work / "scratch",
            )
            output, end = ran.stdout, f"ended with exit code {ran.returncode}"
        except subprocess.TimeoutExpired as error:
            output, end = error.stdout or b"", f"was stopped after {_LIMIT_S:.0f} s"
    return read(output.decode(errors="replace"), mark, tests, end)


_FRAME = re.compile(r'^ *File "(?P<file>/[^"]+)", line (?P<line>\d+).*$', re.MULTILINE)


def explained(traceback: str) -> str:
    """A traceback of MicroPython with the source lines that it lacks, where we have them.

    A bare assert says nothing else of itself there.
    """

    def with_source(frame: re.Match[str]) -> str:
        try:
            text = Path(frame["file"]).read_text(encoding="utf-8").splitlines()
            return f"{frame[0]}\n    {text[int(frame['line']) - 1].strip()}"
        except (OSError, IndexError):
            return frame[0]

    lines = traceback.rstrip().splitlines()
    own = [line for line in lines if _RUNNER.name not in line]
    return "\n".join(_FRAME.sub(with_source, line) for line in own)


def read(output: str, mark: str, tests: list[str], end: str) -> dict[str, Outcome]:
    """The outcomes told in an interpreter's output; end: how the interpreter ended."""
    outcomes: dict[str, Outcome] = {}
    printed: list[str] = []
    running: str | None = None
    for line in output.splitlines():
        if not line.startswith(mark):
            printed.append(line)
            continue
        event = json.loads(line[len(mark) :])
        said = "\n".join(printed).strip("\n")
        printed = []
        if event["event"] == "load":
            why = f"the file does not load:\n{explained(event['error'])}"
            return {test: Outcome(why, said) for test in tests}
        if event["event"] == "start":
            running = event["test"]
        else:
            error = event["error"]
            outcomes[event["test"]] = Outcome(error and explained(error), said)
            running = None
    rest = "\n".join(printed).strip("\n")
    for test in tests:
        if test not in outcomes:
            when = "during this test" if test == running else f"before this test, in {running}"
            outcomes[test] = Outcome(f"the interpreter {end} {when}", rest)
    return outcomes
