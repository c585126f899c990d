"""Whether each fault that was made, and met the node, is among what the node has told and counted.

The twin writes of each fault how often it has met the firmware (`faults-<boot>.txt`,
docs/architecture.md).  From that, by rule and not by silence:

- met: a transaction was not acknowledged, the identity read wrong, the FIFO ran over, the bus was
  held, the supply was lost (which lasts until the registers are written): a report of that time
  says so by name, a report for each fault, and health counts what reports say;
- frozen for less than TELLABLE samples of one record: a chip that works may do that by chance;
- not met: the chip was not asked while it lasted, and is afterwards as it was.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What a node says of each
SAYS = {
    "unplugged": {"bus_error", "no_answer", "timeout", "sensor_reset", "overrun"},
    "nack": {"bus_error", "no_answer"},
    "wrong_identity": {"wrong_identity"},
    "stuck": {"stuck"},
    "overrun": {"overrun"},
    "bus_held": {"bus_held"},
}
KEEPS = ("unplugged", "bus_held")  # the state outlasts the fault, until the next look at the chip
TELLABLE = (
    20  # 16 frames without a change (ADXL345), and four that are thrown away before a record
)


@dataclass
class Ledger:
    """before_ms: how long before a fault a record that meets it may have begun; after_ms: how long
    after its end the chip is looked at again, at the latest.
    """

    before_ms: float
    after_ms: float
    told: list[tuple[float, set[str]]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    unmet: Counter[str] = field(default_factory=Counter)
    short: Counter[str] = field(default_factory=Counter)
    longest_unmet_ms: dict[str, float] = field(default_factory=dict)

    def tell(self, uptime_ms: float, names: set[str]) -> None:
        """A report of that time says these names."""
        if names:
            self.told.append((uptime_ms, set(names)))

    def judge(self, faults: list[dict[str, Any]], met: dict[tuple[str, int], int]) -> list[str]:
        """Faults that met the node and are not told.  met: of read()."""
        left = [(at_ms, set(names)) for at_ms, names in sorted(self.told, key=lambda row: row[0])]
        missing, short = [], []
        for fault in sorted(faults, key=lambda one: one["from_ms"]):
            kind, key = fault["kind"], (fault["kind"], int(fault["from_ms"]))
            if key not in met:
                continue  # the run ended before it did
            if kind == "stuck" and 0 < met[key] < TELLABLE:
                short.append(fault)
            elif not met[key] and kind not in KEEPS:
                self.unmet[kind] += 1
                lasted_ms = fault["to_ms"] - fault["from_ms"]
                self.longest_unmet_ms[kind] = max(lasted_ms, self.longest_unmet_ms.get(kind, 0))
            elif self._told(fault, left):
                self.counted[kind] += 1
            else:
                missing.append(
                    f"{kind} at {fault['from_ms']:.1f} ms: met {met[key]} times, not told"
                )
        for fault in short:  # after those that need their reports
            found = self._told(fault, left)
            (self.counted if found else self.short)[fault["kind"]] += 1
        return missing

    def _told(self, fault: dict[str, Any], left: list[tuple[float, set[str]]]) -> bool:
        """Whether a report says it that no fault before has been found in."""
        for at_ms, names in left:
            if fault["from_ms"] - self.before_ms <= at_ms <= fault["to_ms"] + self.after_ms:
                said = names & SAYS[fault["kind"]]
                if said:
                    names.difference_update(said)
                    return True
        return False


def read(folder: Path, chip: str, boot: int = 1) -> dict[tuple[str, int], int]:
    """(kind, beginning in ms) of the faults of a chip that are over -> how often each was met."""
    found = {}
    path = folder / f"faults-{boot}.txt"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        name, kind, from_ms, touched = line.split()
        if name == chip:
            found[kind, int(from_ms)] = int(touched)
    return found
