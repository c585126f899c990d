"""How far a result lies from its node's last ones, and from those of its kind: remarks alone.

Medians and median absolute deviations, which one bad node among ten does not move.  How much is
too much stands in history.toml.
"""

import statistics
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files

from nodewright.validate.result import CaseResult, Validation

_MAD_OF_NORMAL = 1.4826  # the standard deviation of a normal distribution by its MAD


@dataclass(frozen=True)
class Rule:
    """names: a pattern of cases; own_pct, kind_pct: of the median, what is nothing yet."""

    names: str
    own_pct: float
    kind_pct: float


@dataclass(frozen=True)
class Limits:
    """history.toml, as it is read."""

    own_results: int
    own_least: int
    kind_nodes: int
    kind_least: int
    kind_deviations: float
    rules: tuple[Rule, ...]
    repeated_margin: float

    def rule(self, case: str) -> Rule | None:
        return next((rule for rule in self.rules if fnmatchcase(case, rule.names)), None)


@cache
def limits() -> Limits:
    """Those of this nodewright."""
    text = (files("nodewright.validate") / "history.toml").read_text(encoding="utf-8")
    raw = tomllib.loads(text)
    return Limits(
        own_results=int(raw["own"]["results"]),
        own_least=int(raw["own"]["least"]),
        kind_nodes=int(raw["kind"]["nodes"]),
        kind_least=int(raw["kind"]["least"]),
        kind_deviations=float(raw["kind"]["deviations"]),
        rules=tuple(Rule(**row) for row in raw["cases"]),
        repeated_margin=float(raw["repeated"]["margin"]),
    )


def remarks(
    found: Validation, own: Sequence[Validation], others: Sequence[Validation]
) -> tuple[str, ...]:
    """What is odd about a validation beside earlier ones, a line each.

    own: of the same node, the newest first; others: the newest of each other node.
    """
    told = [*_changed(found, own), *_failed_before(found, own)]
    same = [one for one in own if _place(one) == _place(found) and _chip(one) == _chip(found)]
    kinds = [one for one in others if _place(one) == _place(found)]
    for case in found.cases:
        rule = limits().rule(case.case)
        value = _number(case)
        if rule is None or value is None:
            continue
        told += _beside_own(case, value, rule, _values(case.case, same))
        told += _beside_kind(case, value, rule, _of_kind(case.case, found, kinds))
    return tuple(told)


def chips(one: Validation) -> Mapping[str, str]:
    """The chip of each sensor, by its name: what its case of identity found."""
    suffix = ".identity"
    return {
        case.case.removesuffix(suffix): case.value
        for case in one.cases
        if case.case.endswith(suffix) and isinstance(case.value, str) and case.verdict == "pass"
    }


def _changed(found: Validation, own: Sequence[Validation]) -> Iterable[str]:
    if own and found.place == own[0].place and _chip(own[0]) != _chip(found):
        last = own[0].unique_id or "one without an id"
        yield f"another board than on {own[0].begun[:10]} (chip {last}): not compared with it"


def _failed_before(found: Validation, own: Sequence[Validation]) -> Iterable[str]:
    """What is good now and was not the last time: repaired, or a loose wire."""
    if not own:
        return
    bad = ("fail", "error")
    before = {case.case for case in own[0].cases if case.verdict in bad}
    mended = [c.case for c in found.cases if c.case in before and c.verdict == "pass"]
    if mended:
        some = ", ".join(mended[:4]) + (", …" if len(mended) > 4 else "")
        yield f"{some}: passed now, not so on {own[0].begun[:10]}"


def _beside_own(
    case: CaseResult, value: float, rule: Rule, before: Sequence[float]
) -> Iterable[str]:
    known = before[: limits().own_results]
    if len(known) < limits().own_least or not rule.own_pct:
        return
    median = statistics.median(known)
    off_pct = _off_pct(value, median)
    if abs(off_pct) > rule.own_pct:
        times = "once before" if len(known) == 1 else f"as median of the last {len(known)}"
        yield (f"{case.case}: {value:.4g} {case.unit}, {off_pct:+.0f} % from {median:.4g} {times}")


def _beside_kind(
    case: CaseResult, value: float, rule: Rule, others: Sequence[float]
) -> Iterable[str]:
    if len(others) < limits().kind_least or not rule.kind_pct:
        return
    median = statistics.median(others)
    mad = _MAD_OF_NORMAL * statistics.median(abs(other - median) for other in others)
    far = max(limits().kind_deviations * mad, rule.kind_pct / 100 * abs(median))
    if abs(value - median) > far:
        yield (
            f"{case.case}: {value:.4g} {case.unit}, while {len(others)} others of its kind have "
            f"{median:.4g} ± {mad:.2g}"
        )


def _of_kind(name: str, found: Validation, others: Sequence[Validation]) -> list[float]:
    """The same case of other nodes; of a sensor, whichever name it has there, by its chip."""
    sensor, _, rest = name.partition(".")
    chip = chips(found).get(sensor)
    values: list[float] = []
    for other in others[: limits().kind_nodes]:
        there = [sensor]
        if chip is not None:
            there = [at for at, its in chips(other).items() if its == chip]
        for at in there:
            values += _values(f"{at}.{rest}", [other])
    return values


def _values(name: str, among: Iterable[Validation]) -> list[float]:
    """What a case measured where it passed."""
    found = (case for one in among for case in one.cases if case.case == name)
    numbers = (_number(case) for case in found if case.verdict == "pass")
    return [number for number in numbers if number is not None]


def _number(case: CaseResult) -> float | None:
    value = case.value
    return None if value is None or isinstance(value, str) else float(value)


def _off_pct(value: float, median: float) -> float:
    if not median:
        return 0.0 if not value else float("inf")
    return 100 * (value - median) / abs(median)


def _place(one: Validation) -> tuple[str, str]:
    return one.place, one.board


def _chip(one: Validation) -> str:
    return one.unique_id
