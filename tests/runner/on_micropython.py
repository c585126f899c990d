"""Runs the tests of one file, on MicroPython.  Started by runner/run.py; nothing imports it.

    micropython on_micropython.py PLAN.json

The plan: {"path": [sys.path], "file": test file, "tests": [names], "mark": line prefix}.
Each event is one line on stdout: the mark, then JSON.  All other output belongs to the test
which is running.
"""

import io
import json
import sys

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _tell(mark: str, **event: "str | None") -> None:
    # In one write, with line breaks around: what a test left unfinished keeps its own line.
    print("\n" + mark + json.dumps(event))


def _traceback(error: BaseException) -> str:
    text = io.StringIO()
    sys.print_exception(error, text)  # type: ignore[attr-defined]
    return text.getvalue()


def _unlock_heap() -> None:
    """A test that failed in between may have left the heap locked; there is no way to ask."""
    while True:
        try:
            bytearray(16)
        except MemoryError:
            micropython.heap_unlock()
        else:
            return


def _load(path: str) -> "dict[str, Any]":
    """The names of a test file.  Compiled with its own file name, which tracebacks show."""
    with open(path) as file:
        source = file.read()
    names: dict[str, Any] = {"__name__": path.rsplit("/", 1)[-1][:-3], "__file__": path}
    exec(compile(source, path, "exec"), names)
    return names


def main(plan_path: str) -> None:
    with open(plan_path) as file:
        plan = json.load(file)
    mark = plan["mark"]
    # Whole: the default path has folders of the user, whose files would shadow ours.
    sys.path[:] = plan["path"]
    try:
        names = _load(plan["file"])
    except BaseException as error:
        _tell(mark, event="load", error=_traceback(error))
        return
    for test in plan["tests"]:
        _tell(mark, event="start", test=test)
        try:
            names[test]()
        except BaseException as error:  # SystemExit of a test is a failure of that test alone
            _unlock_heap()
            _tell(mark, event="end", test=test, error=_traceback(error))
        else:
            _tell(mark, event="end", test=test, error=None)


main(sys.argv[1])
