"""The node's MQTT client at a broker that means harm: malformed, oversized, truncated packets.

    python tools/fuzz_mqtt.py [--packets 200000] [--seed 1] [--plain | --tls]

The client on MicroPython.  Each connection gets up to 60 odd packets that it has to take, then one
that must not be, by name in tests/system/fuzz_rig.py.  Printed: packets by kind, how connections
ended, the heap after a collection at its least and most, what the process grew by, the longest
time without an end of a connection, the longest gap of another task.  Ends with 1 where the client
died, hung or grew.  Its short form is tests/system/test_mqtt_fuzz.py.
"""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent))

_A_CONNECTION = 28.5  # packets, on average
_MOST_HEAP_BYTES = 20_000  # between two samples, of which one may be in mid-connection
_MOST_GROWTH_KB = 3_000


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--packets", type=int, default=200_000)
    options.add_argument("--seed", type=int, default=1)
    which = options.add_mutually_exclusive_group()
    which.add_argument("--plain", action="store_true")
    which.add_argument("--tls", action="store_true")
    asked = options.parse_args()
    rig = importlib.import_module("system.fuzz_rig")
    bench = importlib.import_module("bench_mqtt")
    bad = 0
    for kind in ["plain"] * (not asked.tls) + ["TLS"] * (not asked.plain):
        with tempfile.TemporaryDirectory(prefix="nodewright-fuzz-") as name:
            identity = bench.make_identities(Path(name)) if kind == "TLS" else None
            began_s = time.monotonic()
            with rig.hostile(asked.seed, identity) as broker:
                connections = max(20, round(asked.packets / _A_CONNECTION))
                found = rig.fuzz(broker, connections, identity, 3600)
        sent = broker.sent
        print(
            f"{kind}: {sent.total()} packets in {time.monotonic() - began_s:.0f} s: {dict(sent)}"
        )
        print(f"  {found}")
        low, high = found["heap"]
        first_kb, last_kb = found["resident_kb"]
        bad += not found["alive"]
        bad += high - low > _MOST_HEAP_BYTES or last_kb - first_kb > _MOST_GROWTH_KB
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
