"""What is on the bench beside the node: a known load, a meter.  bench.toml in the fleet's folder.

[load]                 # one current through all clamps
amps = 5.0
uncertain_pct = 1.0    # of the meter that says so

[meter]                # reads the node's supply while it sleeps
command = ["read-my-meter"]   # prints the current in A, and nothing else
sleep_most_ua = 2000
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodewright.errors import BadInput

FILE = "bench.toml"
_CLAMP_PCT = 5.0  # what split-core clamps of class 1 are, with their burden, twice over


@dataclass(frozen=True)
class Load:
    """A known current.  amps: RMS; uncertain_pct: of what says so."""

    amps: float
    uncertain_pct: float = 0.0

    @property
    def limit_pct(self) -> float:
        """By how much a reading may differ."""
        return _CLAMP_PCT + self.uncertain_pct


@dataclass(frozen=True)
class Meter:
    """Of the supply.  command: prints A; sleep_most_ua: the limit, None where there is none."""

    command: tuple[str, ...]
    sleep_most_ua: float | None = None


@dataclass(frozen=True)
class OnBench:
    """What a bench.toml says."""

    load: Load | None = None
    meter: Meter | None = None


class BenchUnusable(BadInput):
    """bench.toml cannot be used.  path; reason."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path, self.reason = path, reason
        super().__init__(f"{path}: {reason}")


def read(folder: Path) -> OnBench:
    """Of a fleet's folder; nothing where there is no such file.  Raises BenchUnusable."""
    path = folder / FILE
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return OnBench()
    except (OSError, ValueError) as error:
        raise BenchUnusable(path, str(error)) from None
    _known(path, "", told, ("load", "meter"))
    return OnBench(_load(path, told.get("load")), _meter(path, told.get("meter")))


def _load(path: Path, table: Any) -> Load | None:
    if table is None:
        return None
    _known(path, "load", table, ("amps", "uncertain_pct"))
    amps = _number(path, "load.amps", table.get("amps"), 1e-3, 1e5)
    uncertain = _number(path, "load.uncertain_pct", table.get("uncertain_pct", 0.0), 0.0, 20.0)
    return Load(amps, uncertain)


def _meter(path: Path, table: Any) -> Meter | None:
    if table is None:
        return None
    _known(path, "meter", table, ("command", "sleep_most_ua"))
    command = table.get("command")
    if not isinstance(command, list) or not command or not all(map(_is_text, command)):
        raise BenchUnusable(path, "meter.command: a list of texts, the program first, is needed")
    most = table.get("sleep_most_ua")
    limit = None if most is None else _number(path, "meter.sleep_most_ua", most, 1e-3, 1e7)
    return Meter(tuple(command), limit)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _known(path: Path, name: str, table: Any, keys: tuple[str, ...]) -> None:
    if not isinstance(table, dict):
        raise BenchUnusable(path, f"[{name}] is no table")
    for key in table:
        if key not in keys:
            where = f"{name}.{key}" if name else key
            raise BenchUnusable(path, f"{where} is no key: {', '.join(keys)}")


def _number(path: Path, key: str, value: object, least: float, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise BenchUnusable(path, f"{key} = {value!r} cannot be: {least:g} to {most:g}")
    return float(value)
