"""What the checks look at: the good parts of a fleet, and what else its file names."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nodewright.fleet.finding import Finding, dotted, shown
from nodewright.fleet.load import Loaded
from nodewright.fleet.model import FleetFile
from nodewright.fleet.places import Path
from nodewright.fleet.resolve import NodeOf, resolve
from nodewright.fleet.values import nearest


@dataclass
class Whole:
    """A fleet that is being judged."""

    loaded: Loaded
    fleet: FleetFile

    @cached_property
    def nodes(self) -> dict[str, NodeOf]:
        return {name: resolve(self.fleet, name) for name in self.fleet.nodes}

    def names(self, *path: str) -> list[str]:
        """The names in a table, also of those which have errors."""
        table: Any = self.loaded.tree
        for key in path:
            table = table.get(key, {}) if isinstance(table, dict) else {}
        return list(table) if isinstance(table, dict) else []

    def damaged(self, *path: str) -> bool:
        """Whether a table was left out for its errors."""
        return any(path[: len(bad)] == bad for bad in self.loaded.damaged)

    def reference(self, path: Path, name: str | None, *table: str) -> Iterable[Finding]:
        """A name that a table has to have."""
        if name is not None:
            known = self.names(*table)
            if name not in known:
                yield unknown_name(path, name, known, dotted(table))


def unknown_name(path: Path, name: str, known: list[str], table: str) -> Finding:
    """A name that is not in a table."""
    near = nearest(name, known)
    if near:
        cure = f"did you mean {near}?"
    else:
        cure = f"add a table [{table}.{name}]" if known else f"[{table}] has none: add one"
    some = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
    return Finding(path, shown(name), f"one of {some}" if known else f"a name in [{table}]", cure)


def named(values: Iterable[object]) -> str:
    """Values as a list in a sentence; pins next to each other as a range."""
    items = list(values)
    if items and all(type(item) is int for item in items) and len(items) > 4:
        return _ranges(sorted(int(str(item)) for item in items))
    return ", ".join(f"{item:g}" if isinstance(item, float) else str(item) for item in items)


def _ranges(numbers: list[int]) -> str:
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in parts)
