"""All faults of one demo: one after the other, each apart from the rest, and what became of them.

Each node bears its own faults in their order; those of the whole fleet come when all nodes are
through with theirs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nodewright.demo.fault_case import Actions, Case
from nodewright.demo.fault_outage import OutageCase
from nodewright.demo.fault_reboot import RebootCase
from nodewright.demo.fault_sensor import SensorCase
from nodewright.demo.faults import Fault, Planned, assign, record_ms
from nodewright.demo.judge import Verdict
from nodewright.demo.plan import NodePlan
from nodewright.demo.tally import Key

KEEPALIVE_S = 3
# A broker takes a client for gone after 1.5 times the keepalive (MQTT 3.1.1, 3.1.2.10).
OUTAGES_S = {"broker": 2.5, "link": 1.5 * KEEPALIVE_S + 2.5}
_OTHERS_S = 60.0  # most that a fault from outside takes, until it is given up


class FaultRound:
    """The cases of one demo.  Pure: events and the time in; actions, lines and verdicts out."""

    def __init__(self, faults: Sequence[Fault], plans: Sequence[NodePlan]) -> None:
        """Shortens the keepalive in the plans' settings, so that a frozen link is seen soon.

        Raises BadInput where a fault has no node that fits it.
        """
        if any(fault.scope == "fleet" for fault in faults):
            for plan in plans:
                plan.settings["mqtt"]["keepalive_s"] = KEEPALIVE_S
        self._plans = {plan.name: plan for plan in plans}
        self.cases = [self._case(planned) for planned in assign(faults, plans)]
        self._spoiled: dict[tuple[str, Key], Case] = {}

    def _case(self, planned: Planned) -> Case:
        if planned.node is None:
            return OutageCase(planned, self._plans, OUTAGES_S[planned.fault.name])
        if planned.fault.scope == "node":
            samples: int = self._plans[planned.node].measured["samples"]
            return RebootCase(planned, samples)
        return SensorCase(planned, record_ms(self._plans[planned.node]))

    @property
    def over(self) -> bool:
        return all(case.over for case in self.cases)

    def schedule(self, node: str) -> list[dict[str, Any]]:
        """What the twins of a node do by themselves."""
        return [
            case.planned.schedule()
            for case in self.cases
            if case.fault.scope == "sensor" and case.node == node
        ]

    def restarts(self, node: str) -> int:
        """How often a node is made to start anew."""
        return sum(case.fault.scope == "node" and case.node == node for case in self.cases)

    def records(self, node: str) -> int:
        """How many records a node takes until its sensor's faults are over; 0 if it has none."""
        mine = [case.planned for case in self.cases if case.node == node]
        last = [plan.first + plan.fault.records for plan in mine if plan.fault.scope == "sensor"]
        return max(last) + 1 if last else 0

    def most_s(self) -> float:
        """Longest that all of them may take."""
        if not self.cases:
            return 0.0
        outside = sum(case.fault.scope != "sensor" for case in self.cases)
        plans = self._plans.values()
        interval_s: float = max(plan.interval_s for plan in plans)
        records = max(map(self.records, self._plans), default=0)
        return records * interval_s + outside * (_OTHERS_S + 2 * interval_s)

    def step(self, now_s: float, actions: Actions) -> None:
        """Let each case do what is due whose turn it is.  now_s: since the demo began."""
        for case in self.cases:
            case.now_s = now_s
        queues = [[case for case in self.cases if case.node == name] for name in self._plans]
        waiting = [next((case for case in queue if not case.over), None) for queue in queues]
        turns = [case for case in waiting if case is not None]
        if not turns:
            turns = [case for case in self.cases if not case.over][:1]
        for case in turns:
            case.step(actions)

    def on_console(self, node: str, event: str, facts: Mapping[str, str]) -> None:
        """A node printed an event."""
        for case in self.cases:
            if not case.over:
                case.on_console(node, event, facts)

    def on_message(self, node: str, kind: str, message: Mapping[str, Any]) -> None:
        """A message came over the broker; a report for the first time."""
        for case in self.cases:
            if case.over:
                continue
            if kind == "report":
                case.on_report(node, message)
                for key in case.spoiled:
                    self._spoiled.setdefault(key, case)
            elif kind == "health":
                case.on_health(node, message)
            elif kind == "status":
                case.on_status(node, message)

    def explain(self, node: str, key: Key, verdict: Verdict) -> Verdict:
        """The verdict on a report, where what it says is of a fault made on purpose."""
        case = self._spoiled.get((node, key))
        return verdict if case is None else verdict.explained(case.fault.title)

    def news(self) -> list[str]:
        """The lines since the last call."""
        lines = []
        for case in self.cases:
            lines += case.news
            case.news.clear()
        return lines

    def close(self) -> None:
        """The demo ends: what is not over now has failed."""
        for case in self.cases:
            case.give_up("the demo ended before it was over")

    @property
    def failures(self) -> list[str]:
        """Which faults were not survived, and why."""
        return [
            f"fault {case.fault.name} ({case.node}): {text}"
            for case in self.cases
            for text in case.failures or ([] if case.ok else ["not over"])
        ]

    def outcomes(self) -> list[dict[str, Any]]:
        """As JSON has them."""
        return [
            {
                "fault": case.fault.name,
                "title": case.fault.title,
                "node": case.planned.node,
                "clock": case.clock,
                "from": _seconds(case.began),
                "to": _seconds(case.ended),
                "said": list(case.said),
                "marked": case.marked,
                "recovered": case.recovered,
                "ok": case.ok,
                "failures": list(case.failures),
                "proof": case.proof(),
            }
            for case in self.cases
        ]


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
