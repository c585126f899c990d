"""Runs test functions of one file under MicroPython, on the compiled firmware."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nodewright.data import firmware_dir
from nodewright.image import compile_tree
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
    """The folder of the compiled firmware, made once a session."""
    folder = session / f"mpy-{arch}"
    compile_tree(arch, folder)
    return folder


def run(
    interpreter: Interpreter, file: Path, tests: list[str], session: Path
) -> dict[str, Outcome]:
    """The outcome of each test of a file.

    Raises nodewright.image.ImageError when the firmware does not compile.
    """
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
            return {
                test: Outcome(f"the file does not load:\n{event['error']}", said) for test in tests
            }
        if event["event"] == "start":
            running = event["test"]
        else:
            outcomes[event["test"]] = Outcome(event["error"], said)
            running = None
    rest = "\n".join(printed).strip("\n")
    for test in tests:
        if test not in outcomes:
            when = "during this test" if test == running else f"before this test, in {running}"
            outcomes[test] = Outcome(f"the interpreter {end} {when}", rest)
    return outcomes
