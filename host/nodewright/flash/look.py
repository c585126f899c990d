"""What is at each port: a MicroPython, a node of ours, a boot loader, or nothing that answers."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from nodewright import boards
from nodewright.errors import BadInput, NodewrightError
from nodewright.flash import esp, facts, uf2_drive
from nodewright.flash.facts import Facts
from nodewright.link.errors import BoardSilent
from nodewright.link.repl import Repl
from nodewright.link.usb import Plugged, given, plugged

_ANSWER_S = 12.0  # a node in the middle of a record hears nobody for some seconds
_SILENT_S = 1.0
_BUSY_S = 0.5


@dataclass(frozen=True)
class Seen:
    """state: "micropython", "boot loader", "silent", "not asked", or "closed" for a port that
    cannot be opened; problem: why, with its cure; loader: the chip of an ESP32's boot loader."""

    plugged: Plugged
    state: str
    facts: Facts | None = None
    problem: str = ""
    loader: esp.Found | None = None

    def as_dict(self) -> dict[str, Any]:
        one = {**asdict(self.plugged), "state": self.state, "problem": self.problem}
        found = self.facts
        one["micropython"] = None if found is None else ".".join(map(str, found.release))
        for key in ("machine", "arch", "chip", "unique_id", "fleet", "node", "version"):
            one[key] = None if found is None else getattr(found, key)
        if self.loader is not None:
            one |= {"chip": self.loader.chip, "unique_id": self.loader.mac or None}
        one["unfinished"] = found is not None and found.unfinished
        one["crash"] = None if found is None else found.crash
        return one


def look(ports: list[str], ask: bool = True) -> list[Seen]:
    """What is at these ports, or at all that are plugged in, and the drives of boot loaders.

    ask: interrupts the programs there for a moment.
    """
    rows = [given(port) for port in ports] if ports else plugged()
    with ThreadPoolExecutor(max_workers=8) as pool:
        seen = list(pool.map(_ask if ask else _leave, rows))
    if ports:
        return seen
    return seen + [_drive(drive) for drive in uf2_drive.drives()]


def _leave(row: Plugged) -> Seen:
    return Seen(row, "not asked")


def _ask(row: Plugged) -> Seen:
    try:
        with Repl(row.port, answer_s=_ANSWER_S, silent_s=_SILENT_S, busy_s=_BUSY_S) as repl:
            return Seen(row, "micropython", facts.read(repl))
    except BoardSilent as error:
        loader = _loader(row)
        if loader is not None:
            return Seen(row, "boot loader", loader=loader)
        return Seen(row, "silent", problem=str(error))
    except (BadInput, NodewrightError) as error:
        return Seen(row, "closed", problem=str(error))


def _loader(row: Plugged) -> esp.Found | None:
    """The chip of an ESP32 that waits in its boot loader, as far as one can be there."""
    if row.usb and not any(boards.load(name).programmer == "esptool" for name in row.boards):
        return None
    try:
        return esp.detect(row.port, threading.Event())
    except NodewrightError:
        return None


def _drive(drive: uf2_drive.Drive) -> Seen:
    known = f"boot loader of an {drive.chip}" if drive.chip else "boot loader, unknown chip"
    return Seen(Plugged(str(drive.path), "", known, (), drive.board_id), "boot loader")
