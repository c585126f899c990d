"""Many virtual nodes at once, on the wall clock: what is lost, and what a node costs this machine.

    python tools/bench_fleet.py [--nodes 50] [--cycles 3] [--interval 10] [--runtime cpython]

A report is lost when a node sent it and it did not arrive; late when samples were, that is when
this machine did not get round to a node before its sensor's FIFO was full.  Linux only: the
figures are those of /proc.  Ends with 1 when anything was lost, or a node failed.
"""

import argparse
import os
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from nodewright.console import Event
from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.watch import Address, Collector

_SLACK_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Account:
    """What the nodes say they sent, and what arrived."""

    def __init__(self) -> None:
        self.sent: set[tuple[str, int, int]] = set()
        self.arrived: set[tuple[str, int, int]] = set()
        self.booted: dict[str, float] = {}
        self.evidence: Counter[str] = Counter()
        self.errors: dict[str, dict[str, int]] = {}
        self._lock = threading.Lock()

    def on_console(self, node: str, event: Event) -> None:
        with self._lock:
            if event.name == "boot":
                self.booted.setdefault(node, time.monotonic())
            elif event.name == "report":
                self.sent.add((node, int(event.facts["boot"]), int(event.facts["seq"])))

    def on_message(self, node: str, kind: str, message: dict[str, object]) -> None:
        if kind == "health":
            self.errors[node] = dict(message["errors"])  # type: ignore[call-overload]
        if kind != "report":
            return
        self.arrived.add((node, int(str(message["boot"])), int(str(message["seq"]))))
        record = message["record"]
        self.evidence["records"] += 1
        if not isinstance(record, dict):
            self.evidence["without a record"] += 1
            return
        for key in ("overruns", "gaps", "clipped"):
            self.evidence[f"with {key}"] += record[key] > 0

    def cycles(self, nodes: list[str]) -> int:
        """Reports that have arrived of the node with the fewest."""
        counts = Counter(node for node, _boot, _seq in self.arrived)
        return min(counts[node] for node in nodes)


def _cpu_s(pid: int) -> float:
    """CPU time that a process has taken, seconds; 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _pss_bytes(pid: int) -> int:
    """Memory of a process, with its part of what it shares; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just been reset
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def measure(options: FleetOptions, cycles: int) -> bool:
    """Run them and print a table; True when nothing was lost."""
    account = Account()
    with VirtualFleet(options, threading.Event()) as fleet:
        names = [plan.name for plan in fleet.plans]
        with Collector(Address(fleet.hub.host, fleet.hub.port)) as collector:

            def watch(until_cycles: int, limit_s: float) -> None:
                deadline_s = time.monotonic() + limit_s
                while account.cycles(names) < until_cycles and time.monotonic() < deadline_s:
                    event = collector.get(0.5)
                    if event is not None:
                        account.on_message(event.node, event.kind, dict(event.message))

            begin_s = time.monotonic()
            fleet.boot(account.on_console)
            watch(1, _SLACK_S + options.interval_s)
            booted_s = max(account.booted.values(), default=begin_s) - begin_s
            first_s = time.monotonic() - begin_s
            pids = [board.pid for board in fleet.boards if board.pid]
            ours = {"broker": fleet.hub.pid or 0, "supervisor and collector": os.getpid()}
            steady_s = time.monotonic()
            before = {pid: _cpu_s(pid) for pid in [*pids, *filter(None, ours.values())]}
            account.evidence.clear()
            watch(1 + cycles, cycles * options.interval_s + _SLACK_S)
            spent = {pid: max(0.0, _cpu_s(pid) - was) for pid, was in before.items()}
            span_s = time.monotonic() - steady_s
            pss = sorted(_pss_bytes(board.pid) for board in fleet.boards if board.pid)
            failed = [str(board.failure) for board in fleet.boards if board.failure is not None]
            resets = sum(board.boots - 1 for board in fleet.boards)
            sent = set(account.sent)
            watch(10**9, 1.0)  # what is on its way
    lost = sent - account.arrived
    late: Counter[str] = Counter()
    for errors in account.errors.values():
        late.update(errors)
    nodes_s = sum(spent[pid] for pid in pids)
    rows = [
        ("nodes, interval", f"{len(names)}, {options.interval_s:g} s on {fleet.runtime}"),
        ("all booted, all heard", f"{booted_s:.1f} s, {first_s:.1f} s"),
        ("sent, arrived, lost", f"{len(sent)}, {len(sent & account.arrived)}, {len(lost)}"),
        ("records", ", ".join(f"{v} {k}" for k, v in account.evidence.items() if v)),
        ("resets, failures", f"{resets}, {len(failed)}"),
        ("errors the nodes count", ", ".join(f"{n} {k}" for k, n in late.items()) or "none"),
        ("CPU of all nodes", f"{100 * nodes_s / span_s:.0f} % of one of {os.cpu_count()} cores"),
        ("CPU of a report", f"{1000 * nodes_s / max(1, account.evidence['records']):.0f} ms"),
        *(
            (f"CPU of {name}", f"{100 * spent[pid] / span_s:.1f} % of one core")
            for name, pid in ours.items()
            if pid
        ),
        ("memory of a node (PSS)", f"median {statistics.median(pss or [0]) / 1e6:.1f} MB"),
        ("load of the machine", " ".join(f"{load:.1f}" for load in os.getloadavg())),
    ]
    for name, value in rows:
        print(f"{name:28} {value}")
    for text in failed:
        print(text)
    return not lost and not failed and account.cycles(names) > cycles


def main() -> int:
    """Measure as asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--cycles", type=int, default=3)
    parser.add_argument("--interval", type=float, default=10.0)
    parser.add_argument("--runtime", choices=("micropython", "cpython"))
    given = parser.parse_args()
    options = FleetOptions(
        nodes=given.nodes, interval_s=given.interval, runtime=given.runtime, realtime=True
    )
    return 0 if measure(options, given.cycles) else 1


if __name__ == "__main__":
    sys.exit(main())
