"""The tool's own changes to fleet.toml: comments and order stay, and nothing else moves.

Each change is proven before it is written: the new text, read again, must hold what the old one
held with the change alone, and must be a fleet without errors that the old one had not.
"""

import copy
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.check import judge
from nodewright.fleet.files import write_whole
from nodewright.fleet.finding import Finding, FleetErrors, dotted
from nodewright.fleet.load import FILE, NotText, parse, read_text
from nodewright.fleet.lock import locked
from nodewright.fleet.places import Places
from nodewright.fleet.secret import Secrets

Keys = tuple[str, ...]
_MOST_LINES = 20  # of a value, behind which a key is added


class NoSuchPlace(BadInput):
    """A path leads nowhere, or to what is there already.  path: of it."""

    def __init__(self, path: Keys, reason: str) -> None:
        self.path = path
        super().__init__(f"{dotted(path)} {reason}")


class EditFailed(NodewrightError):
    """The file's writer did not make the change as asked; nothing was written."""

    def __init__(self, path: Keys) -> None:
        self.path = path
        super().__init__(
            f"{FILE} could not be changed at {dotted(path)} without changing more: "
            "nothing was written, change it by hand"
        )


def set_value(folder: Path, path: Keys, value: Any) -> None:
    """Give a key a value, or a new one; value: as TOML has it (quantities: "10s").

    A new key stands behind the last one of its table, before comments that may be about the next.
    Raises NoSuchPlace, FleetErrors (what would be wrong then), FleetLocked, WriteFailed,
    EditFailed, FleetNotFound.
    """

    def change(tree: Any) -> None:
        _at(tree, path[:-1])[path[-1]] = copy.deepcopy(value)

    _edit(folder, path, change, lambda text: _behind(text, path, value, change))


def add_node(folder: Path, name: str, node: Mapping[str, Any]) -> None:
    """Add a node's table at the end.  Raises as `set_value`; NoSuchPlace where there is one."""
    path = ("nodes", name)

    def change(tree: Any) -> None:
        nodes = tree.setdefault("nodes", {})
        if name in nodes:
            raise NoSuchPlace(path, "is there already")
        nodes[name] = copy.deepcopy(dict(node))

    def write(text: str) -> str:
        table = tomlkit.dumps({"nodes": {name: dict(node)}})
        return text.rstrip("\n") + "\n\n" + table.replace("[nodes]\n", "", 1)

    _edit(folder, path, change, write)


def remove_node(folder: Path, name: str) -> None:
    """Take a node away, with the comments within its tables.  Raises as `set_value`."""
    path = ("nodes", name)

    def change(tree: Any) -> None:
        nodes = _at(tree, ("nodes",))
        if name not in nodes:
            raise NoSuchPlace(path, "is not there")
        del nodes[name]

    _edit(folder, path, change)


def _edit(
    folder: Path,
    path: Keys,
    change: Callable[[Any], None],
    write: Callable[[str], str] | None = None,
) -> None:
    """Change the file under the fleet's lock.

    change: does it to a tree of tables; write: makes the new text, else tomlkit does by `change`.
    """
    with locked(folder):
        try:
            text = read_text(folder)
        except NotText as error:
            raise FleetErrors([error.finding]) from None
        before = parse(folder, text)
        if not before.raw and before.findings:
            raise FleetErrors(before.findings)
        wanted = copy.deepcopy(before.raw)
        change(wanted)
        after = write(text) if write is not None else _rewritten(text, path, change)
        try:
            same = tomllib.loads(after) == wanted
        except tomllib.TOMLDecodeError:
            same = False
        if not same:
            raise EditFailed(path)
        secrets = Secrets(folder, lambda: None)
        old = {_identity(finding) for finding in judge(before, secrets).errors}
        new = judge(parse(folder, after), secrets).errors
        worse = [finding for finding in new if _identity(finding) not in old]
        if worse:
            raise FleetErrors(worse)
        write_whole(folder / FILE, after.replace("\n", _line_end(folder)).encode())


def _line_end(folder: Path) -> str:
    """That of the file's first line, which the reader has made "\\n"."""
    with (folder / FILE).open("rb") as file:
        return "\r\n" if file.readline().endswith(b"\r\n") else "\n"


def _behind(text: str, path: Keys, value: Any, change: Callable[[Any], None]) -> str:
    """The text with a new key in the line behind its table's last; else as tomlkit changes it."""
    before = tomllib.loads(text)
    table, places = _at(before, path[:-1]), Places(text)
    if path[-1] in table or isinstance(value, Mapping):
        return _rewritten(text, path, change)
    wanted = copy.deepcopy(before)
    change(wanted)
    found = [places.values.get((*path[:-1], key)) for key in table]
    last = max((places.place(at).line for at in found if at is not None), default=0)
    lines, new = text.split("\n"), tomlkit.dumps({path[-1]: value}).strip()
    for at in range(last, last + _MOST_LINES if last else 0):  # the last value may have several
        after = "\n".join([*lines[:at], new, *lines[at:]])
        with suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(after) == wanted:
                return after
    return _rewritten(text, path, change)


def _rewritten(text: str, path: Keys, change: Callable[[Any], None]) -> str:
    try:
        document = tomlkit.parse(text)
        change(document)
        return tomlkit.dumps(document)
    except (TOMLKitError, RecursionError):
        raise EditFailed(path) from None


def _identity(finding: Finding) -> tuple[object, ...]:
    """What makes two findings the same one, wherever the lines have moved to."""
    return finding.path, finding.value, finding.allowed


def _at(tree: Any, path: Keys) -> Any:
    for index, key in enumerate(path):
        if not isinstance(tree, Mapping) or key not in tree:
            raise NoSuchPlace(path[: index + 1], "is not there")
        tree = tree[key]
    if not isinstance(tree, Mapping):
        raise NoSuchPlace(path, "is no table")
    return tree
