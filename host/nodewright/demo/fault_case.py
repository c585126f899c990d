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
            yield f"good again after {_count(self.recovered, 'report')}"

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
        self._counts: tuple[dict[str, int], dict[str, int]] = (
            {},
            {},
        )  # of its health: before, now
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
            self._fail(f"{where} under it: {_count(bare, 'value')} passed unmarked")
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
                due = _count(self.fault.records, "report")
                self._fail(f"{due} under it should have come, {len(self.spoiled)} did")
            self.said += [f"{name} in {_count(n, 'report')}" for name, n in self._names.items()]
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


class RebootCase(Case):
    """A node that starts anew: its reset pin pulled, or its supply cut."""

    _PATIENCE_S = 30.0

    def __init__(self, planned: Planned, samples: int) -> None:
        """samples: of a record."""
        super().__init__(planned)
        self._samples = samples
        self._good = ""
        self._cause = "power_on" if self.fault.name == "power" else "hard"
        self._boot = 0  # the last one heard of
        self._calm = False
        self._since = 0

    def step(self, actions: Actions) -> None:
        """Begin where a report has just been acknowledged: nothing of the node is on its way."""
        assert self.planned.node is not None
        if self.state == "waiting" and self._calm:
            self.state, self.began = "under", self.now_s
            self._tell(f"begins: {self.fault.title}")
            if self.fault.name == "power":
                actions.cut_power(self.planned.node)
            else:
                actions.reset(self.planned.node)
        elif self._good:
            if self.fault.name == "power":
                self._check_cut(*actions.cut_at(self.planned.node))
            self.said.append(f"measured again from {self._good}")
            self._end()
        elif self.began is not None and self.now_s - self.began > self._PATIENCE_S:
            self.give_up(f"no good report in {self._PATIENCE_S:g} s")

    def _check_cut(self, run: int, count: int) -> None:
        if 0 < count < self._samples:
            self._say(f"cut after {count} of {self._samples} samples of run {run}")
        else:
            self._fail(f"not cut in mid-record: {count} samples of run {run} had been read")

    def on_console(self, node: str, event: str, facts: Mapping[str, str]) -> None:
        """An acknowledgement to begin at; the boot that must follow."""
        if node != self.planned.node or self.over:
            return
        if event == "boot":
            self._on_boot(int(facts.get("boot", 0)), facts.get("reset", "no cause"))
        self._calm = event == "acked"

    def _on_boot(self, boot: int, cause: str) -> None:
        before, self._boot = self._boot, boot
        if self.state != "under":
            return
        self.state, self.ended = "after", self.now_s
        self._say(f"boot {boot} follows {before}, cause {cause}")
        if boot != before + 1:
            self._fail(f"boot {boot} cannot follow {before}")
        if cause != self._cause:
            self._fail(f"the cause is {cause}, not {self._cause}")

    def on_report(self, node: str, report: Mapping[str, Any]) -> None:
        """The first good one of the new boot ends it."""
        mine = node == self.planned.node and report["boot"] == self._boot
        if mine and self.state == "after" and not self._good:
            self._since += 1
            if is_good(report):
                self.recovered = self._since
                self._good = f"{report['boot']}:{report['seq']}"


class OutageCase(Case):
    """Broker or link gone for a while: every node must come back and bring what it measured."""

    _PATIENCE_S = 45.0

    def __init__(self, planned: Planned, nodes: Iterable[str], lasts_s: float) -> None:
        """nodes: names; lasts_s: how long it stays away."""
        super().__init__(planned)
        self._lasts_s = lasts_s
        self._nodes = list(nodes)
        self._connects: dict[str, int] = {}
        self._errors: dict[str, dict[str, int]] = {}
        self._owed: dict[str, set[Key]] = {name: set() for name in self._nodes}
        self._kept = 0  # reports measured meanwhile
        self._heard: set[str] = set()
        self._back: set[str] = set()
        self._told: set[str] = set()
        self._offline: set[str] = set()
        self._since: Counter[str] = Counter()

    def step(self, actions: Actions) -> None:
        """Begin, end when it has lasted long enough, and see whether all are back."""
        if self.state == "waiting" and self._heard.issuperset(self._nodes):
            self.state, self.began = "under", self.now_s
            self._tell(f"begins: {self.fault.title} for {self._lasts_s:g} s")
            actions.begin_outage(self.fault.name)
        elif self.state == "under" and self.began is not None:
            if self.now_s - self.began >= self._lasts_s:
                self.state, self.ended = "after", self.now_s
                self._tell(f"ended: {_count(self._kept, 'report')} measured meanwhile")
                actions.end_outage(self.fault.name)
        elif self.state == "after" and self.ended is not None:
            self._look(self.now_s - self.ended)

    def _look(self, since_s: float) -> None:
        owing = [name for name in self._nodes if self._owed[name]]
        waiting = [name for name in self._nodes if name not in self._back & self._told]
        if not owing and not waiting:
            self.recovered = max(self._since.values(), default=0)
            self.said.append(f"all {_count(self._kept, 'report')} measured meanwhile came")
            self._end()
        elif since_s > self._PATIENCE_S:
            for name in owing:
                self._fail(f"{name}: {_count(len(self._owed[name]), 'report')} did not come")
            for name in waiting:
                self._fail(f"{name} did not connect again, or did not say so")
            self._end()

    def on_console(self, node: str, event: str, facts: Mapping[str, str]) -> None:
        """Which reports it owes us, and whether it is back."""
        if self.state == "waiting" and event == "boot":
            self._connects[node] = 0
        if node not in self._owed or self.state in ("waiting", "over"):
            return
        if event == "report":
            if self.state == "under":
                self._kept += 1
                self._owed[node].add((int(facts["boot"]), int(facts["seq"])))
            else:
                self._since[node] += 1
        elif event == "connected" and self.state == "after" and node not in self._back:
            self._back.add(node)
            self._tell(f"{node} is connected again")

    def on_report(self, node: str, report: Mapping[str, Any]) -> None:
        """One less that it owes us."""
        self._heard.add(node)
        if node in self._owed:
            self._owed[node].discard((report["boot"], report["seq"]))

    def on_health(self, node: str, health: Mapping[str, Any]) -> None:
        """Its own count of connections and of what ended them."""
        errors = {
            name: count
            for name, count in (health.get("errors") or {}).items()
            if name.startswith("mqtt_")
        }
        connects = health.get("connects", 0)
        if self.state == "waiting":
            self._connects[node], self._errors[node] = connects, errors
        elif self.state == "after" and connects > self._connects.get(node, 0):
            self._on_reconnected(node, errors)

    def _on_reconnected(self, node: str, errors: Mapping[str, int]) -> None:
        if node not in self._owed or node in self._told:
            return
        self._told.add(node)
        before = self._errors.get(node, {})
        new = {name: n - before.get(name, 0) for name, n in errors.items()}
        causes = [f"{name} {n}" for name, n in new.items() if n]
        self._say(f"{node} reports {', '.join(causes) or 'no cause'}")

    def on_status(self, node: str, status: Mapping[str, Any]) -> None:
        """The broker speaks for a node that it misses."""
        offline = status.get("state") == "offline" and node in self._owed
        if self.state == "under" and offline and node not in self._offline:
            self._offline.add(node)
            self._tell(f"the broker says that {node} is offline")


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


def _fault_text(fault: Mapping[str, Any]) -> str:
    """A fault as the node names it, with its facts."""
    facts = [f"{key} {value}" for key, value in fault.items() if key not in ("sensor", "fault")]
    return f"{fault['fault']} ({', '.join(facts)})" if facts else str(fault["fault"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
