"""What fleet.toml may hold, for editors (JSON Schema) and for people (docs/fleet.md)."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from nodewright.fleet.model import TABLES, FleetFile, Part, checked_of
from nodewright.fleet.values import Checked, Quantity


def json_schema() -> dict[str, Any]:
    """JSON Schema, draft 2020-12; its defaults as people write them."""
    schema = FleetFile.model_json_schema(mode="validation")
    for _, model in TABLES:
        properties = schema["$defs"][model.__name__]["properties"]
        for key, field in model.model_fields.items():
            written = _quantity(checked_of(model, key), field)
            if written is not None:
                properties[key]["default"] = written
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def rows(model: type[Part]) -> Iterator[tuple[str, str, str, str]]:
    """(key, what is allowed, what it is when left out, meaning) of a table's keys.

    Keys that are tables of their own are left to these.
    """
    for key, field in model.model_fields.items():
        checked = checked_of(model, key)
        if checked is None:
            continue
        allowed = checked.allowed
        if str(field.annotation).startswith("dict"):
            allowed = "a table of x, y, z: " + _directions(field)
        yield key, allowed, _default(checked, field), field.description or ""


def plain_lines() -> Iterator[str]:
    """All keys, to read on a terminal."""
    for path, model in TABLES:
        yield f"[{path}]  {_about(model)}"
        for key, allowed, default, meaning in rows(model):
            yield f"  {key}: {meaning}"
            yield f"      {allowed}" + (f"; else {default}" if default else "; needed")


def as_dict() -> dict[str, Any]:
    """All keys as JSON: tables by their paths; default: null where there is none."""
    tables = []
    for path, model in TABLES:
        keys = [
            {
                "key": key,
                "allowed": allowed,
                "needed": not default,
                "default": None if default in ("", "none") else json.loads(default),
                "meaning": meaning,
            }
            for key, allowed, default, meaning in rows(model)
        ]
        tables.append({"path": path, "about": _about(model), "keys": keys})
    return {"tables": tables}


def markdown() -> str:
    """The same as tables of docs/fleet.md, which tools/gen.py puts there."""
    lines: list[str] = []
    for path, model in TABLES:
        lines += ["", f"### `[{path}]`", "", _about(model), ""]
        lines += ["| key | allowed | left out | what |", "| --- | --- | --- | --- |"]
        for key, allowed, default, meaning in rows(model):
            words = _short(allowed)
            lines.append(f"| `{key}` | {words} | {default or 'needed'} | {meaning} |")
    return "\n".join(lines).strip().replace("<", "&lt;")


def _about(model: type[Part]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _short(allowed: str) -> str:
    """Without the whole catalogue, which docs/features.md has."""
    return allowed if len(allowed) < 300 else allowed.split(", each ")[0] + ": docs/features.md"


def _directions(field: FieldInfo) -> str:
    annotation: Any = field.annotation
    return str(annotation.__args__[1].__metadata__[0].allowed)


def _default(checked: Checked, field: FieldInfo) -> str:
    if field.is_required():
        return ""
    if field.default_factory is not None or field.default in (None, ()):
        return "none"
    return json.dumps(_quantity(checked, field) or field.default)


def _quantity(checked: Checked | None, field: FieldInfo) -> str | None:
    """A default with its unit; None where it has none."""
    if not isinstance(checked, Quantity) or not isinstance(field.default, float):
        return None
    return f"{field.default:g}{checked.dimension.unit}"
