"""Empty boards on a bench, with twins of a node's sensors that lie still."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from nodewright import boards, twins
from nodewright.fleet.load import FILE
from nodewright.fleet.secret import Secrets
from nodewright.image.files import SETTINGS
from nodewright.image.filesystem import pack
from nodewright.image.node import ImageMaker, NodeImage
from nodewright.image.whole import assemble
from nodewright.interpreter import find_interpreter
from nodewright.make.job import Options, Result, Step, Target
from nodewright.make.node import Maker
from nodewright.make.several import run
from nodewright.validate.bench_virtual import _STILL
from nodewright.virtual import VirtualBoard
from system import identity_rig
from system.flash_rig import BLOCKS, IDLE
from system.uf2_drive_twin import Uf2DriveTwin
from system.virtual_rig import board, image


def fleet(folder: Path, port: int, nodes: int = 2) -> Path:
    """A fleet "north" with nodes pump-1 and so on, whose plain broker is on loopback."""
    made = identity_rig.make(folder, nodes)
    text = (made / FILE).read_text(encoding="utf-8")
    assert text.count("port = 1883") == 1
    text = text.replace("port = 1883", f"port = {port}").replace('"10s"', '"2s"')
    (made / FILE).write_text(text, encoding="utf-8")
    return made


Change = Callable[[dict[str, Any]], None]


def image_of(folder: Path, node: str) -> Any:
    """Of a node, for the boards of these tests."""
    maker = ImageMaker(folder, Secrets(folder), identity=False)
    return maker.make_virtual(node, find_interpreter().mpy_arch)


def at_port(
    folder: Path,
    node: str,
    chip: str,
    change: Change = lambda _world: None,
    flash: bytes | None = None,
) -> VirtualBoard:
    """A board for a node: its sensors, a chip's id, and a program that is nobody's on it.

    change: of the description of its world; flash: what is on it in place of that program.
    """
    made = image_of(folder, node)
    world = twins.around(json.loads(made.files[SETTINGS]), "pump")
    for bus in world["buses"]:
        for found in bus["chips"]:
            if isinstance(found.get("source"), dict) and found["source"]["kind"] == "machine":
                found["source"]["machine"] |= _STILL
    change(world)
    return board(
        IDLE,
        flash=flash or image({"main.py": IDLE}, BLOCKS),
        heap_bytes=made.board.heap_bytes,
        **{**world, "name": node, "unique_id": chip},
    )


class Heard:
    """What is said of each node; asks all to stop at a stage of one."""

    def __init__(self, stop: Callable[[Target, Step], bool] = lambda _t, _s: False) -> None:
        self.steps: dict[str, list[Step]] = {}
        self.results: list[Result] = []
        self.asked = threading.Event()
        self._stop = stop

    def say(self, target: Target, step: Step) -> None:
        self.steps.setdefault(target.node, []).append(step)
        if self._stop(target, step):
            self.asked.set()

    def stages(self, node: str) -> list[str]:
        return list(dict.fromkeys(step.stage for step in self.steps[node]))


def make(
    folder: Path, targets: list[Target], heard: Heard | None = None, **options: Any
) -> list[Result]:
    """Make them, as the command does."""
    said = heard or Heard()
    maker = Maker(folder, Secrets(folder), Options(**{"boot_s": 20.0, **options}))
    return run(targets, maker, said.say, said.asked, said.results.append)


class AtDrive:
    """A Pico W whose boot loader's drive is open; what is written boots, with its sensors.

    port: of USB, None while the drive is there.
    """

    def __init__(self, folder: Path, drives: Path, node: str, chip: str) -> None:
        self._made = (folder, node, chip)
        self.drive = Uf2DriveTwin(drives, on_restart=self._restart)
        self._board: VirtualBoard | None = None

    @property
    def port(self) -> str | None:
        return None if self._board is None else self._board.port

    def __enter__(self) -> Self:
        self.drive.__enter__()
        return self

    def __exit__(self, *_what: object) -> None:
        self.drive.__exit__()
        if self._board is not None:
            self._board.stop()

    def _restart(self) -> None:
        place = boards.load("pico_w").flash
        begin = place.fs_offset_bytes
        flash = bytes(self.drive.flash[begin : begin + place.fs_bytes])
        booted = at_port(*self._made, flash=flash)
        booted.start()
        self._board = booted


def on_pico_w(made: NodeImage) -> NodeImage:
    """An image for a virtual board, as the UF2 of a Pico W."""
    hardware = boards.load("pico_w")
    data = pack(hardware, made.files)
    flash = assemble(hardware, data, runtime=None)
    return replace(made, board=hardware, file_system=data, flash=flash)
