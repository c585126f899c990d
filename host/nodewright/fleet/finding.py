"""What a check has found: where, what, what is allowed, and how to mend it.  Never a secret."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.places import Path, Place

Level = Literal["error", "warning"]
HIDDEN = "(hidden)"
_LONGEST = 60


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or odd.

    path: of the value in fleet.toml, () for the file; value: as it is shown; allowed: what may
    stand there; cure: what to do; level: a warning leaves the fleet usable.
    """

    path: Path
    value: str
    allowed: str
    cure: str = ""
    level: Level = "error"
    file: str = "fleet.toml"
    place: Place | None = None
    key: bool = False  # the place is that of the key, not of its value

    @property
    def name(self) -> str:
        """The path as people write it: nodes.pump-1.sensors.acc.int1."""
        return dotted(self.path)

    @property
    def where(self) -> str:
        """file:line:column, as editors and terminals take it."""
        if self.place is None:
            return self.file
        return f"{self.file}:{self.place.line}:{self.place.column}"

    def as_dict(self) -> dict[str, Any]:
        place = self.place
        return {
            "level": self.level,
            "file": self.file,
            "line": None if place is None else place.line,
            "column": None if place is None else place.column,
            "path": self.name,
            "value": self.value,
            "allowed": self.allowed,
            "cure": self.cure,
        }

    def __str__(self) -> str:
        about = f"{self.name}: {self.value}" if self.path else self.value
        cure = f"; {self.cure}" if self.cure else ""
        return f"{self.where}: {about}; allowed: {self.allowed}{cure}"


class FleetErrors(BadInput):
    """A fleet cannot be used as it is.  findings: all its errors."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        lines = [str(finding) for finding in self.findings]
        super().__init__("\n  ".join(["the fleet has errors: nodewright check", *lines]))


class FleetNotFound(BadInput):
    """A folder holds no fleet."""

    def __init__(self, folder: object) -> None:
        self.folder = folder
        super().__init__(
            f"{folder} has no fleet.toml: name the folder of a fleet, or begin one with "
            "nodewright new DIR"
        )


class WriteFailed(NodewrightError):
    """A file of the fleet could not be written; what was there is as it was.

    path: which; reason: what the system said.
    """

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path} could not be written ({reason}); nothing has changed")


def dotted(path: Path) -> str:
    """nodes.pump-1.bands[2]; what is no plain key stands in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = part and all(char.isalnum() or char in "-_" for char in part)
            word = part if plain else repr(part[:_LONGEST])
            text += f".{word}" if text else word
    return text


def shown(value: object) -> str:
    """A value as a message shows it: scalars only, and not all of a long one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return (
            f'"{value}"'
            if len(value) <= _LONGEST and value.isprintable()
            else (repr(value[:_LONGEST]) + ("…" if len(value) > _LONGEST else ""))
        )
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return str(value)[:_LONGEST]
