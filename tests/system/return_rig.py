"""Hundreds of nodes whose broker was away: how long until all are current, and what was lost."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host.test_watch import report
from nodewright import broker
from nodewright.data import firmware_dir
from nodewright.interpreter import find_interpreter
from nodewright.watch import Address, Collector

_NODE = Path(__file__).with_name("return_node.py")
_FLEET = "demo"
_PATIENCE_S = 120.0
_SEQ, _UPTIME = 987654321012, 987654321013  # stand where each report has its own


@dataclass
class Outcome:
    """What came of it.

    reports: each once; lost: that never came; doubles: dropped by the host; again: sent anew
    after they were acknowledged; dropped: by outboxes; first_s, half_s, all_s: after the restart,
    until the first, half and all of the nodes were current.
    """

    nodes: int = 0
    reports: int = 0
    lost: int = 0
    doubles: int = 0
    again: int = 0
    dropped: int = 0
    first_s: float = 0.0
    half_s: float = 0.0
    all_s: float = 0.0
    causes: dict[str, int] = field(default_factory=dict)


@contextmanager
def _processes(
    folder: Path, names: list[str], count: int, plan: dict[str, Any]
) -> Iterator[list["subprocess.Popen[str]"]]:
    started = []
    try:
        for number in range(count):
            mine = {**plan, "nodes": names[number::count]}
            path = folder / f"plan-{number}.json"
            path.write_text(json.dumps(mine))
            command = [*find_interpreter().command, "-X", "heapsize=64M", str(_NODE), str(path)]
            started.append(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={**os.environ, "MICROPYPATH": f"{firmware_dir()}:.frozen"},
                )
            )
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def run(
    folder: Path, nodes: int, outage_s: float, interval_s: float = 2.0, processes: int = 2
) -> Outcome:
    """Nodes report, mosquitto is killed (SIGKILL), and comes back after so long."""
    names = [f"node-{number}" for number in range(nodes)]
    epoch_s = int(time.time())
    text = report(1, _SEQ, uptime_ms=_UPTIME).decode()
    head, _, rest = text.partition(str(_SEQ))
    middle, _, tail = rest.partition(str(_UPTIME))
    with ExitStack() as stack:
        hub = stack.enter_context(broker.start("mosquitto"))
        where = Address(hub.host, hub.port)
        source = stack.enter_context(Collector(where, fleet=_FLEET, session="return"))
        plan = {
            "port": hub.port,
            "fleet": _FLEET,
            "identities": "",
            "epoch_s": epoch_s,
            "interval_ms": round(interval_s * 1000),
            "report": [head, middle, tail],
        }
        started = stack.enter_context(_processes(folder, names, processes, plan))
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("up"), "not all connected"
        _listen(source, time.monotonic() + 2 * interval_s)
        hub.kill()
        _listen(source, time.monotonic() + outage_s)
        hub.restart()
        back_s = time.time()
        wanted_ms = (back_s - epoch_s) * 1000
        current: dict[str, float] = {}
        deadline_s = time.monotonic() + _PATIENCE_S
        while len(current) < nodes and time.monotonic() < deadline_s:
            event = source.get(0.2)
            if event is None or event.kind != "report":
                continue
            if event.message["uptime_ms"] >= wanted_ms and event.node not in current:
                current[event.node] = time.time() - back_s
        assert len(current) == nodes, f"{nodes - len(current)} never current"
        found = Outcome(nodes)
        for process in started:
            told, _ = process.communicate("x", timeout=30)
            for line in told.splitlines():
                word, _, value = line.partition(" ")
                if word == "again":
                    found.again += int(value)
                elif word == "dropped":
                    found.dropped += int(value)
                elif word == "causes":
                    for cause, count in json.loads(value).items():
                        found.causes[cause] = found.causes.get(cause, 0) + count
        _listen(source, time.monotonic() + 1)
        times = sorted(current.values())
        found.first_s, found.half_s, found.all_s = times[0], times[nodes // 2], times[-1]
        for node in source.state.nodes.values():
            found.reports += node.received
            found.lost += node.missing
            found.doubles += node.doubles
        return found


def _listen(source: Collector, until_s: float) -> None:
    while (left_s := until_s - time.monotonic()) > 0:
        source.get(left_s)
