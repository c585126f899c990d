"""A broker killed (SIGKILL) and restarted at random times while nodes report.

    python tools/soak_broker.py [--kills 100] [--nodes 2] [--every-ms 1000] [--seed 1] [--tls]

The whole firmware on virtual boards; mosquitto as `nodewright broker` sets it up to save; a
collector with a session of its own at the broker.  Counted at the end, by boot and sequence
number: what never came, what a full outbox gave up, what the host took for new twice.  Its short
form is tests/system/test_broker_kill.py.  Ends with 1 where something was lost or doubled.

mosquitto acknowledges a message before it saves it.  What it has acknowledged and not passed on
is lost where the kill falls between: `--window` measures how long that is.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

_DELAYS_MS = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0, 50.0)
_TRIES = 10
_MESSAGES = 20


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--nodes", type=int, default=2)
    options.add_argument("--every-ms", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--tls", action="store_true", help="as nodewright broker runs it")
    options.add_argument("--window", action="store_true", help="only how long mosquitto waits")
    asked = options.parse_args()
    if asked.window:
        window()
        return 0
    rig = importlib.import_module("system.kill_rig")
    began_s = time.monotonic()
    found = rig.run(
        asked.kills,
        asked.seed,
        asked.nodes,
        asked.every_ms,
        tls=asked.tls,
        say=lambda text: print(text, file=sys.stderr),
    )
    print(
        f"{found.kills} kills in {time.monotonic() - began_s:.0f} s, {asked.nodes} nodes, a "
        f"report each {asked.every_ms} ms: {found.reports} reports, {found.lost} lost, "
        f"{found.dropped} given up by outboxes, {found.acked} of both acknowledged "
        f"{found.gaps or ''}, {found.twice} doubled at the host ({found.doubles} came again and "
        "were dropped); after the last restart "
        f"{found.back_s:.1f} s until each node had reported 3 times"
    )
    return bool(found.lost or found.twice)


def window() -> None:
    """How many of 20 acknowledged messages are lost, by how long after the last one it dies."""
    import tempfile

    rig = importlib.import_module("system.broker_rig")
    made = importlib.import_module("host.test_watch")
    from nodewright.watch import Collector

    with tempfile.TemporaryDirectory() as folder:
        fleet = rig.make_fleet(Path(folder) / "north", 1)
        with rig.running(fleet) as hub:
            for boot, delay_ms in enumerate(_DELAYS_MS * _TRIES):
                Collector(rig.address(fleet), fleet="north", session="kept").__enter__().stop()
                with rig.connect(fleet, hub.port, "pump-1") as node:
                    for seq in range(_MESSAGES):
                        node.publish("nodewright/north/pump-1/report", made.report(boot, seq))
                    until_s = time.monotonic() + delay_ms / 1000
                    while time.monotonic() < until_s:
                        pass
                    hub.kill()
                hub.restart()
                with Collector(rig.address(fleet), fleet="north", session="kept") as source:
                    came = 0
                    while source.get(0.3) is not None:
                        came += 1
                print(f"{delay_ms:g} ms: {_MESSAGES - came} lost", flush=True)


if __name__ == "__main__":
    sys.exit(main())
