"""A node from power-on: time to the first acknowledged report, time and heap of a cycle.

    python tools/bench_node.py [--boots 5] [--cycles 3]

The boards are those of the demo, on the wall clock; a stage's time is the node's own, so capture
contains the time the sensor takes for its samples.
"""

import argparse
import statistics
import sys
import threading
import time

from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.watch import Address, Collector

_WAIT_S = 30.0


def boot_seconds() -> float:
    """From the start of the process to the acknowledgement of its first report."""
    with VirtualFleet(FleetOptions(nodes=1), threading.Event()) as fleet:
        begin_s = time.monotonic()
        fleet.boot(lambda _node, _event: None)
        fleet.boards[0].wait_for("acked", _WAIT_S)
        return time.monotonic() - begin_s


def health(cycles: int) -> dict[str, dict[str, object]]:
    """The last health message of each of the demo's nodes."""
    found: dict[str, dict[str, object]] = {}
    with VirtualFleet(FleetOptions(nodes=3, realtime=True), threading.Event()) as fleet:
        address = Address(fleet.hub.host, fleet.hub.port)
        with Collector(address) as collector:
            fleet.boot(lambda _node, _event: None)
            enough = {plan.name: 0 for plan in fleet.plans}
            deadline_s = time.monotonic() + _WAIT_S
            while min(enough.values()) < cycles and time.monotonic() < deadline_s:
                event = collector.get(1.0)
                if event is not None and event.kind == "health":
                    enough[event.node] += 1
                    found[event.node] = event.message
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--boots", type=int, default=5)
    parser.add_argument("--cycles", type=int, default=3)
    given = parser.parse_args()
    times = sorted(boot_seconds() for _ in range(given.boots))
    print(
        f"start to first acknowledged report: median {statistics.median(times):.2f} s, "
        f"{times[0]:.2f} to {times[-1]:.2f} s over {len(times)} boots (goal: 3 s)"
    )
    print(f"{'node':10} {'capture ms':>10} {'features ms':>11} {'report ms':>9} {'heap low':>9}")
    for node, message in sorted(health(given.cycles).items()):
        stages = message["stages_us"]
        assert isinstance(stages, dict)
        ms = [stages.get(name, 0) / 1000 for name in ("capture", "features", "report")]
        low = message["heap_low_bytes"]
        print(f"{node:10} {ms[0]:10.1f} {ms[1]:11.1f} {ms[2]:9.1f} {low:>9}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
