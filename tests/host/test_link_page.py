"""docs/link.md has every name by which the node counts what a link meets, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from nodewright.data import firmware_dir

PAGE = Path(__file__).parents[2] / "docs" / "link.md"
NODE = firmware_dir() / "node"
LINK = [
    *sorted((NODE / "uplink").glob("*.py")),
    *(NODE / name for name in ("clock.py", "ntp.py", "identities.py", "renewal.py")),
]
# Made of a part that is not known beforehand, by what they begin with.
OPEN = {"errno_N": "errno_", "tls_N": "tls_", "clock_kiss_CODE": "kiss_", "clock_dns_…": "clock_"}
TABLES = ("_BY_NUMBER", "_NUMBERS", "_REFUSALS", "_RCODES")
ELSEWHERE = {"flash"}  # of the board, not of a link


def texts(node: ast.AST) -> Iterator[str]:
    """The strings that an expression may be: a constant, or either side of an `if`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def counted(path: Path) -> Iterator[str]:
    """Every name that a module counts under, or ends a connection with."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("Lost", "BadTime", "count", "_count", "_tell"):
                yield from texts(node.args[0])
        elif isinstance(node, ast.Assign):
            named = getattr(node.targets[0], "id", "")
            if named in TABLES:
                held = node.value.values if isinstance(node.value, ast.Dict) else node.value.elts
                for one in held:
                    yield from texts(one)
            elif named == "_VERIFY":
                for row in node.value.elts:
                    yield from texts(row.elts[1])
        elif isinstance(node, ast.FunctionDef) and node.name in ("cause_of", "_late"):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    value = inner.value
                    yield from texts(value.elts[0] if isinstance(value, ast.Tuple) else value)


def on_page() -> set[str]:
    """The names in the first columns of its tables."""
    cells = re.findall(r"^\| (`.+?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def without_lead(name: str) -> str:
    return re.sub(r"^(mqtt|clock)_", "", name)


def test_page__every_name_that_the_link_counts__is_there() -> None:
    found = {name for path in LINK for name in counted(path)} - {""} - ELSEWHERE
    assert {"tls_foreign", "ping_timeout", "dns_stale", "unreachable", "refused_version"} <= found
    names = {without_lead(name) for name in on_page()}
    open_ends = tuple(set(OPEN.values()))
    missing = {
        name
        for name in found
        if without_lead(name) not in names and name not in open_ends and name != "clock_"
    }
    assert not missing


def test_page__every_name_on_it__is_one_of_the_firmware() -> None:
    held = {
        text
        for path in NODE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for text in texts(node)
    }
    unknown = {
        name
        for name in on_page() - set(OPEN)
        if name not in held and without_lead(name) not in held
    }
    assert not unknown
