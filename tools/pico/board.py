"""The emulated Pico as a process, and the twins at its buses.

What it needs lies outside the repository and is named by the environment (or given):

    PICO_UF2        a UF2 of MicroPython for the Pico
    PICO_BOOTROM    the RP2040's boot ROM, a module that exports bootromB1 (in rp2040js's demo)
    PICO_RP2040JS   a folder in which `npm install rp2040js` has been run
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from nodewright import boards
from nodewright.data import firmware_dir
from nodewright.image import pack

sys.path.insert(0, str(firmware_dir()))

from sim import wiring
from sim.world import World

EMULATOR = Path(__file__).parent / "emulator.mjs"
NEEDED = ("PICO_UF2", "PICO_BOOTROM", "PICO_RP2040JS")
BOARD = "pico"
LINE = 15


@dataclass(frozen=True)
class Tools:
    """What the emulator is made of."""

    node: str
    uf2: Path
    bootrom: Path
    rp2040js: Path


def find(environment: Mapping[str, str] = os.environ) -> Tools | str:
    """The emulator's parts, or what is missing, in one line."""
    node = shutil.which("node")
    if node is None:
        return "no emulated Pico: there is no `node` on the PATH"
    unset = [name for name in NEEDED if not environment.get(name)]
    if unset:
        return f"no emulated Pico: not set: {', '.join(unset)} (tools/pico/board.py says what)"
    uf2, bootrom, rp2040js = (Path(environment[name]) for name in NEEDED)
    for path in (uf2, bootrom, rp2040js / "node_modules" / "rp2040js"):
        if not path.exists():
            return f"no emulated Pico: there is no {path}"
    return Tools(node, uf2.resolve(), bootrom.resolve(), rp2040js.resolve())


@dataclass(frozen=True)
class Line:
    """A line of its console; busy_us: how long its buses had been taken by then."""

    us: int
    busy_us: float
    text: str


class PicoBoard:
    """Boots a file system with these files, /main.py among them; chips are twins at its buses.

    bus: as in a virtual board's description: I2C 0 at pins 4 and 5, SPI 0 at 16 to 19 (chip select
    17), or the 1-Wire line at pin 15.  open_file: as a World's, for sources of samples.
    """

    def __init__(
        self,
        tools: Tools,
        files: Mapping[str, bytes],
        bus: dict[str, Any],
        folder: Path,
        open_file: Callable[[str, str], Any] = open,
    ) -> None:
        hardware = boards.load(BOARD)
        self._files = contextlib.ExitStack()  # what the twins play, until it is left
        self._world = World(
            {},
            lambda path, mode: self._files.enter_context(
                contextlib.closing(open_file(path, mode))
            ),
        )
        built = wiring.build_buses({"buses": [bus]}, self._world)[0]
        self._chips: dict[Any, Any] = built["chips"]
        self._read: Callable[[], int] | None = None  # the next byte of the I2C read under way
        self._written = bytearray()
        self._chip: Any = None
        image = folder / "fs.img"
        image.write_bytes(pack(hardware, files))
        command = [tools.node, EMULATOR, tools.rp2040js, tools.bootrom, tools.uf2, image]
        self._process = subprocess.Popen(
            [*map(str, command), str(hardware.flash.fs_offset_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> "PicoBoard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with self._files:
            self._process.kill()
            self._process.communicate()

    def lines(self) -> Iterator[Line]:
        """What the board prints, line by line, for as long as it is listened to."""
        assert self._process.stdin is not None and self._process.stdout is not None
        text = ""
        for raw in self._process.stdout:
            letter, at, *more = raw.decode().rstrip("\n").split(" ", 2)
            self._world.advance_to(int(at))
            if letter == "o":
                busy, piece = more[0].split(" ", 1)
                *whole, text = (text + json.loads(piece)).split("\n")
                for line in whole:
                    yield Line(int(at), int(busy) / 1000, line.rstrip("\r"))
                continue
            answer = self._happens(letter, more[0] if more else "")
            if answer is not None:
                self._process.stdin.write(bytes((answer,)))
                self._process.stdin.flush()

    def _happens(self, letter: str, more: str) -> int | None:
        """What the twins do, and answer."""
        if letter == "x":
            into = bytearray(1)
            self._only().transfer(bytes((int(more),)), into)
            return into[0]
        if letter == "r":
            assert self._read is not None
            return self._read()
        if letter == "w":
            self._written.append(int(more))
        elif letter == "i":
            return self._address(*map(int, more.split()))
        elif letter == "p":
            self._stop()
        elif letter == "s":
            self._only().select()
        elif letter == "d":
            self._only().deselect()
        elif letter == "R":
            return int(self._only().reset())
        elif letter == "b":
            return int(self._only().slot(int(more)))
        return None

    def _only(self) -> Any:
        (chip,) = self._chips.values()
        return chip

    def _address(self, address: int, reads: int) -> int:
        self._chip = self._chips.get(address)
        if self._chip is not None and reads:
            if hasattr(self._chip, "next_byte"):
                self._chip.begin()
                self._read = self._chip.next_byte
            else:  # registers of two bytes, which nothing but reading them changes
                pair = bytearray(2)
                self._chip.read_into(pair)
                self._read = iter(pair).__next__
        return int(self._chip is not None)

    def _stop(self) -> None:
        if self._written:
            self._chip.write(bytes(self._written))
            self._written.clear()
        if self._read is not None:
            self._read = None
            if hasattr(self._chip, "next_byte"):
                self._chip.end()
