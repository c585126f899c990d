"""What a node has kept on its flash, read through its REPL: boots, crash, what it learned.

The files are the node's: `state.py`, `crash.py`, `rate.py`, `baseline.py` and `motor.py` of
firmware/node write them. What cannot be read is named as such; nothing on the board is changed.
"""

import json
import math
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from nodewright.flash import facts, keep
from nodewright.flash.facts import Facts, OnBoard
from nodewright.link.errors import BoardFailed, BoardSilent
from nodewright.link.repl import Repl
from nodewright.plain import plain

_STATE = "/state/"
_MOST_BYTES = 4096  # what a node keeps in one file is shorter
_SUM_BITS = 0x3FFF_FFFF
_DAMAGED = "damaged: the node counts it as missing"
_UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class Kept:
    """A file of a node's state.

    name: of the file; what: "boots", "crash", "rate", "bearing", "motor", or "unknown"; of: the
    sensor or set it is about; values: of what, by name with units, {} where it is damaged; text:
    the same for people.
    """

    name: str
    what: str
    of: str
    values: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Logs:
    """What a node has kept.  node, fleet: None where the board is none of ours."""

    node: str | None
    fleet: str | None
    version: str | None
    unfinished: bool
    kept: tuple[Kept, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read(port: str) -> Logs:
    """Raises the errors of ports, BoardSilent."""
    with Repl(port) as repl:
        found = facts.read(repl)
        there = facts.files(repl, state=True)
        kept: list[Kept] = []
        for path in sorted(there):
            if path.startswith(_STATE):
                kept += _read(repl, path, there[path])
    return _logs(found, kept)


def _logs(found: Facts, kept: list[Kept]) -> Logs:
    return Logs(found.node, found.fleet, found.version, found.unfinished, tuple(kept))


def _read(repl: Repl, path: str, file: OnBoard) -> list[Kept]:
    name = plain(path.removeprefix(_STATE))
    if name.endswith(".new"):
        return []  # what a power cut left: the node never reads it, but for the count of boots
    if file.size > _MOST_BYTES or not file.sha256:
        return [Kept(name, "unknown", "", {}, f"{file.size} bytes that no node writes")]
    try:
        return decode(name, keep.get(repl, path, file))
    except BoardSilent as error:
        return [Kept(name, "unknown", "", {}, f"cannot be read: {error.reason}")]
    except BoardFailed as error:  # of its flash, as a rule: the next file may be whole
        return [Kept(name, "unknown", "", {}, f"cannot be read: the board says {error.error}")]


def decode(name: str, data: bytes) -> list[Kept]:
    """A file of a node's state; name: within /state.  Never raises for what it holds."""
    kind, _, of = name.partition("-")
    row = {
        "boot": ("boots", _boots),
        "crash": ("crash", _crash),
        "bearing": ("bearing", _bearing),
        "motor": ("motor", _motor),
    }.get(kind)
    if name == "rates.json":
        return _rates(name, data)
    if row is None or (kind in ("boot", "crash")) != (not of):
        return [Kept(name, "unknown", "", {}, f"{len(data)} bytes")]
    what, parse = row
    values, text = _safely(parse, data)
    return [Kept(name, what, of, values, text)]


_Told = tuple[dict[str, Any], str]


def _safely(parse: Callable[[bytes], _Told], data: bytes) -> _Told:
    try:
        return parse(data)
    except _UNREADABLE:
        return {}, _DAMAGED


def _boots(data: bytes) -> _Told:
    boots = int(data)
    if not 0 <= boots < 1 << 60:
        raise ValueError
    return {"boots": boots}, f"{boots} until now"


def _crash(data: bytes) -> _Told:
    raw = json.loads(data)
    boot, count = int(raw["boot"]), int(raw["count"])
    error = plain(str(raw["error"]), 120)
    which = f"boot {boot}" if boot else "a boot that was not counted"
    text = f"{which} ended by {error}; {count} in a row since one that ran for 10 minutes"
    return {"boot": boot, "count": count, "error": error}, text


def _rates(name: str, data: bytes) -> list[Kept]:
    try:
        rates = json.loads(data)["rates"]
        rows = [(str(key), list(row)) for key, row in rates.items()]
    except (*_UNREADABLE, AttributeError):
        return [Kept(name, "rate", "", {}, _DAMAGED)]
    kept = []
    for key, row in rows:
        values, text = _safely(_rate, json.dumps([key, *row]).encode())
        kept.append(Kept(name, "rate", plain(key), values, text))
    return kept


def _rate(data: bytes) -> _Told:
    key, *row = json.loads(data)
    nominal_hz = float(key.rpartition("@")[2])
    samples, span_us, records = float(row[0]), float(row[1]), float(row[2])
    rate_hz = samples * 1e6 / span_us
    away_ppm = (rate_hz / nominal_hz - 1) * 1e6
    if not math.isfinite(away_ppm):
        raise ValueError
    values = {"rate_hz": rate_hz, "nominal_hz": nominal_hz, "records": records}
    return values, f"{rate_hz:.6g} Hz, {away_ppm:+.0f} ppm of {nominal_hz:g} Hz"


def _bearing(data: bytes) -> _Told:
    content = _whole(data, 10)
    count, frozen = int(content[1]), bool(content[2])
    bpfo, bpfi = float(content[3]), float(content[6])
    state = "frozen" if frozen else "learning" if count else "empty"
    values = {"records": count, "state": state, "bpfo_mean": bpfo, "bpfi_mean": bpfi}
    return values, f"{state}, of {count} healthy records"


def _motor(data: bytes) -> _Told:
    _, starts, run_s, load_as, ran, _ = (int(part) for part in _whole(data, 6))
    load_a = load_as / run_s if run_s else None
    values = {"starts": starts, "run_h": run_s / 3600, "load_a": load_a, "ran": bool(ran)}
    load = "" if load_a is None else f", {load_a:.3g} A on average"
    return values, f"{starts} starts, {run_s / 3600:.1f} h running{load}"


def _whole(data: bytes, length: int) -> list[Any]:
    """The parts of a file whose last is Adler's sum of the others.  Raises ValueError."""
    content = json.loads(data)
    if not isinstance(content, list) or len(content) != length or content[0] != 1:
        raise ValueError
    if zlib.adler32(json.dumps(content[:-1]).encode()) & _SUM_BITS != content[-1]:
        raise ValueError
    return content
