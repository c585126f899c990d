"""Flashing, seen: one screen for all boards, or lines of JSON for a production line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.progress import BarColumn, TaskID, TextColumn

from nodewright.cli.many_view import Bars, StepLines
from nodewright.cli.output import err, out, print_error
from nodewright.flash.several import Result, Speed

if TYPE_CHECKING:
    from nodewright.flash.choose import Target
    from nodewright.flash.job import Outcome
    from nodewright.flash.job import Progress as Step


class Screen(Bars):
    """A line a board: its stage, how far, how fast, how long still; then what became of it."""

    def __init__(self, targets: "Sequence[Target]") -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[stage]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[rate]}", markup=False),
        )
        self._tasks: dict[str, TaskID] = {
            target.port: self.progress.add_task(
                f"{target.node} at {target.port}", total=None, stage="waits", rate=""
            )
            for target in targets
        }
        self._speeds = {target.port: Speed() for target in targets}

    def say(self, target: "Target", step: "Step") -> None:
        rate, left_s = self._speeds[target.port].of(step)
        told = "" if rate is None else f"{rate / 1000:.0f} kB/s, {left_s:.0f} s left"
        self.progress.update(
            self._tasks[target.port],
            stage=step.stage,
            completed=step.done,
            total=step.total or None,
            rate=told,
        )

    def done(self, result: Result) -> None:
        stage = "done" if result.outcome is not None else "failed"
        self.progress.update(self._tasks[result.target.port], stage=stage, rate="")

    def end(self, results: list[Result]) -> None:
        """What became of each, for good: results to stdout, errors to stderr."""
        for result in results:
            if result.outcome is not None:
                _show(result.outcome)
        for result in results:
            if result.error is not None:
                several = f"{result.target.node}: " if len(results) > 1 else ""
                print_error(several + str(result.error))


class Lines(StepLines):
    """{"event": "step" | "done" | "failed", "node", "port", …}, a line each."""

    def say(self, target: "Target", step: "Step") -> None:
        self.step(target, step, {"done_bytes": step.done, "total_bytes": step.total})

    def done(self, result: Result) -> None:
        where = {"node": result.target.node, "port": result.target.port}
        if result.outcome is not None:
            line = {"event": "done", **result.outcome.as_dict()}
        else:
            kind = type(result.error).__name__
            line = {"event": "failed", **where, "kind": kind, "error": str(result.error)}
        self.write(line)

    def end(self, results: list[Result]) -> None:
        pass


def _show(one: "Outcome") -> None:
    what = f"{one.sent_bytes / 1000:.0f} of {one.total_bytes / 1000:.0f} kB sent"
    if not one.sent_bytes:
        what = "nothing had changed"
    took = f"{one.seconds:.1f} s"
    if one.wire_s is not None:
        took += f" (its line alone: {one.wire_s:.1f} s)"
    boot = "" if one.boot is None else f"; started, boot {one.boot}"
    line = f"{one.node} at {one.port}: {what} by {one.by} in {took}, read back{boot}"
    out().print(line, markup=False, soft_wrap=True)
    for note in one.notes:
        err().print(f"{one.node}: {note}", markup=False, soft_wrap=True)
