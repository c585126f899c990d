"""A validation, seen: how far it is, then a table of value, limit, margin, verdict."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from nodewright.cli.many_view import Bars
from nodewright.cli.output import err, out

if TYPE_CHECKING:
    from nodewright.validate.keep import Kept
    from nodewright.validate.result import CaseResult, Validation

_STYLES = {"pass": "green", "fail": "bold red", "error": "bold red", "skipped": "yellow"}


class Progress(Bars):
    """One bar on stderr, on a terminal only."""

    def __init__(self, node: str, turn: int, count: int, quiet: bool = False) -> None:
        super().__init__(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[case]}", markup=False),
            TimeElapsedColumn(),
            quiet=quiet,
        )
        which = f", {turn} of {count}" if count > 1 else ""
        self._task = self.progress.add_task(f"{node}{which}", total=None, case="starts")

    def say(self, case: str, done: int, total: int) -> None:
        self.progress.update(self._task, completed=done, total=total, case=case)


def show(one: "Validation") -> None:
    """The table, and below it what is wrong and what cures it."""
    table = Table("case", "value", "limit", "margin", "verdict", box=None, pad_edge=False)
    for case in one.cases:
        style = _STYLES[case.verdict]
        row = (case.case, _value(case), case.limit, _margin(case))
        table.add_row(*map(escape, row), f"[{style}]{case.verdict}[/]")
    console = out()
    console.print(table)
    for case in one.cases:
        if case.reason:
            console.print(f"{case.case}: {case.reason}", markup=False, soft_wrap=True)
    verdict = "measures right" if one.passed else "does NOT measure right"
    took = f"{one.seconds:.1f} s, seed {one.seed}"
    line = f"{one.node} of {one.fleet} {verdict}: {counts(one)}; {took}"
    console.print(line, markup=False, soft_wrap=True)


def counts(one: "Validation") -> str:
    """How many cases came out how."""
    verdicts = [case.verdict for case in one.cases]
    words = (
        *(("pass", "passed"), ("fail", "failed")),
        *(("error", "not carried out"), ("skipped", "skipped")),
    )
    told = [f"{verdicts.count(verdict)} {word}" for verdict, word in words if verdict in verdicts]
    return ", ".join(told)


def show_kept(kept: "Kept", folder: Path) -> None:
    out().print(f"certificate: {folder / kept.certificate}", markup=False, soft_wrap=True)
    for remark in kept.remarks:
        err().print(remark, markup=False, soft_wrap=True)


def _value(case: "CaseResult") -> str:
    if case.value is None:
        return ""
    text = case.value if isinstance(case.value, str) else f"{case.value:.6g}"
    return f"{text} {case.unit}".strip()


def _margin(case: "CaseResult") -> str:
    return "" if case.margin is None else f"{100 * case.margin:.0f} %"
