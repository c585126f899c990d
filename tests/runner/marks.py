"""Where a test runs: `# runs on: cpython` in a file's head, or at the end of a `def` line."""

import ast
import re
from pathlib import Path

_MARK = re.compile(r"#\s*runs on:\s*(\w+)\s*$")
BOTH = ("cpython", "micropython")
_HEAD_LINES = 10


def _mark(line: str, path: Path) -> tuple[str, ...]:
    found = _MARK.search(line)
    if found is None:
        return BOTH
    if found[1] not in BOTH:
        raise ValueError(f"{path}: 'runs on: {found[1]}'; allowed: {', '.join(BOTH)}")
    return (found[1],)


def tests(path: Path, runtime: str) -> list[tuple[str, int]]:
    """The test functions of a file which run on a runtime, each with its line.

    Read from the source, so that a file which only one interpreter can import serves both.
    Raises SyntaxError; ValueError for a mark of no runtime.
    """
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    head = [line for line in lines[:_HEAD_LINES] if line.startswith("#")]
    if any(runtime not in _mark(line, path) for line in head):
        return []
    return [
        (node.name, node.lineno)
        for node in ast.parse(text, str(path)).body
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test_")
        and runtime in _mark(lines[node.lineno - 1], path)
    ]
