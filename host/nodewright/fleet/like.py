"""Machines and nodes that are like another one: what they do not say, that one says.

Done on the tables as written, before they are judged: what comes of it is judged as if written.
"""

from collections.abc import Iterator
from typing import Any

from nodewright.fleet.finding import Finding, shown
from nodewright.fleet.values import nearest

TABLES = ("assets", "nodes")
# What is one's own, and never another's.
OWN = ("like", "title", "address", "retired")


def spread(raw: dict[str, Any]) -> dict[str, Any]:
    """The tables with what each takes over; a `like` that leads nowhere takes nothing over."""
    tree = dict(raw)
    for table in TABLES:
        entries = raw.get(table)
        if isinstance(entries, dict):
            tree[table] = {name: _one(entries, entry) for name, entry in entries.items()}
    return tree


def check(raw: dict[str, Any]) -> Iterator[Finding]:
    """Each `like` names another one of its table, which is itself like none."""
    for table in TABLES:
        entries = raw.get(table)
        if not isinstance(entries, dict):
            continue
        for name, entry in entries.items():
            other = entry.get("like") if isinstance(entry, dict) else None
            if not isinstance(other, str):
                continue
            path, others = (table, name, "like"), [one for one in entries if one != name]
            if other not in others:
                near = nearest(other, others)
                cure = f"did you mean {near}?" if near else "name one of them, or take it out"
                yield Finding(path, shown(other), f"another one of [{table}]", cure)
            elif isinstance(entries[other], dict) and "like" in entries[other]:
                cure = f"name what {other} is like"
                yield Finding(path, shown(other), "one that is like no other itself", cure)


def _one(entries: dict[str, Any], entry: Any) -> Any:
    if not isinstance(entry, dict) or not isinstance(entry.get("like"), str):
        return entry
    other = entries.get(entry["like"])
    if other is entry or not isinstance(other, dict) or "like" in other:
        return entry
    return _merged({key: value for key, value in other.items() if key not in OWN}, entry)


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            value = _merged(below, value)
        merged[key] = value
    return merged
