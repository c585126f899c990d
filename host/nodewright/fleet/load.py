"""fleet.toml read: each table against its model, every error at once and at its place."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path as File
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nodewright.fleet import like
from nodewright.fleet.finding import HIDDEN, Finding, FleetNotFound, shown
from nodewright.fleet.model import FleetFile, Part, checked_of, is_tables
from nodewright.fleet.places import Path, Place, Places
from nodewright.fleet.values import nearest

FILE = "fleet.toml"
_MOST_BYTES = 16 << 20
_INNER = {"nodes": ("sensors", "buses"), "assets": ("points",)}
_PASSWORDS = ("password", "passphrase", "psk", "key", "pass", "pwd", "token", "app_key", "appkey")
# Of a file whose own table is wrong, so that the rest can still be judged.
_STAND_IN = {"name": "unnamed", "owner": "unknown"}
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass
class Loaded:
    """What is known of a fleet's file.

    fleet: its good parts, None where the text is no TOML; raw: the tables as written; tree: these
    with what each takes over from the one that it is like; damaged:
    paths of the tables which were left out of `fleet` for their errors.
    """

    folder: File
    text: str
    raw: dict[str, Any] = field(default_factory=dict)
    tree: dict[str, Any] = field(default_factory=dict)
    fleet: FleetFile | None = None
    findings: list[Finding] = field(default_factory=list)
    damaged: set[Path] = field(default_factory=set)

    @cached_property
    def places(self) -> Places:
        return Places(self.text)

    def placed(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings of this file with their places, in the file's order."""
        done = []
        for finding in findings:
            if finding.place is None and finding.file == FILE:
                finding = replace(finding, place=self.places.of(finding.path, key=finding.key))
            done.append(finding)
        return sorted(done, key=_order)


def read_text(folder: File) -> str:
    """The text of a fleet's file.  Raises FleetNotFound, NotText."""
    path = folder / FILE
    try:
        if path.stat().st_size > _MOST_BYTES:
            what, allowed = f"over {_MOST_BYTES >> 20} MB", "a file that people write"
            raise NotText(Finding((), what, allowed, "take out what is no fleet's"))
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise FleetNotFound(folder) from None
    except OSError as error:
        raise NotText(
            Finding(
                (),
                f"it cannot be read: {error.strerror}",
                "a file that you can read",
                "see whose it is, and its mode",
            )
        ) from None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        raise NotText(
            Finding(
                (),
                f"byte 0x{data[error.start]:02X} is no UTF-8",
                "UTF-8",
                "save the file as UTF-8",
                place=Place(line, column),
            )
        ) from None


class NotText(Exception):
    """A file is no text.  finding: what it is instead."""

    def __init__(self, finding: Finding) -> None:
        self.finding = finding
        super().__init__(str(finding))


def load(folder: File) -> Loaded:
    """A fleet's file, judged table by table.  Raises FleetNotFound."""
    try:
        text = read_text(folder)
    except NotText as error:
        return Loaded(folder, "", findings=[error.finding])
    return parse(folder, text)


def parse(folder: File, text: str) -> Loaded:
    """The same of a text."""
    loaded = Loaded(folder, text)
    try:
        loaded.raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        loaded.findings = _broken(loaded, str(error))
        return loaded
    except (RecursionError, ValueError):  # nested too deep; a number of too many digits
        what, cure = "too deep or too long a value", "take it out"
        loaded.findings = [Finding((), what, "TOML", cure, place=Place(1, 1))]
        return loaded
    raw = loaded.tree = like.spread(loaded.raw)
    try:
        loaded.fleet = FleetFile.model_validate(raw)
        return loaded
    except ValidationError as error:
        errors = error.errors(include_url=False)
    loaded.findings = loaded.placed(
        finding for detail in errors for finding in _findings(loaded.tree, detail)
    )
    _prune(loaded, raw, [detail["loc"] for detail in errors])
    return loaded


def _order(finding: Finding) -> tuple[str, int, int, str]:
    place = finding.place or Place(0, 0)
    return finding.file, place.line, place.column, finding.name


def _broken(loaded: Loaded, said: str) -> list[Finding]:
    """What is wrong with a text that is no TOML."""
    places = loaded.places
    doubles = []
    tables: list[Path] = []
    for path, first, second in places.doubles:
        # What a table holds that stands twice is there twice as well.
        if any(path[: len(table)] == table for table in tables):
            continue
        tables.append(path)
        before = places.place(first)
        what = "the node stands" if path[:1] == ("nodes",) and len(path) == 2 else "it stands"
        doubles.append(
            Finding(
                path,
                f"{what} twice, first in line {before.line}",
                "each name once",
                "rename one of the two, or take one away",
                place=places.place(second),
            )
        )
    if doubles:
        return doubles
    found = _AT.search(said)
    lines = loaded.text.split("\n")
    place = Place(len(lines), len(lines[-1]) + 1)
    if found and found.group(1):
        place = Place(int(found.group(1)), int(found.group(2)))
    reason = _AT.sub("", said)
    return [Finding((), f"no TOML: {reason}", "TOML", _toml_cure(reason), place=place)]


def _toml_cure(reason: str) -> str:
    if reason == "Invalid value" or "after a statement" in reason:
        return 'texts and quantities stand in quotes: "10s"'
    if "Unclosed" in reason or "Unterminated" in reason or "Expected ']'" in reason:
        return "close what was opened before"
    return "see toml.io for how it is written"


def _findings(raw: dict[str, Any], detail: ErrorDetails) -> Iterable[Finding]:
    """An error of pydantic in our words; of a list one for each item that is wrong."""
    if detail["type"] != "items":
        yield _finding(raw, detail)
        return
    for index, allowed, cure in detail["ctx"]["items"]:
        path: Path = (*detail["loc"], index)
        yield Finding(path, shown(_value_at(raw, path)), allowed, cure)


def _finding(raw: dict[str, Any], detail: ErrorDetails) -> Finding:
    path: Path = tuple(detail["loc"])
    kind = detail["type"]
    context = detail.get("ctx", {})
    is_key = bool(path) and path[-1] == "[key]"
    if is_key:
        path = path[:-1]
        return Finding(
            path, shown(path[-1]), context["allowed"], context.get("cure", ""), key=True
        )
    model, key = _model_at(path[:-1]), str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        return _unknown(path, model)
    if kind == "missing":
        return _missing(path, model, key)
    checked = checked_of(model, key) if model and key in model.model_fields else None
    value = HIDDEN if checked is not None and checked.secret else shown(_value_at(raw, path))
    if kind == "value":
        return Finding(path, value, context["allowed"], context.get("cure", ""))
    # What is left are tables: model_type, dict_type.
    written = ".".join(str(part) for part in path)
    return Finding(path, HIDDEN, "a table", f"begin it with a line [{written}]")


def _unknown(path: Path, model: type[Part] | None) -> Finding:
    known = list(model.model_fields) if model else []
    word = str(path[-1])
    near = nearest(word, known)
    if word.lower() in _PASSWORDS and (near is None or near == word):
        cure = "keep it in secrets/: nodewright secrets set NAME"
    elif word.lower() in _PASSWORDS:
        cure = f"keep it in secrets/ and its name here, as {near}"
    else:
        cure = f"did you mean {near}?" if near else "take it out"
    # Without its value: a secret under a mistyped key is still a secret.
    return Finding(path, "unknown key", "only " + ", ".join(known), cure, key=True)


def _missing(path: Path, model: type[Part] | None, key: str) -> Finding:
    checked = checked_of(model, key) if model is not None else None
    allowed = checked.allowed if checked is not None else "a table"
    about = model.model_fields[key].description if model else None
    cure = f"add {key}" + (f": {about}" if about else "")
    return Finding(path, "missing", allowed, cure)


def _value_at(raw: Any, path: Path) -> object:
    for part in path:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _model_at(path: Path) -> type[Part] | None:
    """The model of the table at a path; None where there is none."""
    model: type[Part] | None = FleetFile
    at = 0
    while model is not None and at < len(path):
        inner = model.model_fields.get(str(path[at]))
        if inner is None:
            return None
        models = [*_parts(inner.annotation)]
        # A table of tables has the name of one next in its path.
        at += 2 if is_tables(inner.annotation) else 1
        model = models[0] if models else None
    return model


def _parts(annotation: Any) -> Iterable[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _parts(inner)


def _prune(loaded: Loaded, raw: dict[str, Any], locs: list[tuple[int | str, ...]]) -> None:
    """Take the tables with errors out until the rest is good."""
    while locs:
        for loc in locs:
            path = _table_of(raw, loc)
            loaded.damaged.add(path)
            raw = _without(raw, path)
        if not isinstance(raw.get("fleet"), dict):
            raw = {**raw, "fleet": _STAND_IN}
        try:
            loaded.fleet = FleetFile.model_validate(raw)
            return
        except ValidationError as error:
            locs = [detail["loc"] for detail in error.errors(include_url=False)]


def _table_of(raw: dict[str, Any], loc: tuple[int | str, ...]) -> Path:
    """The smallest table around an error that can be left out."""
    if not loc:
        return ()
    top = loc[0]
    if len(loc) > 3 and loc[2] in _INNER.get(str(top), ()):
        return loc[:4]
    if len(loc) == 3 and loc[2] in _INNER.get(str(top), ()):
        return loc[:2]
    if top in ("fleet", "lorawan") or not isinstance(raw.get(str(top)), dict):
        return loc[:1]
    return loc[:2]


def _without(raw: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy without the table at a path."""
    if not path:
        return {}
    if path[0] not in raw:
        return raw
    if len(path) == 1:
        return {key: value for key, value in raw.items() if key != path[0]}
    inner = raw[str(path[0])]
    if not isinstance(inner, dict):
        return {key: value for key, value in raw.items() if key != path[0]}
    return {**raw, str(path[0]): _without(inner, path[1:])}
