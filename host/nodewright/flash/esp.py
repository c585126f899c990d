"""The programmer for ESP32, ESP32-S3 and ESP32-C3: esptool as a process of its own.

It is asked first which chip and how much flash there is, and nothing is written unless both are
those of the image's board. A stub that the chip refuses is left out; a line that garbles bytes is
taken slower. The proof of what was written is the chip's own MD5 of it, which esptool compares.
"""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nodewright.flash import boot
from nodewright.flash.errors import AS_BEFORE, FlashFailed, NotAsWritten, WrongBoard
from nodewright.flash.job import Job, Outcome, Progress, Say
from nodewright.link.errors import Interrupted, PortBusy, PortDenied, PortMissing
from nodewright.link.repl import why_closed

BAUDS = (921_600, 460_800, 230_400, 115_200)
_LET_GO_S = 2.0  # a port that was in use a moment ago
_ROM_BAUD = 115_200
_QUIET_S = 60.0  # a whole erase of 16 MB says nothing for so long
_STUB_S = 10.0  # for a stub to start; where it does not, esptool 5.6 waits for ever
_PIECE = 4096
_MOST_OUTPUT = 64 << 10
_HALF = "its flash is written in part and it does not start: run the same again"
_CHIP = re.compile(r"Chip type:\s+(ESP[\w-]+)")
_REVISION = re.compile(r"\(revision v([\d.]+)\)")
_SIZE = re.compile(r"Detected flash size:\s+(\d+)\s*([KM])B")
_PERCENT = re.compile(r"(\d{1,3}\.\d)%")
_SENT = re.compile(r"\((\d+) compressed\)")
_STUB_SENT, _STUB_RUNS = "Uploading stub flasher", "Stub flasher running"
_UNOPENED = "Could not open"
_MISMATCH = "MD5 of file does not match"
_HASHED = "Hash of data verified"
_KNOWN = ("esp32s3", "esp32c3", "esp32s2", "esp32c2", "esp32c6", "esp32h2", "esp32p4", "esp32")


@dataclass(frozen=True)
class Found:
    """A chip in its boot loader.  revision "" or flash_bytes None: it could not be told."""

    chip: str
    revision: str
    flash_bytes: int | None


def program(job: Job, say: Say, asked: threading.Event) -> Outcome:
    """Write the image through the boot loader in ROM.  See `job`."""
    begun_s = time.monotonic()
    image = job.image
    if image.board.programmer != "esptool" or image.flash.form == "uf2":
        raise WrongBoard(job.port, f"{image.board.name} is not written by esptool")
    say(Progress("detect"))
    _judge(job, detect(job.port, asked))
    data = image.flash.data
    with tempfile.TemporaryDirectory(prefix="nodewright-") as folder:
        path = Path(folder) / "image.bin"
        path.touch(0o600)  # it holds the node's secrets
        path.write_bytes(data)
        told, baud, notes = _write(job, path, say, asked)
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
    words = ["--no-stub", "flash-id"]
    until_s = time.monotonic() + _LET_GO_S
    while True:
        code, told = _run(port, words, _ROM_BAUD, lambda _: None, asked, AS_BEFORE)
        if _UNOPENED not in told or time.monotonic() > until_s:
            break
        time.sleep(0.1)  # whoever had it before may be closing it
    chip, size = _CHIP.search(told), _SIZE.search(told)
    if chip is None:
        raise FlashFailed(port, _reason(port, told, code), AS_BEFORE)
    plain = chip[1].lower().replace("-", "")
    name = next((known for known in _KNOWN if plain.startswith(known)), plain[:20])
    flash = int(size[1]) << {"K": 10, "M": 20}[size[2]] if size else None
    revision = _REVISION.search(told)
    return Found(name, revision[1] if revision else "", flash)


def erase(port: str, say: Say, asked: threading.Event) -> None:
    """Erase all of the flash.  Raises FlashFailed, Interrupted."""
    say(Progress("erase"))
    state = "the flash is erased in part"
    code, told = _run(port, ["erase-flash"], _ROM_BAUD, lambda _: None, asked, state)
    if code:
        raise FlashFailed(port, _reason(port, told, code), state)


def _judge(job: Job, found: Found) -> None:
    board, image = job.image.board, job.image.flash
    if found.chip != board.chip:
        raise WrongBoard(job.port, f"{board.name} has an {board.chip}, this is an {found.chip}")
    needed = max(board.flash.total_bytes, image.offset_bytes + len(image.data))
    if found.flash_bytes is not None and found.flash_bytes < needed:
        raise WrongBoard(
            job.port,
            f"{board.name} has {needed >> 20} MB of flash, this has {found.flash_bytes >> 20} MB",
        )


def _write(job: Job, path: Path, say: Say, asked: threading.Event) -> tuple[str, int, list[str]]:
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
        code, told = _run(job.port, words, bauds[0], heard, asked, _HALF)
        if code == 0 and _HASHED in told:
            return told, bauds[0], notes
        if _MISMATCH in told:
            raise NotAsWritten(job.port, ("its bytes",))
        gone = isinstance(why_closed(job.port), PortMissing)
        if not gone and not stub and _stub_fails(told):
            stub = ["--no-stub"]
            notes.append("the chip refused esptool's stub: written by its ROM alone")
        elif not gone and len(bauds) > 1:
            slow = bauds.pop(0)
            notes.append(f"{slow} baud failed ({_reason(job.port, told, code)}): slower")
        else:
            state = AS_BEFORE if "Writing at" not in told and not notes else _HALF
            raise FlashFailed(job.port, _reason(job.port, told, code), state)


def _run(
    port: str,
    words: list[str],
    baud: int,
    heard: Callable[[str], None],
    asked: threading.Event,
    state: str,
) -> tuple[int, str]:
    """Run esptool to its end: its status and what it printed."""
    _check_port(port)
    command = [sys.executable, "-m", "esptool", "--port", port, "--baud", str(baud), *words]
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # Ctrl-C is for us to act on
    )
    output = bytearray()
    last_s = [time.monotonic()]

    def read() -> None:
        assert process.stdout is not None
        while data := os.read(process.stdout.fileno(), _PIECE):
            last_s[0] = time.monotonic()
            output.extend(data)
            del output[:-_MOST_OUTPUT]
            heard(data.decode("utf-8", "replace"))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while reader.is_alive():
            reader.join(0.1)
            if asked.is_set():
                raise Interrupted(port, state)
            quiet_s = time.monotonic() - last_s[0]
            if quiet_s > _STUB_S and _stub_fails(output.decode("utf-8", "replace")):
                process.kill()
            if quiet_s > _QUIET_S:
                raise FlashFailed(port, f"esptool said nothing for {_QUIET_S:.0f} s", state)
        return process.wait(_QUIET_S), output.decode("utf-8", "replace")
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        reader.join()
        if process.stdout is not None:
            process.stdout.close()


def _stub_fails(told: str) -> bool:
    return _STUB_SENT in told and _STUB_RUNS not in told


def _check_port(port: str) -> None:
    """Raises PortMissing, PortDenied or PortBusy, which esptool says in many words."""
    until_s = time.monotonic() + _LET_GO_S
    while isinstance(error := why_closed(port), PortBusy) and time.monotonic() < until_s:
        time.sleep(0.1)  # whoever had it before may be closing it
    if isinstance(error, PortMissing | PortDenied | PortBusy):
        raise error


def _reason(port: str, told: str, code: int) -> str:
    """The one line of esptool's output that says what was wrong."""
    if isinstance(why_closed(port), PortMissing):
        return "the port is gone: cable or supply"
    lines = [line.strip() for line in told.splitlines()]
    for line in reversed(lines):
        if "rror" in line:
            plain = "".join(c for c in line if c.isprintable())
            return plain.rpartition("occurred: ")[2].partition(" (")[0][:200]
    return f"esptool ended with status {code}"
