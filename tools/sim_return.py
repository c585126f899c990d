"""A thousand nodes that lose their broker at one moment: how many come back within one second.

    python tools/sim_return.py [--nodes 1000] [--seed 1]

Pure computation: the pauses that the node's client would make (node/uplink/backoff.py, with the
settings of node/uplink/mqtt.py), where each try before the broker's return is refused at once.  A
real fleet is more spread: its nodes do not find out at one moment.  For each outage: the most that
come within any one second, until half and until all are back, and the mean of one node.
"""

import argparse
import importlib
import inspect
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

from nodewright.data import firmware_dir

OUTAGES_S = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 600.0)
_SECOND_MS = 1000


@dataclass(frozen=True)
class Outcome:
    """busiest: the most nodes within one second; the times are from the broker's return on."""

    busiest: int
    mean_s: float
    half_s: float
    all_s: float


def pauses() -> Callable[[int, int], int]:
    """(attempt, draw) -> ms, as the node's client has it."""
    sys.path.insert(0, str(firmware_dir()))
    try:
        importlib.import_module("sim.cpython").install()
        backoff_ms = importlib.import_module("node.uplink.backoff").backoff_ms
        client = importlib.import_module("node.uplink.mqtt").MqttClient
    finally:
        sys.path.remove(str(firmware_dir()))
    settings = inspect.signature(client.__init__).parameters
    base_ms: int = settings["backoff_lost_ms"].default
    cap_ms: int = settings["backoff_cap_ms"].default

    def pause_ms(attempt: int, draw: int) -> int:
        return int(backoff_ms(attempt, base_ms, cap_ms, draw))

    return pause_ms


def simulate(
    pause_ms: Callable[[int, int], int], outage_s: float, nodes: int, seed: int
) -> Outcome:
    """All lose the broker at 0 and try until it is there again; the first try is a pause later."""
    chance = random.Random(seed)
    back_ms = []
    for _ in range(nodes):
        now_ms = attempt = 0
        while True:
            now_ms += pause_ms(attempt, chance.getrandbits(24))
            attempt += 1
            if now_ms >= outage_s * 1000:
                break
        back_ms.append(now_ms - outage_s * 1000)
    back_ms.sort()
    busiest = first = 0
    for last, at_ms in enumerate(back_ms):
        while back_ms[first] <= at_ms - _SECOND_MS:
            first += 1
        busiest = max(busiest, last - first + 1)
    half_ms = back_ms[nodes // 2]
    return Outcome(busiest, mean(back_ms) / 1000, half_ms / 1000, back_ms[-1] / 1000)


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--nodes", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    pause_ms = pauses()
    print(f"{asked.nodes} nodes: broker gone for, most within a second, mean, half, all back")
    for outage_s in OUTAGES_S:
        found = simulate(pause_ms, outage_s, asked.nodes, asked.seed)
        print(
            f"{outage_s:6g} s {found.busiest:6d} {found.mean_s:6.1f} s {found.half_s:6.1f} s "
            f"{found.all_s:6.1f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
