"""Nodes on links that are slow, trickle, break, refuse, freeze or end in silence, again and again.

    python tools/soak_link.py [--rounds 20]

The whole firmware on six virtual boards over TLS, each with a fault proxy and a fault of its own,
all at one time; a collector with a session at the broker.  Printed for each fault: reports, what
was lost and what doubled at the host, the causes that the node counted, and after how long a
silent link was given up (keepalive: 2 s).  Ends with 1 where something was lost or doubled.  Its
short form is tests/system/test_link_faults.py.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--rounds", type=int, default=20)
    rounds = options.parse_args().rounds
    rig = importlib.import_module("system.link_rig")
    began_s = time.monotonic()
    bad = 0
    for found in rig.run(rounds=rounds):
        late = f", given up after {found.found_s:.1f} s at most" if found.found_s else ""
        print(
            f"{found.fault:<10} {rounds} times, {found.reports} reports, {found.meanwhile} under "
            f"it: {found.lost} lost, {found.dropped} given up by the outbox, {found.twice} "
            f"doubled at the host ({found.doubles} came again); {found.connects} connections, "
            f"{found.causes}{late}"
        )
        bad += found.lost + found.twice
    print(f"in {time.monotonic() - began_s:.0f} s")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
