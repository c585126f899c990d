"""What was found of a fleet's nodes, kept in its folder: no secret, fit for version control.

| path | what |
| --- | --- |
| validation/NODE/STAMP.json | one validation, STAMP when it began (20261122T080000Z) |
| validation/NODE/STAMP.html | its certificate |
| validation/NODE.html | the newest certificate of the node |

Waveforms are in the certificate alone: a hundred validations of a node are not to be megabytes.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from nodewright.fleet.finding import WriteFailed
from nodewright.validate.result import NotAValidation, Validation
from wire.topics import is_name

FOLDER = "validation"
ATTRIBUTES = ".gitattributes"
# A checkout that changed ends of lines would break every seal.
_KEEP_BYTES = "*.html -text\n"
_STAMP = re.compile(r"\d{8}T\d{6}(?:\.\d+)?Z(?:-\d+)?")
_LONGEST = 16  # of lists in details
_MOST_BYTES = 4 << 20
_MOST_FILES = 40  # of a node are looked at


def stamp(found: Validation) -> str:
    """The name of its files."""
    return re.sub("[-:]", "", found.begun)


def lean(found: Validation) -> Validation:
    """Without the waveforms: what is compared later."""
    cases = tuple(replace(case, details=_short(case.details)) for case in found.cases)
    return replace(found, cases=cases)


def folder_of(folder: Path, node: str) -> Path:
    """Where a node's results go, made where it is not there.  Raises WriteFailed."""
    top = folder / FOLDER
    try:
        (top / node).mkdir(parents=True, exist_ok=True)
        if not (top / ATTRIBUTES).exists():
            (top / ATTRIBUTES).write_text(_KEEP_BYTES, encoding="utf-8", newline="\n")
    except OSError as error:
        raise WriteFailed(top / node, error.strerror or str(error)) from None
    return top / node


def free_stamp(folder: Path, found: Validation) -> str:
    """A stamp that no file of the node has: two validations may begin in one second."""
    first = name = stamp(found)
    count = 1
    while (folder / FOLDER / found.node / f"{name}.json").exists():
        count += 1
        name = f"{first}-{count}"
    return name


def own(folder: Path, node: str) -> tuple[list[Validation], list[str]]:
    """A node's validations, the newest first, and what could not be read, a sentence each."""
    found, bad = [], []
    for path in _files(folder / FOLDER / node):
        one = _read(path, node)
        if isinstance(one, Validation):
            found.append(one)
        else:
            bad.append(f"{path.relative_to(folder).as_posix()} is left out: {one}")
    return found, bad


def others(folder: Path, node: str) -> Iterator[Validation]:
    """The newest validation of each other node; what cannot be read is for that node to tell."""
    try:
        rest = sorted(path for path in (folder / FOLDER).iterdir() if path.is_dir())
    except OSError:
        return
    for place in rest:
        if place.name == node or not is_name(place.name):
            continue
        for path in _files(place):
            one = _read(path, place.name)
            if isinstance(one, Validation):
                yield one
                break


def _files(place: Path) -> Iterable[Path]:
    """The newest first."""
    try:
        found = [path for path in place.iterdir() if path.suffix == ".json"]
    except OSError:
        return []
    stamps = sorted((path for path in found if _STAMP.fullmatch(path.stem)), key=_order)
    return stamps[: -_MOST_FILES - 1 : -1]


def _order(path: Path) -> tuple[str, int]:
    when, _, count = path.stem.partition("-")
    return when, int(count or 1)


def _read(path: Path, node: str) -> Validation | str:
    """What is in a file, or why it is nothing."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            return f"it has more than {_MOST_BYTES >> 20} MB"
        found = Validation.from_json(data)
    except OSError as error:
        return error.strerror or str(error)
    except NotAValidation as error:
        return error.reason
    return found if found.node == node else f"it is of {found.node}"


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        if len(value) > _LONGEST:
            return f"{len(value)} values: see the certificate"
        return [_short(item) for item in value]
    return value
