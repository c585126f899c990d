"""Where a machine's spectrum may show lines, as far as that is known."""

from collections.abc import Mapping, Sequence
from typing import Any

from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.judge import Point
from nodewright.demo.plan import NodePlan
from nodewright.page.model import Mark

_HARMONICS = (1, 2, 3)


def marks_of(
    plan: NodePlan, about: Mapping[str, Any], points: Sequence[Point]
) -> tuple[Mark, ...]:
    """The shaft's orders and the lines of parts; in the order in which labels get room.

    Of a recording nothing is known but what settings or the node's own estimate say.
    """
    if isinstance(plan, DrivePlan):
        return ()  # a current's lines are those of the mains
    speed_hz = _speed_hz(plan, about, points)
    if speed_hz is None:
        return ()
    parts = plan.machine.lines if about["kind"] == "machines" else ()
    marks = []
    for harmonic in _HARMONICS:
        for name, order in parts:
            # Whole orders keep to their first: the others are the shaft's, too.
            if harmonic == 1 or order != int(order):
                label = name if harmonic == 1 else f"{harmonic}×{name}"
                marks.append(Mark(label, harmonic * order * speed_hz, "part", harmonic == 1))
        marks.append(Mark(f"{harmonic}×", harmonic * speed_hz, "shaft"))
    return tuple(marks)


def _speed_hz(plan: NodePlan, about: Mapping[str, Any], points: Sequence[Point]) -> float | None:
    given: float | None = plan.sensor.get("shaft_hz")
    if given:
        return given
    if about["kind"] == "machines":
        return plan.machine.speed_hz
    estimates = [p.value for p in points if p.feature == "shaft_hz" and p.value]
    return estimates[0] if estimates else None
