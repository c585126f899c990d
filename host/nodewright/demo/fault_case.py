"""What becomes of one fault of a demo: begun, reported, ended, recovered; or why not.

State machines over what nodes say, without clock, network or thread: whoever runs them hands in
events and the time, and does what they ask for through `Actions`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol

from nodewright.demo.faults import Planned
from nodewright.demo.judge import SPOILED
from nodewright.demo.tally import Key

State = Literal["waiting", "under", "after", "over"]


class Actions(Protocol):
    """What can be done to a demo from outside."""

    def reset(self, node: str) -> None:
        """Pull the reset pin."""

    def cut_power(self, node: str) -> None:
        """Take the supply away in the middle of the node's next record, and give it back."""

    def cut_at(self, node: str) -> tuple[int, int]:
        """(run, samples of it that had been read) when the supply went; (0, 0) for none."""

    def begin_outage(self, name: str) -> None:
        """Kill the broker, or freeze the link: as the fault's name says."""

    def end_outage(self, name: str) -> None:
        """The broker is back on its port, or the link forwards again."""


class Case:
    """One fault on its way from `waiting` to `over`.

    now_s: since the demo began, kept right by whoever runs it; began, ended: seconds of `clock`;
    recovered: after how many reports it was good again; said: how the node
    reported it; failures: what was not as it should be; news: lines that nobody has taken yet.
    """

    clock: Literal["node", "host"] = "host"

    def __init__(self, planned: Planned) -> None:
        self.planned = planned
        self.fault = planned.fault
        self.now_s = 0.0
        self.state: State = "waiting"
        self.began: float | None = None
        self.ended: float | None = None
        self.recovered: int | None = None
        self.said: list[str] = []
        self.failures: list[str] = []
        self.spoiled: set[tuple[str, Key]] = set()  # reports that it explains
        self.marked = 0  # values that bear the mark of it
        self.news: list[str] = []

    @property
    def over(self) -> bool:
        return self.state == "over"

    @property
    def ok(self) -> bool:
        return self.over and self.recovered is not None and not self.failures

    @property
    def node(self) -> str:
        return self.planned.node or "all"

    def step(self, actions: Actions) -> None:
        """Do what is due.  Called only while the faults before it are over."""

    def on_console(self, node: str, event: str, facts: Mapping[str, str]) -> None:
        """A node printed an event."""

    def on_report(self, node: str, report: Mapping[str, Any]) -> None:
        """A report came, for the first time."""

    def on_health(self, node: str, health: Mapping[str, Any]) -> None:
        """A node told its condition."""

    def on_status(self, node: str, status: Mapping[str, Any]) -> None:
        """A node, or its will, told its state."""

    def give_up(self, why: str) -> None:
        """The demo ends before it is over."""
        if not self.over:
            self._fail(why)
            self._end()

    def proof(self) -> str:
        """Why one may believe that it was survived, or why it was not."""
        return "; ".join(self.failures or [*self.said, *self._recovery()])

    def _recovery(self) -> Iterable[str]:
        if self.recovered is not None:
            yield f"good again after {count_text(self.recovered, 'report')}"

    def _say(self, text: str) -> None:
        self.said.append(text)
        self._tell(text)

    def _fail(self, text: str) -> None:
        self.failures.append(text)
        self._tell(text)

    def _tell(self, text: str) -> None:
        self.news.append(f"fault {self.fault.name} ({self.node}): {text}")

    def _end(self) -> None:
        self.state = "over"
        end = "survived" if self.ok else "not survived"
        self._tell(end + (f", {self._last_word()}" if self.ok else ""))

    def _last_word(self) -> str:
        return "; ".join(self._recovery())


def standing(report: Mapping[str, Any]) -> tuple[Counter[str], int]:
    """(how many values bear which reason, withheld or marked; how many bear none)."""
    reasons: Counter[str] = Counter()
    bare = 0
    for channel, values in report["channels"].items():
        marked = report["marked"].get(channel, {})
        reasons.update(marked.values())
        bare += sum(key not in marked for key in values)
    for withheld in report["withheld"].values():
        reasons.update(withheld.values())
    return reasons, bare


def is_good(report: Mapping[str, Any]) -> bool:
    """True for a report of a record that is valid, without a fault and without a spoiled value."""
    if report["faults"] or report["record"] is None or not report["record"]["valid"]:
        return False
    reasons, _ = standing(report)
    return not any(reasons[reason] for reason in SPOILED)


def count_text(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
