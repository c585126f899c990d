"""The programmer for ESP32, ESP32-S3 and ESP32-C3: esptool as a process of its own.

It is asked first which chip, of which revision and with how much flash there is, and nothing is
written unless that is what the image's board has, and the chip is the node's. Blocks that are in
its flash already are not sent. A stub that the chip refuses is left out; a line that garbles bytes
is taken slower. The proof of what was written is the chip's own MD5 of it, which esptool compares.
"""

import re
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from nodewright import scratch
from nodewright.flash import boot
from nodewright.flash.errors import AS_BEFORE, FlashFailed, NotAsWritten, WrongBoard
from nodewright.flash.esptool import Esptool, Failed, reason, stub_fails
from nodewright.flash.job import Job, Outcome, Progress, Say
from nodewright.flash.judge import judge_chip
from nodewright.link.errors import PortBusy, PortDenied, PortGone, PortMissing
from nodewright.link.repl import is_gone

BAUDS = (921_600, 460_800, 230_400, 115_200)
_ROM_BAUD = 115_200
_HALF = "its flash is written in part and it does not start: run the same again"
_AT = re.compile(r"Writing at 0x([0-9a-f]{1,8})")
_MISMATCH = "MD5 of file does not match"
_FINAL = re.compile(r"[Ss]ecur|[Ee]ncrypt|not fit")  # what a slower line does not cure
_HASHED = "Hash of data verified"
_KNOWN = ("esp32s3", "esp32c3", "esp32s2", "esp32c2", "esp32c6", "esp32h2", "esp32p4", "esp32")


@dataclass(frozen=True)
class Found:
    """A chip in its boot loader.

    revision: 100 × major + minor; mac: what `machine.unique_id` gives there, as hex digits, "" as
    revision None and flash_bytes None where it could not be told; closed: why nothing that is
    written there could be read back, "" where it can be.
    """

    chip: str
    revision: int | None
    flash_bytes: int | None
    mac: str = ""
    closed: str = ""


def program(job: Job, say: Say, asked: threading.Event) -> Outcome:
    """Write the image through the boot loader in ROM.  See `job`."""
    begun_s = time.monotonic()
    image = job.image
    if image.board.programmer != "esptool" or image.flash.form == "uf2":
        raise WrongBoard(job.port, f"{image.board.name} is not written by esptool")
    say(Progress("detect"))
    with Esptool(job.port, asked, _HALF) as tool:
        found = _connect(tool, job.port)
        _judge(job, found)
        judge_chip(job, found.mac)
        with scratch.folder("flash") as folder:  # only its owner may enter: secrets are in it
            written = _write(tool, job, found.mac, folder / "image.bin", say)
    seconds = time.monotonic() - begun_s
    notes = list(written.notes)
    boots = boot.listen(job.port, job.boot_s, say, asked)
    if image.flash.form == "littlefs":
        notes.append("the files alone: MicroPython stays the one that was there")
    return Outcome(
        node=image.node,
        port=job.port,
        by="esptool",
        sent_bytes=written.sent_bytes,
        total_bytes=len(image.flash.data),
        sent_files=int(written.sent_bytes > 0),
        removed_files=0,
        seconds=seconds,
        wire_s=written.wire_s,
        boot=boots,
        notes=tuple(notes),
    )


def detect(port: str, asked: threading.Event) -> Found:
    """Which chip is in its boot loader at a port; it is left there.

    Raises FlashFailed where none is, and what is wrong with the port.
    """
    with Esptool(port, asked) as tool:
        found = _connect(tool, port, resets=False)
        try:
            told, _ = tool.do("prepare", baud=_ROM_BAUD, stub=False)
        except Failed:
            return found
    return replace(found, flash_bytes=told["flash_bytes"])


def _connect(tool: Esptool, port: str, resets: bool = True) -> Found:
    try:
        told = tool.connect(resets)
    except Failed as failed:
        raise FlashFailed(port, reason(port, failed.told), tool.state) from None
    plain = told["chip"].lower().replace("-", "")
    name = next((known for known in _KNOWN if plain.startswith(known)), plain[:20])
    closed = "it is in secure download mode" if told["locked"] else ""
    if told["encrypted"]:
        closed = "its flash is encrypted"
    return Found(name, told["revision"], None, told["mac"] or "", closed)


def erase(port: str, say: Say, asked: threading.Event) -> None:
    """Erase all of the flash.  Raises FlashFailed, Interrupted."""
    say(Progress("erase"))
    with Esptool(port, asked, "the flash is erased in part") as tool:
        _connect(tool, port)
        try:
            tool.do("prepare", baud=_ROM_BAUD, stub=True)
            tool.do("erase")
        except Failed as failed:
            raise FlashFailed(port, reason(port, failed.told), tool.state) from None


def _judge(job: Job, found: Found) -> None:
    board = job.image.board
    if found.chip != board.chip:
        raise WrongBoard(job.port, f"{board.name} has an {board.chip}, this is an {found.chip}")
    if found.revision is not None and found.revision < board.least_revision:
        least, there = (f"v{n // 100}.{n % 100}" for n in (board.least_revision, found.revision))
        raise WrongBoard(
            job.port, f"{board.name} has an {board.chip} from {least} on, this is {there}"
        )

    if found.closed:
        reason = f"{found.closed}, so what is written could not be read back"
        raise FlashFailed(job.port, reason, AS_BEFORE)


def _judge_flash(job: Job, flash_bytes: int | None) -> None:
    board, image = job.image.board, job.image.flash
    needed = max(board.flash.total_bytes, image.offset_bytes + len(image.data))
    if flash_bytes is not None and flash_bytes < needed:
        raise WrongBoard(
            job.port,
            f"{board.name} has {needed >> 20} MB of flash, this has {flash_bytes >> 20} MB",
        )


@dataclass(frozen=True)
class _Written:
    """wire_s: what the line takes for the bytes, each at its rate, and for those of the stub."""

    sent_bytes: int
    wire_s: float
    notes: tuple[str, ...]


def _write(tool: Esptool, job: Job, mac: str, path: Path, say: Say) -> _Written:
    """path: where the image may stand meanwhile.

    Raises FlashFailed, NotAsWritten, WrongBoard, Interrupted, and as `Job.for_chip`.
    """
    bauds = [job.baud, *(baud for baud in BAUDS if baud < job.baud)]
    begin, total = job.image.flash.offset_bytes, len(job.image.flash.data)
    notes: list[str] = []
    stub = True

    def heard(text: str) -> None:
        found = _AT.findall(text)
        if found:
            say(Progress("send", min(max(int(found[-1], 16) - begin, 0), total), total))

    while True:
        say(Progress(f"write at {bauds[0]} baud"))
        try:
            if not tool.connected:  # the last try ended it
                _again(tool, job.port)
            ready, _ = tool.do("prepare", baud=bauds[0], stub=stub)
            _judge_flash(job, ready["flash_bytes"])
            if not path.exists():
                job, bound = job.for_chip(mac)
                notes += [bound] if bound else []
                notes += [] if ready["flash_bytes"] else ["its flash does not tell its size"]
                path.write_bytes(job.image.flash.data)
            wrote, told = tool.do("write", heard, offset=begin, path=str(path))
            if wrote["same_bytes"] < total and _HASHED not in told:
                raise FlashFailed(job.port, "esptool has not read back what it wrote", tool.state)
            wire_s = wrote["sent_bytes"] * 10 / bauds[0]
            wire_s += ready["stub_bytes"] * 10 / _ROM_BAUD
            return _Written(wrote["sent_bytes"], wire_s, tuple(notes))
        except Failed as failed:
            told = failed.told
        if _MISMATCH in told:
            raise NotAsWritten(job.port, ("its bytes",))
        why = reason(job.port, told)
        if is_gone(job.port) or _FINAL.search(why):
            raise FlashFailed(job.port, why, tool.state)
        if stub and stub_fails(told):
            stub = False
            notes.append("the chip refused esptool's stub: written by its ROM alone")
        elif len(bauds) > 1:
            slow = bauds.pop(0)
            notes.append(f"{slow} baud failed ({why}): slower")
        else:
            raise FlashFailed(job.port, why, tool.state)


def _again(tool: Esptool, port: str) -> None:
    """Connect after a try that failed.  Raises Failed; FlashFailed, which says what the board is
    now, also where the port cannot be opened."""
    try:
        tool.connect()
    except (PortMissing, PortDenied, PortBusy, PortGone) as error:
        raise FlashFailed(port, str(error), tool.state) from None
