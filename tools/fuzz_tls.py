"""The node's TLS at somebody who answers its handshake with records of wrong kind, length or body.

    python tools/fuzz_tls.py [--connections 20000] [--seed 1]

The client on MicroPython.  Printed: connections, how they ended, what the process grew by.  Ends
with 1 where the client died, connected, lost a report or grew by 3 MB: what is not let go of would
be 23 KB a connection.  Its short form is in tests/system/test_tls.py.
"""

import argparse
import importlib
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--connections", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    tls_rig = importlib.import_module("system.tls_rig")
    draw = random.Random(asked.seed)
    with tempfile.TemporaryDirectory(prefix="nodewright-fuzz-") as name:
        ca = tls_rig.make("fleet CA", None)
        identity = tls_rig.write_identity(Path(name) / "good", ca, tls_rig.make("talker", ca))
        began_s = time.monotonic()
        with tls_rig.answering(lambda: tls_rig.hostile_records(draw)) as port:
            errors = tls_rig.errors_of_any(
                port,
                identity,
                0,
                3600.0,
                until_errors=asked.connections,
                limit_ms=3_600_000,
                backoff_ms=1,
                timeout_ms=2000,
            )
    print(f"{sum(errors.values())} connections in {time.monotonic() - began_s:.0f} s: {errors}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
