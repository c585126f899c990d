"""A fleet with nodes to flash, and virtual boards with next to nothing on them."""

import threading
from pathlib import Path
from typing import Any

from nodewright.flash.job import Job, Progress
from nodewright.fleet.secret import Secrets
from nodewright.image.node import ImageMaker, NodeImage
from nodewright.interpreter import find_interpreter
from nodewright.provision import provision
from nodewright.virtual import VirtualBoard
from system.identity_rig import make
from system.virtual_rig import board, image

BLOCKS = 212  # of a Pico W's file system
HEAP_BYTES = 400_000
# By asyncio, which really waits: a sleep would keep a core busy, and time on the board flies.
IDLE = """
import asyncio
print("nodewright: done")
async def idle():
    while True:
        await asyncio.sleep_ms(100)
asyncio.run(idle())
"""


def fleet(folder: Path, nodes: int = 2, *, secrets: bool = True) -> Path:
    """A fleet "north" whose nodes pump-1 … have an identity."""
    made = make(folder, nodes)
    held = Secrets(made)
    for index in range(1, nodes + 1):
        provision(made, f"pump-{index}", held)
    return made


def made_for_virtual(folder: Path, node: str = "pump-1") -> NodeImage:
    """The image of a node for a virtual board."""
    maker = ImageMaker(folder, Secrets(folder))
    return maker.make_virtual(node, find_interpreter().mpy_arch)


def bare(blocks: int = BLOCKS, files: dict[str, str] | None = None, **more: Any) -> VirtualBoard:
    """A board which runs a program that is nobody's."""
    return board(IDLE, flash=image({"main.py": IDLE, **(files or {})}, blocks), **more)


def job(made: NodeImage, port: str, **more: Any) -> Job:
    return Job(made, port, **{"boot_s": 20.0, **more})


class Heard:
    """What a programmer says meanwhile; asks it to stop once it has sent so much."""

    def __init__(self, stop_at_bytes: int | None = None) -> None:
        self.steps: list[Progress] = []
        self.asked = threading.Event()
        self._stop_at = stop_at_bytes

    def __call__(self, step: Progress) -> None:
        self.steps.append(step)
        if self._stop_at is not None and step.stage == "send" and step.done >= self._stop_at:
            self.asked.set()

    @property
    def stages(self) -> list[str]:
        return list(dict.fromkeys(step.stage for step in self.steps))
