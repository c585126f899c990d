"""The programmer for RP2040 and RP2350: a UF2 copied onto the drive that their boot ROM shows.

The boot loader is entered for the user: by `machine.bootloader()` where a MicroPython answers,
else by opening the port at 1200 baud, which MicroPython's USB port takes for the same (ports/rp2,
MICROPY_HW_USB_CDC_1200BPS_TOUCH). The ROM gives no file back, so what was written is proven by the
ROM, which restarts the board only after the last block arrived (RP2040 datasheet, 2.8.4), and by
MicroPython, which hashes every file when the board is back, where it has a serial port.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import serial

from nodewright.flash import back, boot, facts
from nodewright.flash.back import Back
from nodewright.flash.errors import AS_BEFORE, FlashFailed, NotAsWritten, OtherNode, WrongBoard
from nodewright.flash.job import Job, Outcome, Progress, Say
from nodewright.flash.judge import judge_node
from nodewright.flash.turns import turn
from nodewright.link.errors import BoardSilent, Interrupted, PortGone
from nodewright.link.repl import Repl
from nodewright.link.usb import plugged
from nodewright.pki.errors import ChipTaken

INFO = "INFO_UF2.TXT"
VARIABLE = "NODEWRIGHT_DRIVES"  # folders in which drives are mounted, where no one would look
# Board-ID of the boot ROMs: pico-bootrom-rp2040, usb_msc.c; RP2350 datasheet, 5.5.3.
_CHIPS = {"RPI-RP2": "rp2040", "RP2350": "rp2350"}
_WAIT_S = 20.0  # for a drive to be mounted, and for a board to be back
_PORT_S = 10.0  # for a port of USB, once the boot loader has gone
_ENTER_S = 1.0
_LOOK_S = 0.2
_PIECE_BYTES = 64 << 10
_TOUCH_BAUD = 1200
_MOST_INFO = 4096
_T = TypeVar("_T")
_HALF = "the board stays in its boot loader, with part of the image: run the same again"


class NoDrive(FlashFailed):
    """No boot loader shows itself.  port; reason."""

    def __init__(self, port: str, reason: str) -> None:
        super().__init__(
            port,
            reason,
            "hold BOOTSEL while you plug the board in, and give its drive as --port, or name the "
            f"folder in which drives are mounted in {VARIABLE}",
        )


@dataclass(frozen=True)
class Drive:
    """The drive of a boot loader.  chip: "" for one that is unknown; board_id, model: as told."""

    path: Path
    chip: str
    board_id: str
    model: str


def drive_at(path: Path) -> Drive | None:
    """The boot loader's drive mounted there, None where it is none."""
    try:
        with (path / INFO).open("rb") as file:
            text = file.read(_MOST_INFO).decode("ascii", "replace")
    except OSError:
        return None
    told = {}
    for line in text.splitlines():
        key, found, value = line.partition(":")
        if found:
            told[key.strip().lower()] = "".join(c for c in value.strip() if c.isprintable())[:80]
    board_id = told.get("board-id", "")
    return Drive(path, _CHIPS.get(board_id, ""), board_id, told.get("model", ""))


def drives() -> list[Drive]:
    """Those of all boot loaders that are mounted."""
    found = {path: drive_at(path) for path in _mounted()}
    return [drive for drive in found.values() if drive is not None]


def _mounted() -> Iterator[Path]:
    for folder in filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)):
        with suppress(OSError):
            yield from sorted(path for path in Path(folder).iterdir() if path.is_dir())
    if os.name == "nt":
        yield from (Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ")
        return
    for pattern in ("media/*/*", "run/media/*/*", "media/*", "mnt/*", "Volumes/*"):
        with suppress(OSError):
            yield from sorted(path for path in Path("/").glob(pattern) if path.is_dir())


def program(job: Job, say: Say, asked: threading.Event, drive: Drive | None = None) -> Outcome:
    """Copy the image onto the drive of a boot loader.  See `job`.

    drive: where the board is in its boot loader already; else it is sent there through its port.
    """
    begun_s = time.monotonic()
    board = job.image.board
    if job.image.flash.form != "uf2":
        raise WrongBoard(job.port, f"{board.name} does not take UF2 files")
    by_port = drive is None
    bound = ""
    if drive is None:
        say(Progress("boot loader"))
        job, bound, drive = _enter_in_turn(job, asked)
    if drive.chip != board.chip:
        what = drive.board_id or "says nothing of its chip"
        raise WrongBoard(str(drive.path), f"{board.name} has an {board.chip}, the drive: {what}")
    data = job.image.flash.data
    there = {one.port for one in plugged()}
    _copy(job, drive, data, say, asked)
    copied_s = time.monotonic() - begun_s
    boots = None
    notes = ["the boot loader took the last block and restarted the board"]
    own = job.port if by_port else ""
    within_s = _WAIT_S if own else _PORT_S if job.boot_s else 0.0
    found = back.find(job.image, there, asked, within_s, own)
    if found is None and own:
        raise FlashFailed(
            own,
            f"written, but no MicroPython came back within {_WAIT_S:.0f} s",
            "nodewright ports shows where it is",
        )
    if found is not None:
        boots, late = _read_back(replace(job, port=found.repl.port), found, say, asked)
        told = dict.fromkeys(note for note in (bound, late) if note)
        notes = ["all files hashed on the board", *told]
    return Outcome(
        node=job.image.node,
        port=job.port,
        by="uf2",
        sent_bytes=len(data),
        total_bytes=len(data),
        sent_files=1,
        removed_files=0,
        seconds=copied_s,
        boot=boots,
        notes=tuple(notes),
        back_at=None if found is None else found.repl.port,
    )


def _enter_in_turn(job: Job, asked: threading.Event) -> tuple[Job, str, Drive]:
    """As `enter_boot_loader`, and the drive that came of it; no other board enters meanwhile."""
    with turn(job.port, asked) as sent:
        before = {one.path for one in drives()}
        job, bound = enter_boot_loader(job)
        sent()
        back.leaves(job.port)
        return job, bound, _await_drive(job, before, asked)


def enter_boot_loader(job: Job) -> tuple[Job, str]:
    """Send a board into its boot loader: by its MicroPython, or by a touch at 1200 baud.

    The job, its node bound to the chip if that could be asked, and what is to be told.  Raises
    OtherNode, WrongBoard, PortMissing and its like, and as `Job.for_chip`.
    """
    bound = ""
    try:
        with Repl(job.port) as repl:
            found = facts.read(repl)
            judge_node(job, found)
            if found.chip and found.chip != job.image.board.chip:
                board = job.image.board
                reason = f"{board.name} has an {board.chip}, this is an {found.chip}"
                raise WrongBoard(job.port, reason)
            job, bound = job.for_chip(found.unique_id)
            repl.restarts = False
            with suppress(BoardSilent, PortGone):  # it is away before it could answer
                repl.begin("import machine\nmachine.bootloader()\n")
                repl.finish(_ENTER_S)
    except BoardSilent:
        # A program that hears nobody: the port itself does.
        with suppress(serial.SerialException, OSError):
            serial.Serial(job.port, baudrate=_TOUCH_BAUD, exclusive=True).close()
    return job, bound


def _await_drive(job: Job, before: set[Path], asked: threading.Event) -> Drive:
    chip = job.image.board.chip

    def look() -> Drive | None:
        new = [one for one in drives() if one.path not in before]
        if len(new) > 1:
            raise NoDrive(job.port, f"{len(new)} boot loaders came at once")
        return new[0] if new else None

    found = _until(look, job, asked)
    if found is None:
        raise NoDrive(job.port, f"no drive of an {chip} came within {_WAIT_S:.0f} s")
    return found


def _copy(job: Job, drive: Drive, data: bytes, say: Say, asked: threading.Event) -> None:
    sent = 0
    target = drive.path / "nodewright.uf2"
    try:
        with target.open("wb", buffering=0) as file:
            while sent < len(data):
                if asked.is_set():
                    raise Interrupted(job.port, _HALF if sent else AS_BEFORE)
                sent += file.write(data[sent : sent + _PIECE_BYTES])
                os.fsync(file.fileno())
                say(Progress("send", sent, len(data)))
    except OSError as error:
        # The ROM restarts the board with the last block: that a file cannot be closed is no error.
        if sent < len(data):
            reason = f"{drive.path} refused the image ({error.strerror})"
            raise FlashFailed(job.port, reason, _HALF) from None
    say(Progress("restart"))

    def gone() -> bool | None:
        return True if drive_at(drive.path) is None else None

    if _until(gone, job, asked) is None:
        raise FlashFailed(job.port, "the boot loader did not take all of it", _HALF)


def _read_back(job: Job, found: Back, say: Say, asked: threading.Event) -> tuple[int | None, str]:
    """Ask the MicroPython that was written for the hashes of all files, then have it start.

    The node's count of boots, and what is to be told of its chip.
    """
    say(Progress("verify"))
    with closing(found.repl) as repl:  # it is entered already
        wrong = facts.differing(facts.files(repl), job.image.files)
        if wrong:
            raise NotAsWritten(job.port, tuple(wrong))
        note = _bind_late(job, found.facts)
        return boot.after_restart(repl, job.boot_s, say, asked), note


def _bind_late(job: Job, found: facts.Facts) -> str:
    """A boot loader's drive does not say which chip it is of: MicroPython does, afterwards."""
    try:
        judge_node(job, found)
        return job.for_chip(found.unique_id)[1]
    except (OtherNode, ChipTaken) as error:
        state = f"its image is on the board: choose the right one, or nodewright erase {job.port}"
        raise FlashFailed(job.port, str(error), state) from None


def _until(
    look: Callable[[], _T | None], job: Job, asked: threading.Event, within_s: float | None = None
) -> _T | None:
    """The first that look gives, None after a while.  Raises Interrupted."""
    deadline_s = time.monotonic() + (_WAIT_S if within_s is None else within_s)
    while time.monotonic() < deadline_s:
        found = look()
        if found is not None:
            return found
        if asked.wait(_LOOK_S):
            raise Interrupted(job.port, _HALF)
    return None
