"""A node under random faults of its sensor and bus, for a simulated hour or as long as is asked.

    python tools/soak_faults.py [--minutes 60] [--seed 1] [--every-ms 355]

The whole firmware on a virtual board, 256 samples of 800 Hz and three axes at this interval: at
0.355 s one record follows the other, at 4 s the sensor is mostly left alone.  Faults come one
after the other: the sensor unplugged (its registers are lost), silent on the bus (NACK), another
chip in its place, frozen digits, a bus held low, a CPU that is late for the FIFO.  Judged at the
end, as by its short form in tests/system/test_soak_faults.py:

- every fault that met the node is told, each by a report (tests/system/fault_ledger.py), and those
  that did not meet it are named as such, with the longest of them;
- every report is good, or says what is wrong, and health counts all that was said;
- every unmarked value is that of the samples which the twin served;
- what passes for good is what the machine does;
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
_ledger = importlib.import_module("system.fault_ledger")

_KINDS = tuple(_ledger.SAYS)
_CYCLE_MS = 355
_RECORD_MS = 420  # 0.335 s, and what a stall or a bus that hangs may add; under _APART_MS
_LOOK_MS = 1600  # node/sensor.py and node/app.py: a sensor left alone is looked after so often
_APART_MS = 500  # the least from one fault to the next: two are never in one record
_STILL_GOOD_MS = 20_000
_WARM_REPORTS = 10
_PATIENCE_S = 60.0
_FAULT_BYTES = 2_000  # what a fault of the schedule takes of the twins' heap, which is the node's
# Findings of one record that are counted all, though one of them is told.
_UNTOLD = {"stuck", "gap", "rate", "mounting", "cycle_missed", "bus_recovered"}


def random_faults(
    chance: random.Random, until_ms: float, apart_ms: tuple[float, float]
) -> list[dict[str, Any]]:
    """Faults of one chip, of 0.5 ms to 4.5 s, one after the other; apart_ms: least and most."""
    found: list[dict[str, Any]] = []
    at_ms = 500.0
    while True:
        at_ms += chance.uniform(*apart_ms)
        end_ms = at_ms + chance.choice((1, 10, 100, 1000, 3000)) * chance.uniform(0.5, 1.5)
        if end_ms > until_ms:
            return found
        kind = chance.choice(_KINDS)
        found.append({"chip": "acc", "kind": kind, "from_ms": at_ms, "to_ms": end_ms})
        at_ms = end_ms


class Soak:
    """What came of one run."""

    def __init__(self, faults: list[dict[str, Any]], every_ms: int) -> None:
        self.faults = faults
        # The chip is asked again at the next record, or looked after before.
        self.seen_ms = min(every_ms, _LOOK_MS) + _RECORD_MS
        self.ledger = _ledger.Ledger(_RECORD_MS, self.seen_ms)
        self.met: dict[tuple[str, int], int] = {}
        self.uptime_ms = 0.0
        self.said: Counter[str] = Counter()
        self.good: list[dict[str, Any]] = []
        self.bad_ms: list[float] = []
        self.problems: list[str] = []
        self.reports = 0
        self.health: dict[str, Any] = {}
        self.first_free: int | None = None

    def report(self, message: dict[str, Any], served: ServedSamples) -> None:
        self.reports += 1
        self.uptime_ms = message["uptime_ms"]
        good = _short.passed([message])[0]
        names = {fault["fault"] for fault in message["faults"]} | _short.marks(message) - {""}
        if good == bool(names):
            self.problems.append(f"report {message['seq']}: good {good}, and says {names}")
        self.said.update(names)
        self.ledger.tell(message["uptime_ms"], names)
        if message["record"]:
            for text in _short.wrong_values(message, served):
                self.problems.append(f"report {message['seq']}: {text}")
        if good:
            self.good.append(message)
        else:
            self.bad_ms.append(message["uptime_ms"])

    def told(self, health: dict[str, Any]) -> None:
        self.health = health
        if self.first_free is None and health["sent"] > _WARM_REPORTS:
            self.first_free = health["heap_free_bytes"]

    def judge(self) -> None:
        """Add what does not hold over the whole run to the problems."""
        errors = self.health["errors"]
        for name, count in self.said.items():
            # The last reports may be of after the last health message.
            if not count - 3 <= errors.get(name, 0) <= count + max(3, count // 4):
                self.problems.append(f"{name}: told {count} times, counted {errors.get(name, 0)}")
        for name in set(errors) - set(self.said) - _UNTOLD:
            self.problems.append(f"{name}: counted {errors[name]} times, and never told")
        self.problems += self.ledger.judge(self.faults, self.met)
        for kind, longest_ms in self.ledger.longest_unmet_ms.items():
            if longest_ms > self.seen_ms:
                self.problems.append(f"{kind} of {longest_ms:.0f} ms met nobody")
        for channel, mean_g in zip(CHANNELS, (0.0, 0.0, 1.0), strict=True):
            good = [message["channels"][channel] for message in self.good]
            usual = median(values["acc_rms_g"] for values in good)
            for message, values in zip(self.good, good, strict=True):
                rms_g, found_g = values["acc_rms_g"], values["mean_g"]
                if not 0.7 < rms_g / usual < 1.4 or abs(found_g - mean_g) > 0.02:
                    self.problems.append(
                        f"report {message['seq']} {channel}: {rms_g} g RMS (usually {usual}), "
                        f"{found_g} g mean passed for good"
                    )
        if not self.good or self.good[-1]["uptime_ms"] < self.uptime_ms - _STILL_GOOD_MS:
            self.problems.append("no good record at the end")
        # After a collection: what is lowest between two is garbage of the twins, whose floats lie
        # on the heap, most of it where a record breaks off.
        if self.first_free is not None and self.health["heap_free_bytes"] < self.first_free * 0.95:
            self.problems.append(
                f"free heap fell from {self.first_free} to {self.health['heap_free_bytes']}"
            )


def soak(
    minutes: float, seed: int, every_ms: int = _CYCLE_MS, most_apart_ms: float = 7000
) -> Soak:
    """Run it; progress goes to stderr."""
    until_ms = minutes * 60_000
    with broker.start() as hub:
        rig = _short.make(hub.port)
        rig.every_ms(every_ms)
        # A sensor that is left alone must have been found again before the next one.
        least_ms = _APART_MS if every_ms < _LOOK_MS else _LOOK_MS + _RECORD_MS
        apart_ms = least_ms, max(most_apart_ms, 1.5 * least_ms)
        rig.faults = random_faults(random.Random(seed), until_ms - 2 * every_ms, apart_ms)
        heap_bytes = rig.hardware.heap_bytes + _FAULT_BYTES * len(rig.faults)
        rig.hardware = dataclasses.replace(rig.hardware, heap_bytes=heap_bytes)
        found = Soak(rig.faults, every_ms)
        with _rig.listen(hub) as heard, rig.board() as board:
            served = ServedSamples(board.samples_dir)
            while found.uptime_ms < until_ms:
                event = heard.get(_PATIENCE_S)
                if event is None:
                    found.problems.append(f"silent after {found.uptime_ms:.0f} ms")
                    break
                if event.kind == "report" and not event.double:
                    found.report(event.message, served)
                    if found.reports % 500 == 0:
                        print(f"{found.uptime_ms / 60_000:.1f} min", file=sys.stderr, flush=True)
                elif event.kind == "health":
                    found.told(event.message)
            found.met = _ledger.read(board.samples_dir, "acc")
    if found.health:
        found.judge()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="of the node's own time")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--every-ms", type=int, default=_CYCLE_MS, help="from record to record")
    given = parser.parse_args()
    begin_s = time.monotonic()
    found = soak(given.minutes, given.seed, given.every_ms)
    print(f"simulated minutes: {given.minutes:g}, seed {given.seed}, ", end="")
    print(f"a record every {given.every_ms} ms, ", end="")
    print(f"{time.monotonic() - begin_s:.0f} s on the wall clock")
    ledger = found.ledger
    kinds = Counter(kind for kind, _ in found.met)
    print(f"faults: {sum(kinds.values())}, told {sum(ledger.counted.values())}")
    for kind, made in sorted(kinds.items()):
        print(f"  {kind:14} {made:4}, told {ledger.counted[kind]:4}, ", end="")
        print(f"met nobody {ledger.unmet[kind]:3} ", end="")
        print(f"(the longest {ledger.longest_unmet_ms.get(kind, 0):.0f} ms), ", end="")
        print(f"too short to tell {ledger.short[kind]}")
    print(f"reports: {found.reports}, good {len(found.good)}, not {len(found.bad_ms)}")
    print("told: ", ", ".join(f"{name} {count}" for name, count in sorted(found.said.items())))
    print("counted: ", found.health.get("errors"))
    print(f"free heap: {found.first_free} early, {found.health.get('heap_free_bytes')} at last")
    for problem in found.problems[:50]:
        print("problem:", problem)
    print(f"{len(found.problems)} problems")
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main())
