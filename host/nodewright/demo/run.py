"""The demo: virtual nodes, a collector, and the judge over everything that arrives."""

import os
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from nodewright.console import Event as ConsoleEvent
from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.drive_story import MOST_S, DriveStory
from nodewright.demo.faults import Fault
from nodewright.demo.fleet import FleetOptions, Source, VirtualFleet, machines
from nodewright.demo.fleet_folder import CHANNELS, FLEET
from nodewright.demo.judge import judge
from nodewright.demo.judge_drive import judge_drive
from nodewright.demo.kept import Kept, Said
from nodewright.demo.result import DemoResult
from nodewright.demo.tally import Tally
from nodewright.errors import BadInput
from nodewright.served import ServedSamples
from nodewright.virtual import BoardFailed
from nodewright.watch import Collector

MOST_CYCLES = 10_000
_BOOT_S = 25.0  # most that a node takes to its first sign of life, on a busy host
_SLACK_S = 15.0  # beyond the time that the cycles take
_POLL_S = 0.05
_LINGER_S = 0.2  # for a double that is on its way


@dataclass(frozen=True)
class DemoOptions:
    """What to show: the fleet, the reports per node, and what the sensors feel.

    cycles: at least so many; faults made on purpose take as many more as they need.
    source: what the sensors feel; about: the same for the result; faults: what will go wrong.
    """

    fleet: FleetOptions = field(default_factory=FleetOptions)
    cycles: int = 5
    source: Source = machines
    about: Mapping[str, Any] = field(default_factory=lambda: {"kind": "machines"})
    faults: Sequence[Fault] = ()


class View(Protocol):
    """Whoever watches the demo run.  Called on the thread that runs it."""

    def running(self, fleet: VirtualFleet) -> None:
        """The broker runs; the nodes come next."""

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        """A node booted, sent, or was heard."""

    def told(self, line: str) -> None:
        """A fault began, was reported, ended, or was survived."""


def run_demo(options: DemoOptions, view: View, asked: threading.Event) -> DemoResult:
    """Run it to its end, and leave nothing behind.

    asked: set by whoever wants it to end sooner.
    Raises Interrupted; BadInput before anything runs; what broker, images and boards raise.
    """
    if not 1 <= options.cycles <= MOST_CYCLES:
        raise BadInput(f"--cycles {options.cycles} cannot be: 1 to {MOST_CYCLES}")
    began_s = time.monotonic()
    with VirtualFleet(options.fleet, asked, options.source, options.faults) as fleet:
        view.running(fleet)
        hub = fleet.hub
        # A broker that is killed must keep for us what comes before we are back.
        session = f"nodewright-demo-{os.getpid()}" if options.faults else None
        with Collector(fleet.site.address, fleet=FLEET, session=session) as collector:
            watcher = _Watcher(fleet, collector, options.cycles, view)
            fleet.boot(watcher.on_console)
            cycles_s = options.cycles * options.fleet.interval_s
            watcher.run(_BOOT_S + _SLACK_S + cycles_s + fleet.round.most_s() + watcher.story_s)
            return DemoResult(
                tallies=list(watcher.tallies.values()),
                broker_kind=hub.kind,
                broker_version=hub.version,
                broker_address=f"{hub.host}:{hub.port}",
                plain_because=fleet.site.plain_because,
                runtime=fleet.runtime,
                realtime=options.fleet.realtime,
                heap_bytes=fleet.board.heap_bytes,
                about=options.about,
                cycles=options.cycles,
                interval_s=options.fleet.interval_s,
                seconds=time.monotonic() - began_s,
                refused=dict(collector.state.refused),
                kept=watcher.kept,
                faults=fleet.round.outcomes(),
                fault_failures=fleet.round.failures,
            )


class _Watcher:
    """Consoles and reports in, tallies out."""

    def __init__(self, fleet: VirtualFleet, collector: Collector, cycles: int, view: View) -> None:
        self._fleet, self._collector, self._view = fleet, collector, view
        self._round = fleet.round
        self.tallies = {
            plan.name: Tally(plan, max(cycles, self._round.records(plan.name)))
            for plan in fleet.plans
        }
        self._stories = {
            plan.name: DriveStory(plan) for plan in fleet.plans if isinstance(plan, DrivePlan)
        }
        self.story_s = MOST_S if self._stories else 0.0
        for name, tally in self.tallies.items():
            tally.restarts = self._round.restarts(name) + (name in self._stories)
        self.kept = {plan.name: Kept() for plan in fleet.plans}
        self._began_s = time.monotonic()
        self._console: queue.SimpleQueue[tuple[str, Said]] = queue.SimpleQueue()
        self._served: dict[str, ServedSamples] = {}

    def on_console(self, node: str, event: ConsoleEvent) -> None:
        """Queue an event of a serial port.  Called on the boards' thread."""
        self._console.put((node, Said(time.monotonic() - self._began_s, event)))

    def run(self, most_s: float) -> None:
        """Watch until every node is done, or most_s have passed."""
        for plan, board in zip(self._fleet.plans, self._fleet.boards, strict=True):
            self._served[plan.name] = ServedSamples(board.samples_dir)
        if self._fleet.outside is not None:
            boards = {board.name: board for board in self._fleet.boards}
            self._fleet.outside.attach(boards, self._collector)
        began_s = time.monotonic()
        while not self._done(time.monotonic() - began_s):
            self._fleet.check()
            self._step(_POLL_S)
            for_s = time.monotonic() - began_s
            if self._round.over and self._round.failures:
                # It has failed: what is on its way still may come, and no more is waited for.
                most_s = min(most_s, for_s + 2 * self._fleet.options.interval_s)
            if for_s > most_s:
                break
        self._round.close()
        for name, story in self._stories.items():
            story.give_up()
            self.tallies[name].story += story.said
            self.tallies[name].faults += story.failures
        until_s = time.monotonic() + _LINGER_S
        while time.monotonic() < until_s:
            self._step(_POLL_S)
        for board in self._fleet.boards:
            if board.failure is not None:
                self.tallies[board.name].faults.append(board.failure.reason)
        for name, kept in self.kept.items():
            kept.image = self._fleet.images.get(name)
            kept.find_last(self.tallies[name], self._served[name])

    def _done(self, for_s: float) -> bool:
        return self._round.over and all(
            (self.tallies[board.name].complete and self._told(board.name))
            or board.failure is not None
            or (not self.tallies[board.name].booted and for_s > _BOOT_S)
            or self.tallies[board.name].refuses
            for board in self._fleet.boards
        )

    def _told(self, node: str) -> bool:
        """Whether the story of its machine is over, if it has one."""
        return node not in self._stories or self._stories[node].over

    def _step(self, wait_s: float) -> None:
        event = self._collector.get(wait_s)
        changed = False
        while not self._console.empty():
            node, said = self._console.get()
            self.kept[node].console.append(said)
            tally = self.tallies[node]
            if not self._round.over or not self._told(node):
                tally.cycles = max(tally.cycles, len(tally.sent) + 1)
            tally.on_console(said.event.name, said.event.facts)
            self._round.on_console(node, said.event.name, said.event.facts)
            if node in self._stories:
                self._stories[node].on_console(said.event.name, said.event.facts)
            changed = True
        if event is not None and event.node in self.kept:
            self.kept[event.node].on_message(event.kind, event.message)
        if event is not None and event.kind == "report" and event.node in self.tallies:
            self._on_report(event.node, event.message)
            changed = True
        elif event is not None and event.node in self.tallies:
            self._round.on_message(event.node, event.kind, event.message)
        if self._fleet.outside is not None:
            self._round.step(time.monotonic() - self._began_s, self._fleet.outside)
        self._cut_where_asked()
        if changed:
            self._view.changed(self.tallies)
        for line in self._round.news():
            self._view.told(line)

    def _cut_where_asked(self) -> None:
        for board in self._fleet.boards:
            story = self._stories.get(board.name)
            if story is None or not story.cut_asked:
                continue
            story.cut_asked = False
            try:
                board.cut_power()
            except BoardFailed:
                continue  # the demo tells of a board that does not run

    def _on_report(self, node: str, report: Mapping[str, Any]) -> None:
        tally = self.tallies[node]
        if not tally.on_report(report):
            return
        self._round.on_message(node, "report", report)
        plan, served = tally.plan, self._served[node]
        if isinstance(plan, DrivePlan):
            verdict = judge_drive(report, served, plan)
            self._stories[node].on_report(report)
        else:
            verdict = judge(report, served, CHANNELS, plan.g_per_digit, plan.bandwidth_hz)
        key = report["boot"], report["seq"]
        tally.on_verdict(report, self._round.explain(node, key, verdict))
