"""A node under random faults of its sensor and bus, for a simulated hour or as long as is asked.

    python tools/soak_faults.py [--minutes 60] [--seed 1]

The whole firmware on a virtual board, 256 samples of 800 Hz and three axes every 0.355 s.  Faults
come one after the other: the sensor unplugged (its registers are lost), silent on the bus (NACK),
another chip in its place, frozen digits, a bus held low, a CPU that is late for the FIFO.  Judged
at the end, as by its short form in tests/system/test_sensor_faults.py:

- every report is good, or says what is wrong, and health counts all that was said;
- every unmarked value is that of the samples which the twin served;
- what passes for good is what the machine does;
- a fault longer than a cycle has left its trace;
- the node still measures, and its heap has not shrunk.

Ends with 1 where one of these does not hold.
"""

import argparse
import dataclasses
import importlib
import random
import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from nodewright import broker
from nodewright.demo.fleet_folder import CHANNELS
from nodewright.served import ServedSamples

_rig = importlib.import_module("system.node_rig")
_short = importlib.import_module("system.test_sensor_faults")

_CYCLE_MS = 355
_KINDS = ("unplugged", "nack", "overrun", "stuck", "wrong_identity", "bus_held")
_SEEN_MS = 2 * _CYCLE_MS + 50  # what lasts so long meets a whole record
_PATIENCE_S = 60.0
_FAULT_BYTES = 2_000  # what a fault of the schedule takes of the twins' heap, which is the node's
# Findings of one record that are counted all, though one of them is told.
_UNTOLD = {"stuck", "gap", "rate", "cycle_missed", "bus_recovered"}


def random_faults(chance: random.Random, until_ms: float) -> list[dict[str, Any]]:
    """Faults of one chip, of 1 ms to 1.5 s, one after the other."""
    found: list[dict[str, Any]] = []
    at_ms = 500.0
    while True:
        at_ms += chance.uniform(500, 7000)
        end_ms = at_ms + chance.choice((1, 10, 100, 1000)) * chance.uniform(0.5, 1.5)
        if end_ms > until_ms:
            return found
        kind = chance.choice(_KINDS)
        found.append({"chip": "acc", "kind": kind, "from_ms": at_ms, "to_ms": end_ms})
        at_ms = end_ms


class Soak:
    """What came of one run."""

    def __init__(self, faults: list[dict[str, Any]]) -> None:
        self.faults = faults
        self.said: Counter[str] = Counter()
        self.good: list[dict[str, Any]] = []
        self.bad_ms: list[float] = []
        self.problems: list[str] = []
        self.reports = 0
        self.health: dict[str, Any] = {}
        self.first_low: int | None = None

    def report(self, message: dict[str, Any], served: ServedSamples) -> None:
        self.reports += 1
        good = _short.passed([message])[0]
        names = {fault["fault"] for fault in message["faults"]} | _short.marks(message) - {""}
        if good == bool(names):
            self.problems.append(f"report {message['seq']}: good {good}, and says {names}")
        self.said.update(names)
        if message["record"]:
            for text in _short.wrong_values(message, served):
                self.problems.append(f"report {message['seq']}: {text}")
        if good:
            self.good.append({"seq": message["seq"], **message["channels"]})
        else:
            self.bad_ms.append(message["uptime_ms"])

    def told(self, health: dict[str, Any]) -> None:
        self.health = health
        if self.first_low is None and health["sent"] > 200:
            self.first_low = health["heap_low_bytes"]

    def judge(self, cycles: int) -> None:
        """Add what does not hold over the whole run to the problems."""
        errors = self.health["errors"]
        for name, count in self.said.items():
            # The last reports may be of after the last health message.
            if not count - 3 <= errors.get(name, 0) <= count + max(3, count // 4):
                self.problems.append(f"{name}: told {count} times, counted {errors.get(name, 0)}")
        for name in set(errors) - set(self.said) - _UNTOLD:
            self.problems.append(f"{name}: counted {errors[name]} times, and never told")
        for fault in self.faults:
            if fault["to_ms"] - fault["from_ms"] <= _SEEN_MS:
                continue
            span = fault["from_ms"] - _CYCLE_MS, fault["to_ms"] + _CYCLE_MS
            if not any(span[0] <= at_ms <= span[1] for at_ms in self.bad_ms):
                self.problems.append(f"unseen: {fault}")
        for channel, mean_g in zip(CHANNELS, (0.0, 0.0, 1.0), strict=True):
            usual = median(message[channel]["acc_rms_g"] for message in self.good)
            for message in self.good:
                rms_g, found_g = message[channel]["acc_rms_g"], message[channel]["mean_g"]
                if not 0.7 < rms_g / usual < 1.4 or abs(found_g - mean_g) > 0.02:
                    self.problems.append(
                        f"report {message['seq']} {channel}: {rms_g} g RMS (usually {usual}), "
                        f"{found_g} g mean passed for good"
                    )
        if not self.good or self.good[-1]["seq"] < cycles - 20:
            self.problems.append("no good record within the last 20 cycles")
        if self.first_low is not None and self.health["heap_low_bytes"] < self.first_low * 0.9:
            self.problems.append(
                f"lowest free heap fell from {self.first_low} to {self.health['heap_low_bytes']}"
            )


def soak(minutes: float, seed: int) -> Soak:
    """Run it; progress goes to stderr."""
    cycles = int(minutes * 60_000 / _CYCLE_MS)
    with broker.start() as hub:
        rig = _short.make(hub.port)
        rig.every_ms(_CYCLE_MS)
        rig.faults = random_faults(random.Random(seed), minutes * 60_000 - 2000)
        heap_bytes = rig.hardware.heap_bytes + _FAULT_BYTES * len(rig.faults)
        rig.hardware = dataclasses.replace(rig.hardware, heap_bytes=heap_bytes)
        found = Soak(rig.faults)
        with _rig.listen(hub) as heard, rig.board() as board:
            served = ServedSamples(board.samples_dir)
            while found.reports < cycles:
                event = heard.get(_PATIENCE_S)
                if event is None:
                    found.problems.append(f"silent after report {found.reports} of {cycles}")
                    break
                if event.kind == "report" and not event.double:
                    found.report(event.message, served)
                    if found.reports % 500 == 0:
                        print(f"{found.reports} of {cycles} reports", file=sys.stderr, flush=True)
                elif event.kind == "health":
                    found.told(event.message)
    if found.health:
        found.judge(cycles)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of the node's own time")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    given = parser.parse_args()
    begin_s = time.monotonic()
    found = soak(given.minutes, given.seed)
    print(f"simulated minutes: {given.minutes:g}, seed {given.seed}, ", end="")
    print(f"{time.monotonic() - begin_s:.0f} s on the wall clock")
    kinds = Counter(fault["kind"] for fault in found.faults)
    print(
        f"faults: {len(found.faults)}: ", ", ".join(f"{k} {n}" for k, n in sorted(kinds.items()))
    )
    print(f"reports: {found.reports}, good {len(found.good)}, not {len(found.bad_ms)}")
    print("told: ", ", ".join(f"{name} {count}" for name, count in sorted(found.said.items())))
    print("counted: ", found.health.get("errors"))
    print(
        f"lowest free heap: {found.first_low} early, {found.health.get('heap_low_bytes')} at last"
    )
    for problem in found.problems[:50]:
        print("problem:", problem)
    print(f"{len(found.problems)} problems")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
