"""Who did what to a fleet's identities and clamps, when: audit.jsonl, only ever added to.

Each line has the hash of the one before and its own, so that a line which was changed, taken out
or put in is noticed.  A line cut off the end is not, by itself: `nodewright.provision` compares
the log with the records, and version control remembers it.
"""

import getpass
import hashlib
import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nodewright.errors import NodewrightError
from nodewright.fleet.finding import WriteFailed

FILE = "audit.jsonl"
VERSION = 1
DEEDS = (
    "create",
    "provision",
    "bind",
    "renew",
    "revoke",
    "retire",
    "check",
    "deliver",
    "calibrate",
)
START = "0" * 64  # what stands for the line before the first
_KEYS = ("v", "n", "at", "who", "what", "node", "facts", "before", "hash")


class AuditDamaged(NodewrightError):
    """The log is not as it was written.  problems: each with its line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(
            f"{FILE} is not as it was written: {problems[0]}"
            + (f" (and {len(problems) - 1} more)" if len(problems) > 1 else "")
            + "; nodewright audit shows all; bring it back from version control"
        )


@dataclass(frozen=True)
class Entry:
    """One line. n: its number, from 1; facts: of the deed, none of them secret."""

    n: int
    at: datetime
    who: str
    what: str
    node: str | None
    facts: Mapping[str, Any]


def append(
    folder: Path, what: str, node: str | None, facts: Mapping[str, Any], now: datetime
) -> None:
    """Add a line, and have it on the disk before this returns.  The caller holds the fleet's lock.

    Raises AuditDamaged where the last line is not whole; WriteFailed, and then the log is as it
    was.
    """
    assert what in DEEDS, what
    path = folder / FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as error:
        raise WriteFailed(path, error.strerror or str(error)) from None
    try:
        length = os.fstat(handle).st_size
        last = _last(path) or {"n": 0, "hash": START}
        line = _line(last["n"] + 1, now, what, node, facts, last["hash"])
        try:
            if os.write(handle, line) != len(line):
                raise OSError(0, "no space for the whole line")
            os.fsync(handle)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(handle, length)
            raise WriteFailed(path, error.strerror or str(error)) from None
    finally:
        os.close(handle)


def take_back(folder: Path, length: int) -> None:
    """Cut the log to a length in bytes: of a deed that was written down and then failed."""
    with suppress(OSError):
        os.truncate(folder / FILE, length)


def length(folder: Path) -> int:
    """Of the log, bytes."""
    try:
        return (folder / FILE).stat().st_size
    except OSError:
        return 0


def read(folder: Path) -> tuple[list[Entry], tuple[str, ...]]:
    """All lines that can be read, and all that is wrong.  Raises WriteFailed: unreadable."""
    try:
        data = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return [], ()
    except OSError as error:
        raise NodewrightError(f"{folder / FILE} cannot be read: {error.strerror}") from None
    entries, problems, before = [], [], START
    *lines, rest = data.split(b"\n")
    if rest:
        problems.append(f"line {len(lines) + 1}: cut off in its middle")
    for number, line in enumerate(lines, 1):
        try:
            raw = _parse(line)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            before = ""
            continue
        if before and raw["before"] != before:
            problems.append(f"line {number}: does not follow the line before it")
        elif raw["n"] != number:
            problems.append(f"line {number}: says that it is line {raw['n']}")
        before = raw["hash"]
        entries.append(_entry(raw))
    return entries, tuple(problems)


def last_time(folder: Path) -> datetime | None:
    """When the last line was written; None where there is none.  Raises AuditDamaged."""
    last = _last(folder / FILE)
    return None if last is None else _entry(last).at


def _last(path: Path) -> dict[str, Any] | None:
    """The last line; None where there is none.  Raises AuditDamaged, WriteFailed."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WriteFailed(path, error.strerror or str(error)) from None
    if not data:
        return None
    *lines, rest = data.split(b"\n")
    count = len(lines)
    if rest:
        raise AuditDamaged((f"line {count + 1}: cut off in its middle",))
    try:
        return _parse(lines[-1])
    except ValueError as error:
        raise AuditDamaged((f"line {count}: {error}",)) from None


def _line(
    n: int,
    now: datetime,
    what: str,
    node: str | None,
    facts: Mapping[str, Any],
    before: str,
) -> bytes:
    raw = {"v": VERSION, "n": n, "at": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    raw |= {"who": _who(), "what": what, "node": node, "facts": dict(facts), "before": before}
    return _dump({**raw, "hash": _hash(raw)}) + b"\n"


def _dump(raw: Mapping[str, Any]) -> bytes:
    return json.dumps(raw, ensure_ascii=True, separators=(",", ":")).encode()


def _hash(raw: Mapping[str, Any]) -> str:
    """Of a line without its own hash."""
    return hashlib.sha256(_dump({key: raw[key] for key in raw if key != "hash"})).hexdigest()


def _parse(line: bytes) -> dict[str, Any]:
    """A line that is what was written.  Raises ValueError."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    if not isinstance(raw, dict) or tuple(raw) != _KEYS or raw["v"] != VERSION:
        raise ValueError("not a line of this log")
    if raw["hash"] != _hash(raw) or _dump(raw) != line:
        raise ValueError("changed since it was written")
    return raw


def _entry(raw: Mapping[str, Any]) -> Entry:
    at = datetime.fromisoformat(raw["at"])
    return Entry(raw["n"], at, raw["who"], raw["what"], raw["node"], raw["facts"])


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # no name for this user: a container, often
        user = f"uid-{os.getuid()}" if hasattr(os, "getuid") else "unknown"
    return f"{user}@{socket.gethostname()}"[:120]
