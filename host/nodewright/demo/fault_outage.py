"""Broker or link away for a while: all come back, and what they measured meanwhile comes too."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from nodewright.demo.fault_case import Actions, Case, count_text
from nodewright.demo.faults import Planned
from nodewright.demo.tally import Key


class OutageCase(Case):
    """Broker or link gone for a while: every node must come back and bring what it measured."""

    _PATIENCE_S = 45.0

    def __init__(self, planned: Planned, nodes: Iterable[str], lasts_s: float) -> None:
        """nodes: names; lasts_s: how long it stays away."""
        super().__init__(planned)
        self.lasts_s = lasts_s
        self._nodes = list(nodes)
        self._connects: dict[str, int] = {}
        self._errors: dict[str, dict[str, int]] = {}
        self._owed: dict[str, set[Key]] = {name: set() for name in self._nodes}
        self._came: dict[str, set[Key]] = {name: set() for name in self._nodes}
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
            self._tell(f"begins: {self.fault.title} for {self.lasts_s:g} s")
            actions.begin_outage(self.fault.name)
        elif self.state == "under" and self.began is not None:
            if self.now_s - self.began >= self.lasts_s:
                self.state, self.ended = "after", self.now_s
                self._tell(f"ended: {count_text(self._kept, 'report')} measured meanwhile")
                actions.end_outage(self.fault.name)
        elif self.state == "after" and self.ended is not None:
            self._look(self.now_s - self.ended)

    def _look(self, since_s: float) -> None:
        owing = [name for name in self._nodes if self._owed[name]]
        waiting = [name for name in self._nodes if name not in self._back & self._told]
        if not owing and not waiting:
            self.recovered = max(self._since.values(), default=0)
            self.said.append(f"all {count_text(self._kept, 'report')} measured meanwhile came")
            self._end()
        elif since_s > self._PATIENCE_S:
            for name in owing:
                self._fail(f"{name}: {count_text(len(self._owed[name]), 'report')} did not come")
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
                key = int(facts["boot"]), int(facts["seq"])
                # A console that is read late tells of reports that the broker has brought already.
                if key not in self._came[node]:
                    self._kept += 1
                    self._owed[node].add(key)
            else:
                self._since[node] += 1
        elif event == "connected" and self.state == "after" and node not in self._back:
            self._back.add(node)
            self._tell(f"{node} is connected again")

    def on_report(self, node: str, report: Mapping[str, Any]) -> None:
        """One less that it owes us."""
        self._heard.add(node)
        if node in self._owed:
            self._came[node].add((report["boot"], report["seq"]))
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
        before = self._errors.get(node, {})
        new = {name: n - before.get(name, 0) for name, n in errors.items()}
        causes = [f"{name} {n}" for name, n in new.items() if n]
        if not causes:
            return  # of before the outage, and late
        self._told.add(node)
        self._say(f"{node} reports {', '.join(causes)}")

    def on_status(self, node: str, status: Mapping[str, Any]) -> None:
        """The broker speaks for a node that it misses."""
        offline = status.get("state") == "offline" and node in self._owed
        if self.state == "under" and offline and node not in self._offline:
            self._offline.add(node)
            self._tell(f"the broker says that {node} is offline")
