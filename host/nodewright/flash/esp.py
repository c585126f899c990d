"""The programmer for ESP32, ESP32-S3 and ESP32-C3: esptool as a process of its own.

It is asked first which chip, of which revision and with how much flash there is, and nothing is
written unless that is what the image's board has, and the chip is the node's. A stub that the chip
refuses is left out; a line that garbles bytes is taken slower. The proof of what was written is
the chip's own MD5 of it, which esptool compares.
"""

import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from nodewright import scratch
from nodewright.flash import boot
from nodewright.flash.errors import AS_BEFORE, FlashFailed, NotAsWritten, WrongBoard
from nodewright.flash.esptool import Esptool, reason, stub_fails
from nodewright.flash.job import Job, Outcome, Progress, Say
from nodewright.flash.judge import judge_chip
from nodewright.link.repl import is_gone

BAUDS = (921_600, 460_800, 230_400, 115_200)
_ROM_BAUD = 115_200
_HALF = "its flash is written in part and it does not start: run the same again"
_CHIP = re.compile(r"Chip type:\s+(ESP[\w-]+)")
_REVISION = re.compile(r"\(revision v(\d+)\.(\d+)\)")
_MAC = re.compile(r"^MAC:\s+((?:[0-9a-f]{2}:){5}[0-9a-f]{2})\s*$", re.MULTILINE)
_SIZE = re.compile(r"Detected flash size:\s+(\d+)\s*([KM])B")
_PERCENT = re.compile(r"(\d{1,3}\.\d)%")
_SENT = re.compile(r"\((\d+) compressed\)")
_MISMATCH = "MD5 of file does not match"
_HASHED = "Hash of data verified"
_KNOWN = ("esp32s3", "esp32c3", "esp32s2", "esp32c2", "esp32c6", "esp32h2", "esp32p4", "esp32")


@dataclass(frozen=True)
class Found:
    """A chip in its boot loader.

    revision: 100 × major + minor; mac: what `machine.unique_id` gives there, as hex digits, "" as
    revision None and flash_bytes None where it could not be told.
    """

    chip: str
    revision: int | None
    flash_bytes: int | None
    mac: str = ""


def program(job: Job, say: Say, asked: threading.Event) -> Outcome:
    """Write the image through the boot loader in ROM.  See `job`."""
    begun_s = time.monotonic()
    image = job.image
    if image.board.programmer != "esptool" or image.flash.form == "uf2":
        raise WrongBoard(job.port, f"{image.board.name} is not written by esptool")
    say(Progress("detect"))
    with Esptool(job.port, asked) as tool:
        found = _detect(tool, job.port)
        _judge(job, found)
        judge_chip(job, found.mac)
        job, bound = job.for_chip(found.mac)
        image = job.image
        data = image.flash.data
        with scratch.folder("flash") as folder:  # only its owner may enter: secrets are in it
            path = folder / "image.bin"
            path.write_bytes(data)
            told, baud, notes = _write(tool, job, path, say)
    notes = [*([bound] if bound else []), *notes]
    taken = _SENT.search(told)
    sent = int(taken[1]) if taken else len(data)
    seconds = time.monotonic() - begun_s
    boots = boot.listen(job.port, job.boot_s, say, asked)
    if image.flash.form == "littlefs":
        notes.append("the files alone: MicroPython stays the one that was there")
    return Outcome(
        node=image.node,
        port=job.port,
        by="esptool",
        sent_bytes=sent,
        total_bytes=len(data),
        sent_files=1,
        removed_files=0,
        seconds=seconds,
        wire_s=sent * 10 / baud,
        boot=boots,
        notes=tuple(notes),
    )


def detect(port: str, asked: threading.Event) -> Found:
    """Which chip answers at a port.  Raises FlashFailed, and what is wrong with the port."""
    with Esptool(port, asked) as tool:
        return _detect(tool, port)


def _detect(tool: Esptool, port: str) -> Found:
    words = ["--no-stub", "flash-id"]
    code, told = tool.run(words, _ROM_BAUD, lambda _: None, AS_BEFORE)
    chip, size = _CHIP.search(told), _SIZE.search(told)
    if chip is None:
        raise FlashFailed(port, reason(port, told, code), AS_BEFORE)
    plain = chip[1].lower().replace("-", "")
    name = next((known for known in _KNOWN if plain.startswith(known)), plain[:20])
    flash = int(size[1]) << {"K": 10, "M": 20}[size[2]] if size else None
    revision, mac = _REVISION.search(told), _MAC.search(told)
    return Found(
        name,
        int(revision[1]) * 100 + int(revision[2]) if revision else None,
        flash,
        mac[1].replace(":", "") if mac else "",
    )


def erase(port: str, say: Say, asked: threading.Event) -> None:
    """Erase all of the flash.  Raises FlashFailed, Interrupted."""
    say(Progress("erase"))
    state = "the flash is erased in part"
    with Esptool(port, asked) as tool:
        code, told = tool.run(["erase-flash"], _ROM_BAUD, lambda _: None, state)
    if code:
        raise FlashFailed(port, reason(port, told, code), state)


def _judge(job: Job, found: Found) -> None:
    board, image = job.image.board, job.image.flash
    if found.chip != board.chip:
        raise WrongBoard(job.port, f"{board.name} has an {board.chip}, this is an {found.chip}")
    if found.revision is not None and found.revision < board.least_revision:
        least, there = (f"v{n // 100}.{n % 100}" for n in (board.least_revision, found.revision))
        raise WrongBoard(
            job.port, f"{board.name} has an {board.chip} from {least} on, this is {there}"
        )
    needed = max(board.flash.total_bytes, image.offset_bytes + len(image.data))
    if found.flash_bytes is not None and found.flash_bytes < needed:
        raise WrongBoard(
            job.port,
            f"{board.name} has {needed >> 20} MB of flash, this has {found.flash_bytes >> 20} MB",
        )


def _write(tool: Esptool, job: Job, path: Path, say: Say) -> tuple[str, int, list[str]]:
    """What esptool printed, the rate that worked, and what had to be done for it."""
    bauds = [job.baud, *(baud for baud in BAUDS if baud < job.baud)]
    total = len(job.image.flash.data)
    notes: list[str] = []
    stub: list[str] = []

    def heard(text: str) -> None:
        found = _PERCENT.findall(text)
        if found:
            done = min(float(found[-1]), 100.0)
            say(Progress("send", int(total * done / 100), total))

    while True:
        say(Progress(f"write at {bauds[0]} baud"))
        words = [*stub, "write-flash", hex(job.image.flash.offset_bytes), str(path)]
        code, told = tool.run(words, bauds[0], heard, _HALF)
        if code == 0 and _HASHED in told:
            return told, bauds[0], notes
        if _MISMATCH in told:
            raise NotAsWritten(job.port, ("its bytes",))
        gone = is_gone(job.port)
        if not gone and not stub and stub_fails(told):
            stub = ["--no-stub"]
            notes.append("the chip refused esptool's stub: written by its ROM alone")
        elif not gone and len(bauds) > 1:
            slow = bauds.pop(0)
            notes.append(f"{slow} baud failed ({reason(job.port, told, code)}): slower")
        else:
            state = AS_BEFORE if "Writing at" not in told and not notes else _HALF
            raise FlashFailed(job.port, reason(job.port, told, code), state)
