"""Which programmer serves a port: what answers there decides, unless the user has."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nodewright.flash import esp, facts, raw_repl, uf2_drive
from nodewright.flash.job import Job, Outcome, Progress, Say
from nodewright.link.errors import BoardSilent
from nodewright.link.repl import Repl

if TYPE_CHECKING:
    from nodewright.image.node import NodeImage

By = Literal["auto", "repl", "uf2", "esp"]
Make = Callable[[str, bool], "NodeImage"]  # of a node; for a virtual board?


@dataclass(frozen=True)
class Target:
    """A node for a port, or for the drive of a boot loader.  The rest: see `Job`."""

    node: str
    port: str
    by: By = "auto"
    force: bool = False
    clean: bool = False
    boot_s: float = 30.0
    baud: int = 460_800

    def job(self, image: "NodeImage") -> Job:
        return Job(image, self.port, self.force, self.clean, self.boot_s, self.baud)


def flash(target: Target, make: Make, say: Say, asked: threading.Event) -> Outcome:
    """Make the board at a port the node.  Raises as programmers do, and as `make`."""
    drive = uf2_drive.drive_at(Path(target.port))
    if drive is not None:
        return uf2_drive.program(target.job(make(target.node, False)), say, asked, drive)
    if target.by in ("auto", "repl"):
        say(Progress("connect"))
        try:
            with Repl(target.port) as repl:
                found = facts.read(repl)
                job = target.job(make(target.node, found.virtual))
                return raw_repl.program(job, say, asked, repl, found)
        except BoardSilent:
            if target.by == "repl" or asked.is_set():
                raise
            job = target.job(make(target.node, False))
            if job.image.board.programmer == "virtual":
                raise
    else:
        job = target.job(make(target.node, False))
    by = target.by if target.by != "auto" else job.image.board.programmer
    if by == "uf2":
        return uf2_drive.program(job, say, asked)
    return esp.program(job, say, asked)
