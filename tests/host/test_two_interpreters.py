"""The runner of tests on MicroPython: it must tell failure, death and silence from success."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from nodewright.interpreter import Interpreter, InterpreterError, find_interpreter
from runner import marks, run


@pytest.fixture
def micropython() -> Interpreter:
    try:
        return find_interpreter()
    except InterpreterError as missing:
        if missing.command is not None:
            raise
        pytest.skip(str(missing))


def _run(micropython: Interpreter, folder: Path, source: str) -> dict[str, run.Outcome]:
    file = folder / "test_x.py"
    file.write_text(textwrap.dedent(source))
    tests = [name for name, _ in marks.tests(file, "micropython")]
    return run.run(micropython, file, tests, folder)


def test_run__passing_and_failing__each_told_with_its_output(
    micropython: Interpreter, tmp_path: Path
) -> None:
    outcomes = _run(
        micropython,
        tmp_path,
        """
        def test_good():
            print("fine")

        def test_bad():
            print("looking", end="")
            value = 3
            assert value == 4

        def test_exit():
            raise SystemExit(0)

        def test_last():
            pass
        """,
    )
    assert outcomes["test_good"] == run.Outcome(None, "fine")
    bad = outcomes["test_bad"]
    assert bad.output == "looking"
    assert bad.error is not None
    assert "assert value == 4" in bad.error
    assert f'File "{tmp_path}/test_x.py", line 8' in bad.error
    assert "SystemExit" in str(outcomes["test_exit"].error)
    assert outcomes["test_last"].error is None


def test_run__firmware__compiled_and_with_vectors_and_scratch(
    micropython: Interpreter, tmp_path: Path
) -> None:
    outcomes = _run(
        micropython,
        tmp_path,
        """
        import os
        import sys

        import paths
        import sim
        import wire
        from node import console

        def test_compiled():
            assert wire.__file__.endswith("/wire/__init__.mpy"), wire.__file__
            assert console.__file__.endswith("/node/console.mpy"), console.__file__
            assert sim.__file__.endswith("/sim/__init__.py"), sim.__file__

        def test_paths():
            assert os.listdir(paths.VECTORS)
            assert os.listdir(paths.SCRATCH) == []
            assert not [path for path in sys.path if ".micropython" in path]
        """,
    )
    assert [outcome.error for outcome in outcomes.values()] == [None, None]


def test_run__heap_left_locked__told_and_unlocked_for_the_next(
    micropython: Interpreter, tmp_path: Path
) -> None:
    outcomes = _run(
        micropython,
        tmp_path,
        """
        import micropython

        def test_locks():
            micropython.heap_lock()
            micropython.heap_lock()
            assert [0] * 100

        def test_next():
            assert len([0] * 100) == 100
        """,
    )
    assert "heap is locked" in str(outcomes["test_locks"].error)
    assert outcomes["test_next"].error is None


def test_run__interpreter_that_dies__no_test_passes_after_it(
    micropython: Interpreter, tmp_path: Path
) -> None:
    outcomes = _run(
        micropython,
        tmp_path,
        """
        import uctypes

        def test_first():
            pass

        def test_dies():
            print("last words")
            uctypes.bytearray_at(1, 1)[0] = 1

        def test_after():
            pass
        """,
    )
    assert outcomes["test_first"].error is None
    assert "during this test" in str(outcomes["test_dies"].error)
    assert outcomes["test_dies"].output == "last words"
    assert "before this test, in test_dies" in str(outcomes["test_after"].error)


def test_run__file_that_does_not_load__every_test_fails_with_the_reason(
    micropython: Interpreter, tmp_path: Path
) -> None:
    outcomes = _run(
        micropython, tmp_path, "import nothing_of_this_name\ndef test_x():\n    pass\n"
    )
    error = str(outcomes["test_x"].error)
    assert "does not load" in error
    assert "import nothing_of_this_name" in error


def test_run__endless_test__stopped_and_told(
    micropython: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_LIMIT_S", 1.0)
    outcomes = _run(micropython, tmp_path, "def test_x():\n    while True:\n        pass\n")
    assert "was stopped after 1 s during this test" in str(outcomes["test_x"].error)


def test_marks__file_and_function__say_where_a_test_runs(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text(
        "def test_both():\n    pass\n"
        "def test_c():  # runs on: cpython\n    pass\n"
        "def test_m():  # runs on: micropython\n    pass\n"
        "def helper():\n    pass\n"
    )
    assert [name for name, _ in marks.tests(file, "cpython")] == ["test_both", "test_c"]
    assert [name for name, _ in marks.tests(file, "micropython")] == ["test_both", "test_m"]
    file.write_text("# runs on: cpython\ndef test_x():\n    pass\n")
    assert marks.tests(file, "micropython") == []
    assert marks.tests(file, "cpython") == [("test_x", 2)]
    file.write_text("# runs on: esp32\ndef test_x():\n    pass\n")
    with pytest.raises(ValueError, match="allowed: cpython, micropython"):
        marks.tests(file, "cpython")


def test_collection__every_test_of_the_node__stands_there_for_each_interpreter() -> None:
    """Counted from outside: a slip of the collector would drop tests in silence."""
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:randomly"]
    listed = subprocess.run(
        [*command, "-p", "no:xdist", "wire", "firmware"],
        cwd=tests,
        capture_output=True,
        text=True,
        timeout=100,
    ).stdout.splitlines()
    for runtime, middle in (("cpython", "::"), ("micropython", "::micropython::")):
        for folder in ("wire", "firmware"):
            for file in (tests / folder).glob("test_*.py"):
                for name, _ in marks.tests(file, runtime):
                    assert f"tests/{folder}/{file.name}{middle}{name}" in listed
