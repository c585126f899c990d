"""Which programmer serves a port: what answers there decides, unless the user has."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nodewright.flash import esp, facts, raw_repl, uf2_drive
from nodewright.flash.job import Bind, Job, Outcome, Progress, Say
from nodewright.flash.judge import judge_node
from nodewright.link.errors import BoardSilent
from nodewright.link.repl import Repl

if TYPE_CHECKING:
    from nodewright.image.node import NodeImage

By = Literal["auto", "repl", "uf2", "esp"]
_ASK_S, _ASK_SILENT_S = 4.0, 0.5  # most boards are in their boot loader by then, and silent
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

    def job(self, image: "NodeImage", bind: Bind | None) -> Job:
        return Job(image, self.port, self.force, self.clean, self.boot_s, self.baud, bind)


def flash(
    target: Target, make: Make, say: Say, asked: threading.Event, bind: Bind | None = None
) -> Outcome:
    """Make the board at a port the node.

    bind: what binds a node whose chip is open to that of the board.  Raises as programmers do,
    and as `make`.
    """
    drive = uf2_drive.drive_at(Path(target.port))
    if drive is not None:
        return uf2_drive.program(target.job(make(target.node, False), bind), say, asked, drive)
    if target.by in ("auto", "repl"):
        say(Progress("connect"))
        try:
            with Repl(target.port) as repl:
                found = facts.read(repl)
                job = target.job(make(target.node, found.virtual), bind)
                return raw_repl.program(job, say, asked, repl, found)
        except BoardSilent:
            if target.by == "repl" or asked.is_set():
                raise
            job = target.job(make(target.node, False), bind)
            if job.image.board.programmer == "virtual":
                raise
    else:
        job = target.job(make(target.node, False), bind)
    by = target.by if target.by != "auto" else job.image.board.programmer
    if by == "uf2":
        return uf2_drive.program(job, say, asked)
    if target.by == "esp" and not target.force:
        _ask_whose(job, say)
    return esp.program(job, say, asked)


def _ask_whose(job: Job, say: Say) -> None:
    """A boot loader knows no node: the MicroPython that it would overwrite is asked, if one is
    there.  Raises OtherNode, and the errors of ports."""
    say(Progress("connect"))
    with suppress(BoardSilent), Repl(job.port, answer_s=_ASK_S, silent_s=_ASK_SILENT_S) as repl:
        judge_node(job, facts.read(repl))
