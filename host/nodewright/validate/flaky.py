"""Repeated validations of one node: which cases come out otherwise from run to run."""

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nodewright.validate import drift
from nodewright.validate.result import CaseResult, Validation


@dataclass(frozen=True)
class Repeated:
    """A case over all runs.

    verdicts: how often each; least, median, most: of its values, None without numbers; flaky:
    more than one verdict; unsteady: one verdict, but a value that wanders.
    """

    case: str
    verdicts: dict[str, int]
    unit: str
    least: float | None
    median: float | None
    most: float | None
    flaky: bool
    unsteady: bool

    def __str__(self) -> str:
        counts = ", ".join(f"{many} {verdict}" for verdict, many in self.verdicts.items())
        spread = ""
        if self.least is not None and self.most is not None:
            unit = f" {self.unit}" if self.unit else ""
            spread = f"; {self.least:.4g} to {self.most:.4g}{unit}"
        what = "flaky" if self.flaky else "unsteady" if self.unsteady else "steady"
        return f"{self.case} is {what}: {counts}{spread}"


@dataclass(frozen=True)
class Flakiness:
    """Of count runs; passed: of how many the node itself passed."""

    count: int
    passed: int
    cases: tuple[Repeated, ...]

    @property
    def odd(self) -> tuple[Repeated, ...]:
        """Those that do not come out the same, the flaky ones first."""
        return tuple(
            sorted((c for c in self.cases if c.flaky or c.unsteady), key=lambda c: not c.flaky)
        )

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def judge(validations: Sequence[Validation]) -> Flakiness:
    """All runs of one node; a case that some of them lack is judged by the others."""
    names = dict.fromkeys(case.case for one in validations for case in one.cases)
    rows = []
    for name in names:
        found = [case for one in validations for case in one.cases if case.case == name]
        rows.append(_judge(name, found))
    passed = sum(one.passed for one in validations)
    return Flakiness(len(validations), passed, tuple(rows))


def _judge(name: str, found: Sequence[CaseResult]) -> Repeated:
    verdicts: Counter[str] = Counter(case.verdict for case in found)
    values = [
        float(case.value)
        for case in found
        if case.value is not None and not isinstance(case.value, str)
    ]
    words = {case.value for case in found if isinstance(case.value, str)}
    margins = [case.margin for case in found if case.margin is not None]
    wanders = bool(margins) and max(margins) - min(margins) > drift.limits().repeated_margin
    # Where there is a limit without a share of it (at most 0), any other value is another result.
    if not margins and len(words) < 2:
        wanders = len(set(values)) > 1
    return Repeated(
        case=name,
        verdicts=dict(verdicts),
        unit=found[0].unit,
        least=min(values, default=None),
        median=statistics.median(values) if values else None,
        most=max(values, default=None),
        flaky=len(verdicts) > 1,
        unsteady=len(verdicts) == 1 and (wanders or len(words) > 1),
    )


def worst(validations: Sequence[Validation]) -> Validation:
    """The one that a certificate shows: the first that failed, else the last."""
    return next((one for one in validations if not one.passed), validations[-1])
