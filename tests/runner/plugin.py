"""Collects tests/wire and tests/firmware a second time, for MicroPython.

`tests/wire/test_topics.py::test_x` is the test on CPython,
`tests/wire/test_topics.py::micropython::test_x` the same on MicroPython.
"""

import sys
import tempfile
import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from nodewright.interpreter import InterpreterError, find_interpreter
from runner import marks, run

_BOTH = ("wire", "firmware")
_TESTS = Path(__file__).resolve().parent.parent
_SESSION = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def _is_ours(path: Path) -> bool:
    return (
        path.name.startswith("test_")
        and path.suffix == ".py"
        and any(_TESTS / folder in path.parents for folder in _BOTH)
    )


class Failed(Exception):
    """A test failed on MicroPython; its traceback is the message."""


class MicroPythonTest(pytest.Item):
    """One test function, on MicroPython."""

    def __init__(self, line: int, **given: Any) -> None:
        super().__init__(**given)
        self._line = line

    @property
    def _file(self) -> "MicroPythonFile":
        owner = self.getparent(MicroPythonFile)
        assert owner is not None
        return owner

    def runtest(self) -> None:
        outcome = self._file.outcome(self.name)
        if outcome.output:
            self.add_report_section("call", "stdout", outcome.output)
        if outcome.error is not None:
            raise Failed(outcome.error)

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, Failed):
            return f"on {find_interpreter()}:\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self._line - 1, f"micropython::{self.name}"


class Runtime(pytest.Collector):
    """The tests of one file on MicroPython."""

    def collect(self) -> Iterable[pytest.Item]:
        for name, line in marks.tests(self.path, "micropython"):
            test = MicroPythonTest.from_parent(self, name=name, line=line)
            # They run in one process: by two workers, all of them would run twice.
            test.add_marker(pytest.mark.xdist_group(f"micropython-{self.path.stem}"))
            yield test


class MicroPythonFile(pytest.File):
    """A file whose tests run in one MicroPython process, when the first of them is due."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self._outcomes: dict[str, run.Outcome] = {}

    def collect(self) -> Iterable[pytest.Collector]:
        yield Runtime.from_parent(self, name="micropython")

    def outcome(self, name: str) -> run.Outcome:
        try:
            interpreter = find_interpreter()
        except InterpreterError as missing:
            if missing.command is not None:
                raise  # one was asked for: to skip would pass for tested
            pytest.skip(str(missing))
        if name not in self._outcomes:
            wanted = [
                item.name
                for item in self.session.items
                if isinstance(item, MicroPythonTest) and item.getparent(MicroPythonFile) is self
            ]
            session = Path(self.config.stash[_SESSION].name)
            self._outcomes = run.run(interpreter, self.path, wanted, session)
        return self._outcomes[name]


class _Nothing(pytest.File):
    """In the place of the CPython module of a file which runs on MicroPython only."""

    def collect(self) -> Iterable[pytest.Item]:
        return ()


def pytest_configure(config: pytest.Config) -> None:
    folder = tempfile.TemporaryDirectory(prefix="nodewright-session-")
    config.stash[_SESSION] = folder
    config.add_cleanup(folder.cleanup)
    scratch = Path(folder.name) / "scratch"
    scratch.mkdir()
    paths = types.ModuleType("paths")
    exec(run.paths_module(scratch), paths.__dict__)
    sys.modules["paths"] = paths


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "MicroPythonFile | None":
    return MicroPythonFile.from_parent(parent, path=file_path) if _is_ours(file_path) else None


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Any:
    if _is_ours(module_path) and not marks.tests(module_path, "cpython"):
        return _Nothing.from_parent(parent, path=module_path)
    return None


def pytest_pycollect_makeitem(collector: Any, name: str, obj: object) -> Any:
    if not _is_ours(collector.path) or not isinstance(obj, types.FunctionType):
        return None
    if name.startswith("test_") and obj.__module__ == collector.module.__name__:
        listed = [test for test, _ in marks.tests(collector.path, "cpython")]
        return None if name in listed else []
    return None
