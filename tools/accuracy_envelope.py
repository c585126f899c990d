"""How far the node's envelope is from the reference: `tools/accuracy_envelope.py --data FOLDER …`.

Recordings of bearings (folders with a manifest.json beside npy files) go through the node's own
code, K blocks of 4096 samples at a time, and through the float64 reference, which shares no code
with it.  Prints the worst deviations for each K, and which verdicts, marks or reasons differ.
Exit code 1 if any does, or if a deviation is beyond its tolerance.
Features of a single block are in tools/accuracy.py.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from nodewright import reference
from nodewright.offline import Runtime, choose_runtime
from nodewright.offline_envelope import Record, Told, run

SAMPLES = 4096
_TOLERANCE_S, _TOLERANCE_G = 0.04, 0.02


@dataclass
class Tally:
    """Deviations of the records of one K: of S, and of amplitudes as a part of them."""

    records: int = 0
    scores: list[tuple[float, str]] = field(default_factory=list)
    amplitudes: list[tuple[float, str]] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        worst_s, worst_g = (
            max(found, default=(0.0, "")) for found in (self.scores, self.amplitudes)
        )
        return not self.differ and worst_s[0] <= _TOLERANCE_S and worst_g[0] <= _TOLERANCE_G


def recordings(folder: Path, part: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, row) of what the manifests list and that has a bearing."""
    for manifest in sorted(folder.glob("*/manifest.json")):
        for row in json.loads(manifest.read_text()):
            path = f"{manifest.parent.name}/{row.get('file')}"
            if row.get("fault_orders") and part in path:
                yield str(manifest.parent / row["file"]), row


def records_of(path: str, row: dict[str, Any], blocks: int | None) -> Iterator[tuple[str, Record]]:
    """Records of so many blocks, one after the other; None: all of a recording in one."""
    table = np.load(path)
    table = table.reshape(len(table), -1)
    orders = {key.lower(): value for key, value in row["fault_orders"].items()}
    there = len(table) // SAMPLES
    each = blocks or there
    for axis in range(table.shape[1]):
        for first in range(0, there - each + 1, each):
            part = table[first * SAMPLES : (first + each) * SAMPLES, axis].reshape(each, SAMPLES)
            name = f"{Path(path).name}[{first * SAMPLES},{axis}]"
            digits = np.ascontiguousarray(part, np.int16)
            yield name, Record(digits, row["scale"], row["fs_hz"], row["shaft_hz"], orders)


def compare(tally: Tally, name: str, record: Record, told: Told) -> None:
    """One record against the reference of the same digits."""
    tally.records += 1
    expected = reference.bearing(
        record.digits.astype(np.float64) * record.g_per_digit,
        record.rate_hz,
        record.shaft_hz,
        record.orders,
    )
    if told.wrong:
        tally.differ.append(f"{name}: not finite: {told.wrong}")
    if told.verdicts != expected.verdicts:
        tally.differ.append(f"{name}: verdicts {told.verdicts}, not {expected.verdicts}")
    if {race: tuple(marks) for race, marks in told.marks.items()} != expected.marks:
        tally.differ.append(f"{name}: marks {told.marks}, not {expected.marks}")
    for key in {*told.withheld, *expected.withheld} - {"bearing_fault", "bpfo", "bpfi"}:
        if told.withheld.get(key) != expected.withheld.get(key):
            tally.differ.append(f"{name}: {key} is {told.withheld.get(key)} on the node only")
    for key, right in expected.values.items():
        value = told.values.get(key)
        if value is None:
            continue
        if key.endswith("_g"):
            tally.amplitudes.append((abs(value / right - 1.0), f"{name} {key}"))
        else:
            tally.scores.append((abs(float(np.log(value / right))), f"{name} {key}"))


def show(title: str, tally: Tally) -> None:
    print(f"\n{title}: {tally.records} records")
    for what, found in (("S", tally.scores), ("amplitude", tally.amplitudes)):
        if found:
            most, where = max(found)
            usual = np.percentile([away for away, _ in found], 99)
            print(f"  {what:10} worst {most:.5f} ({where}), 99 % within {usual:.5f}")
    print(f"  verdicts, marks or reasons that differ: {len(tally.differ)}")
    for line in tally.differ:
        print(f"    {line}")


def _counts(texts: Sequence[str]) -> list[int | None]:
    return [None if text == "all" else int(text) for text in texts]


def main() -> int:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(description=lines[0], epilog=lines[-1])
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    parser.add_argument("--blocks", default="1,8,all", help="K of the records (1,8,all)")
    parser.add_argument("--runtime", help="cpython, or the command of a MicroPython")
    parser.add_argument("--backend", default="viper", choices=("viper", "ulab"))
    parser.add_argument("--only", default="", help="what the recording's path must have in it")
    given = parser.parse_args()
    kind = "cpython" if given.runtime == "cpython" else None
    runtime: Runtime = choose_runtime(kind, None if kind else given.runtime)
    print(f"{given.backend} on {runtime}")
    good = True
    for blocks in _counts(given.blocks.split(",")):
        tally = Tally()
        for path, row in recordings(given.data, given.only):
            named = list(records_of(path, row, blocks))
            told = run([record for _, record in named], runtime, backend=given.backend)
            for (name, record), said in zip(named, told, strict=True):
                compare(tally, name, record, said)
        show(f"K = {blocks or 'all'}", tally)
        good = good and tally.ok
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
