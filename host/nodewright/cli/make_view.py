"""Making nodes, seen: one screen for all boards, or lines of JSON for a production line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn

from nodewright.cli.many_view import Bars, StepLines
from nodewright.cli.output import err, out, print_error
from nodewright.cli.validate_view import counts
from nodewright.make.job import STAGES

if TYPE_CHECKING:
    from nodewright.make.job import Made, Result, Step, Target


class Screen(Bars):
    """A line a board: its step, what is done in it, how far; then what became of it."""

    def __init__(self, targets: "Sequence[Target]") -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            TextColumn("{task.fields[stage]}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[what]}", markup=False),
            TimeElapsedColumn(),
        )
        self._tasks: dict[str, TaskID] = {
            target.node: self.progress.add_task(
                f"{target.node} at {target.where}", total=None, stage="waits", what=""
            )
            for target in targets
        }

    def say(self, target: "Target", step: "Step") -> None:
        number = STAGES.index(step.stage) + 1
        self.progress.update(
            self._tasks[target.node],
            stage=f"{number}/{len(STAGES)} {step.stage}",
            completed=step.done,
            total=step.total or None,
            what=step.what,
        )

    def done(self, result: "Result") -> None:
        good = result.made is not None and result.made.passed
        stage = "done" if good else "failed"
        self.progress.update(self._tasks[result.target.node], stage=stage, what="")

    def end(self, results: "list[Result]") -> None:
        """What became of each, for good: results to stdout, errors to stderr."""
        for result in results:
            if result.made is not None:
                _show(result.made)
        for result in results:
            if result.error is not None:
                several = f"{result.target.node}: " if len(results) > 1 else ""
                print_error(f"{several}{result.stage}: {result.error}")


class Lines(StepLines):
    """{"event": "step" | "made" | "failed", "node", "port", …}, a line each."""

    def say(self, target: "Target", step: "Step") -> None:
        self.step(target, step, {"what": step.what, "done": step.done, "total": step.total})

    def done(self, result: "Result") -> None:
        if result.made is not None:
            line = {"event": "made", **result.made.as_dict()}
        else:
            where = {"node": result.target.node, "port": result.target.port}
            what = {"stage": result.stage, "kind": type(result.error).__name__}
            line = {"event": "failed", **where, **what, "error": str(result.error)}
        self.write(line)

    def end(self, results: "list[Result]") -> None:
        pass


def _show(one: "Made") -> None:
    found = one.kept.validation
    verdict = "measures right" if one.passed else "does NOT measure right"
    console = out()
    line = (
        f"{one.target.node} at {one.target.where} {verdict}: {counts(found)}; {one.seconds:.1f} s"
    )
    console.print(line, markup=False, soft_wrap=True)
    for case in found.cases:
        if case.verdict in ("fail", "error"):
            line = f"  {case.case}: {case.reason or case.verdict}"
            console.print(line, markup=False, soft_wrap=True)
    path = one.folder / one.kept.certificate
    console.print(f"  certificate: {path}", markup=False, soft_wrap=True)
    for remark in one.kept.remarks:
        err().print(f"{one.target.node}: {remark}", markup=False, soft_wrap=True)
