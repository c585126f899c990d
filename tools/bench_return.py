"""Hundreds of nodes return after an outage: time until all are current, nothing lost.

    python tools/bench_return.py [--nodes 300] [--outage 30] [--interval 2]

Outbox, pump and MQTT client of each node on MicroPython, some hundred a process, at one
mosquitto that is killed (SIGKILL) and comes back; a collector with a session of its own.  Current
is a node of which a report made after the restart has come; what waited comes before that.  Ends
with 1 where a report is missing.  Its short form is tests/system/test_return.py.
"""

import argparse
import importlib
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--nodes", type=int, default=300)
    options.add_argument("--outage", type=float, default=30.0, help="seconds")
    options.add_argument("--interval", type=float, default=2.0, help="of reports, seconds")
    asked = options.parse_args()
    rig = importlib.import_module("system.return_rig")
    with tempfile.TemporaryDirectory(prefix="nodewright-return-") as folder:
        found = rig.run(Path(folder), asked.nodes, asked.outage, asked.interval)
    print(
        f"{found.nodes} nodes, a report each {asked.interval:g} s, {asked.outage:g} s without a "
        f"broker: current after {found.first_s:.1f} s (the first), {found.half_s:.1f} s (half), "
        f"{found.all_s:.1f} s (all); {found.reports} reports, {found.lost} lost, {found.dropped} "
        f"given up by outboxes, {found.doubles} came again ({found.again} had been acknowledged); "
        f"{found.causes}"
    )
    return bool(found.lost)


if __name__ == "__main__":
    sys.exit(main())
