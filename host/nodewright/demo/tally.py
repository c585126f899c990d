"""What one node of a demo sent, by its own console, beside what came over the broker."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nodewright.demo.judge import Point, Verdict
from nodewright.demo.plan import NodePlan

Key = tuple[int, int]  # boot, seq


@dataclass
class Tally:
    """The account of one node: its first `cycles` reports, and no more.

    The node goes on measuring until it is stopped; what it begins after those does not count, for
    it may be on its way at the end.  restarts: how often it is made to start anew on purpose; what
    it had not seen acknowledged then may be gone with its memory, and is not lost on the way.
    story: what its machine was seen to do, where that is judged, too.
    """

    plan: NodePlan
    cycles: int
    boots: list[int] = field(default_factory=list)
    sent: list[Key] = field(default_factory=list)
    verdicts: dict[Key, Verdict] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    version: str = ""
    restarts: int = 0
    acked: set[Key] = field(default_factory=set)
    story: list[str] = field(default_factory=list)
    _copies: dict[Key, int] = field(default_factory=dict)

    def on_console(self, event: str, facts: Mapping[str, str]) -> None:
        """Take in one event of the node's serial port; what cannot be read is a fault."""
        try:
            if event == "boot":
                self.boots.append(int(facts["boot"]))
                self.version = facts.get("version", "")
            elif event == "report" and len(self.sent) < self.cycles:
                self.sent.append((int(facts["boot"]), int(facts["seq"])))
            elif event == "acked":
                self.acked.add((int(facts["boot"]), int(facts["seq"])))
        except (KeyError, ValueError):
            self.faults.append(f"console: {event} {dict(facts)} cannot be read")
            return
        if event in ("settings", "crash", "stuck"):
            self.faults.append(" ".join([event, *(f"{k}={v}" for k, v in facts.items())]))

    def on_report(self, report: Mapping[str, Any]) -> bool:
        """Count one report off the wire.  Returns True where it is new and needs a verdict."""
        key = (report["boot"], report["seq"])
        self._copies[key] = self._copies.get(key, 0) + 1
        return self._copies[key] == 1

    def on_verdict(self, report: Mapping[str, Any], verdict: Verdict) -> None:
        """Keep the verdict of a report."""
        self.verdicts[report["boot"], report["seq"]] = verdict

    @property
    def booted(self) -> bool:
        return bool(self.boots)

    @property
    def refuses(self) -> bool:
        """True for a node that says why it will not start, and waits for somebody to mend it."""
        return not self.boots and bool(self.faults)

    @property
    def received(self) -> int:
        return sum(key in self._copies for key in self.sent)

    @property
    def destroyed(self) -> list[Key]:
        """Reports that were still in its memory when it was made to start anew."""
        if not self.restarts:
            return []
        last = max(self.boots, default=0)
        return [
            key
            for key in self.sent
            if key[0] < last and key not in self.acked and key not in self._copies
        ]

    @property
    def lost(self) -> int:
        return len(self.sent) - self.received - len(self.destroyed)

    @property
    def duplicates(self) -> int:
        return sum(self._copies.get(key, 1) - 1 for key in self.sent)

    @property
    def complete(self) -> bool:
        """True when all its reports were sent and came."""
        known = self.verdicts.keys() | set(self.destroyed)
        return len(self.sent) >= self.cycles and all(key in known for key in self.sent)

    @property
    def points(self) -> list[Point]:
        """Every value of the reports that count, in the order sent."""
        return [
            point
            for key in self.sent
            if key in self.verdicts
            for point in self.verdicts[key].points
        ]

    @property
    def marked(self) -> Counter[str]:
        """How many values of the reports that count bear which reason that spoils them."""
        found: Counter[str] = Counter()
        for key in self.sent:
            if key in self.verdicts:
                found.update(self.verdicts[key].marked)
        return found

    @property
    def notes(self) -> list[str]:
        """What the reports said of their own records."""
        return [
            text for key in self.sent if key in self.verdicts for text in self.verdicts[key].notes
        ]

    @property
    def failures(self) -> list[str]:
        """Why this node did not pass; [] where it did."""
        if not self.booted:
            return ["did not boot", *self.faults]
        found = list(self.faults)
        if len(self.boots) > 1 + self.restarts:
            found.append(f"booted {len(self.boots)} times")
        if len(self.sent) < self.cycles:
            found.append(f"sent {len(self.sent)} of {self.cycles} reports")
        found += [f"report {boot}:{seq} was lost" for boot, seq in self._missing()]
        found += [
            f"report {boot}:{seq} came, but the node did not send it"
            for boot, seq in self._foreign()
        ]
        for key in self.sent:
            if key in self.verdicts:
                found += self.verdicts[key].failures
        bad = [point for point in self.points if not point.ok]
        found += [_point_text(point) for point in bad[:3]]
        if len(bad) > 3:
            found.append(f"{len(bad) - 3} more values out of tolerance")
        return found

    def _missing(self) -> list[Key]:
        gone = self.destroyed
        return [key for key in self.sent if key not in self._copies and key not in gone]

    def _foreign(self) -> list[Key]:
        """What came under the node's name from before its last counted report, unsent by it."""
        if not self.sent:
            return list(self._copies)
        sent, last = set(self.sent), max(self.sent)
        return [key for key in self._copies if key not in sent and key < last]


def _point_text(point: Point) -> str:
    where = f"report {point.boot}:{point.seq}: {point.feature} of {point.channel}"
    if point.value is None:
        return f"{where} is missing ({point.withheld or 'no reason given'})"
    if point.reference is None:
        return f"{where} is {point.value:g}, the reference withholds it"
    return (
        f"{where} is {point.value:g}, the reference {point.reference:g}, "
        f"off by more than {point.tolerance:.2g}"
    )
