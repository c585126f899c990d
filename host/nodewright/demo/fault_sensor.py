"""A fault of one node's sensor: each report under it must say so, and none after it."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from nodewright.demo.fault_case import Case, count_text, is_good, standing
from nodewright.demo.faults import Planned
from nodewright.demo.tally import Key


class SensorCase(Case):
    """A fault of one node's sensor, done by its twin at set times of the node."""

    clock = "node"
    _PATIENCE = 4  # reports after its end

    def __init__(self, planned: Planned, record_ms: float) -> None:
        super().__init__(planned)
        self.began, self.ended = planned.from_ms / 1000, planned.to_ms / 1000
        self._record_ms = record_ms
        self._names: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._before: dict[str, int] = {}  # what its health counted
        self._counts: dict[str, int] = {}
        self._since = 0

    def on_report(self, node: str, report: Mapping[str, Any]) -> None:
        """Is it under the fault: does it say so?  After it: is all good again?"""
        if node != self.planned.node or self.over or report["boot"] != 1:
            return
        begin_ms = report["uptime_ms"]
        if begin_ms + self._record_ms <= self.planned.from_ms:
            return
        if begin_ms < self.planned.to_ms:
            self._under(node, report)
        else:
            self._after(report)

    def on_health(self, node: str, health: Mapping[str, Any]) -> None:
        """Its own count of what it survived."""
        if node == self.planned.node and not self.over:
            self._counts = dict(health.get("errors") or {})
            if self.state == "waiting":
                self._before = self._counts

    def _under(self, node: str, report: Mapping[str, Any]) -> None:
        if self.state == "waiting":
            self.state = "under"
            self._tell(f"begins: {self.fault.title}")
        key: Key = (report["boot"], report["seq"])
        self.spoiled.add((node, key))
        names = [fault["fault"] for fault in report["faults"]]
        reasons, bare = standing(report)
        fit = [fault for fault in report["faults"] if fault["fault"] in self.fault.says]
        marks = {reason: reasons[reason] for reason in self.fault.marks if reasons[reason]}
        self._names.update(map(_fault_text, fit))
        self._reasons.update(marks)
        where = f"report {key[0]}:{key[1]}"
        if not fit and not marks:
            heard = ", ".join([*names, *reasons]) or "nothing"
            self._fail(f"{where} under it says {heard}")
        if bare and not fit:
            self._fail(f"{where} under it: {count_text(bare, 'value')} passed unmarked")
        if fit or marks:
            told = [
                *map(_fault_text, fit),
                *(f"{n} values {reason}" for reason, n in marks.items()),
            ]
            self._tell(f"{where} says {', '.join(told)}")
            self.marked += sum(marks.values())

    def _after(self, report: Mapping[str, Any]) -> None:
        where = f"{report['boot']}:{report['seq']}"
        if self.state != "after":
            self.state = "after"
            self._tell("ended")
            if len(self.spoiled) != self.fault.records:
                due = count_text(self.fault.records, "report")
                self._fail(f"{due} under it should have come, {len(self.spoiled)} did")
            self.said += [
                f"{name} in {count_text(n, 'report')}" for name, n in self._names.items()
            ]
            self.said += [f"{n} values marked {reason}" for reason, n in self._reasons.items()]
            new = {name: n - self._before.get(name, 0) for name, n in self._counts.items()}
            counted = [f"{name} {n}" for name, n in new.items() if n]
            if counted:
                self.said.append(f"health counts {', '.join(counted)}")
        self._since += 1
        if is_good(report):
            self.recovered = self._since
            self.said.append(f"measured again from {where}")
            self._end()
        elif self._since >= self._PATIENCE:
            self._fail(f"not good again {self._since} reports after its end")
            self._end()


def _fault_text(fault: Mapping[str, Any]) -> str:
    """A fault as the node names it, with its facts."""
    facts = [f"{key} {value}" for key, value in fault.items() if key not in ("sensor", "fault")]
    return f"{fault['fault']} ({', '.join(facts)})" if facts else str(fault["fault"])
