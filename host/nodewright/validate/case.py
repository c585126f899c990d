"""What a case is, and how its verdict is told: value, limit, margin, reason."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nodewright.errors import NodewrightError
from nodewright.validate.result import Verdict


class Skipped(NodewrightError):
    """A case cannot be carried out, and that is no fault of the node.  reason: why, and what would
    make it possible."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Found:
    """What a case found.  Fields as of result.CaseResult."""

    value: float | str | None
    unit: str
    limit: str
    margin: float | None
    verdict: Verdict
    reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """run: carries it out on the bench.  Raises Skipped, and whatever the board does."""

    name: str
    title: str
    run: Callable[[], Found]


def within(
    value: float,
    unit: str,
    least: float | None,
    most: float | None,
    reason: str,
    details: dict[str, Any] | None = None,
) -> Found:
    """A value between two limits, or beyond one of them; reason: for where it is not.

    margin: of two limits 1 in their middle, 0 at either; of one the share of it that is left.
    """
    ok = (least is None or value >= least) and (most is None or value <= most)
    ok = ok and math.isfinite(value)
    margin: float | None = None
    if not math.isfinite(value):
        return Found(str(value), unit, _limit(least, most), None, "fail", reason, details or {})
    if least is not None and most is not None:
        half = (most - least) / 2
        margin = min(value - least, most - value) / half if half else None
    elif most is not None:
        margin = (most - value) / abs(most) if most else None
    elif least is not None:
        margin = (value - least) / abs(least) if least else None
    verdict: Verdict = "pass" if ok else "fail"
    text = "" if ok else reason
    return Found(value, unit, _limit(least, most), margin, verdict, text, details or {})


def same(value: str, limit: str, reason: str, details: dict[str, Any] | None = None) -> Found:
    """A text that is to be another one; reason: for where it is not."""
    verdict: Verdict = "pass" if value == limit else "fail"
    text = "" if value == limit else reason
    return Found(value, "", limit, None, verdict, text, details or {})


def _limit(least: float | None, most: float | None) -> str:
    if least is None:
        return f"at most {most:.6g}"
    return f"at least {least:.6g}" if most is None else f"{least:.6g} to {most:.6g}"
