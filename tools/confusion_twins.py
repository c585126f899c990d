"""The bearing verdict of a node with a given sensor: `tools/confusion_twins.py --data …`.

The recordings of tools/confusion.py, each played to the register-level twin of a sensor with its
bandwidth, noise, digits, range and clock, read by the driver and by capture, eight blocks of 4096
in a row, and judged by the node's own code (`--runtime`, viper).  Prints label against verdict and
what was missed; `--write` keeps the counts in docs/confusion.json, from which `make gen` fills
docs/features.md.  The same by formulas in float64, and with other speeds: tools/confusion.py.
"""

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from confusion import (
    HIGH_KURTOSIS,
    KEPT,
    LABELS,
    SENSORS,
    VERDICTS,
    Point,
    Sensor,
    points,
    table,
)
from numpy.typing import NDArray
from scipy import signal
from twin_capture import Board, Captured

from nodewright import reference
from nodewright.offline import Block, Runtime, choose_runtime
from nodewright.offline import run as run_features
from nodewright.offline_envelope import Record, Told
from nodewright.offline_envelope import run as run_envelopes
from nodewright.playback import resample
from nodewright.records import Recording, Source
from wire import chips

PLANS = {"first 8": 8, "1": 1}
MOST_BLOCKS = 8
RACES = {"bpfo": "outer race", "bpfi": "inner race"}
# Of the twins' oscillators: within what the data sheets allow, and nothing that the node knows.
CLOCK_ERROR_PPM = {"adxl345": 4000, "kx134": -6000, "iis3dwb": 3000}
_ROOM = 1.1  # of a range above the recording's peak
_SPARE = 0.1  # seconds of nothing, for the noise


@dataclass(frozen=True)
class Heard:
    """One recording as the sensor gave it to the node."""

    point: Point
    range_g: int
    captured: Captured


@dataclass(frozen=True)
class Verdict:
    """Of K blocks of one recording: the axis with the greater S speaks."""

    name: str
    label: str
    said: str
    score: float
    marks: tuple[str, ...]
    differs: bool  # from the float64 reference of the same digits


def wave_of(point: Point, sensor: Sensor) -> NDArray[np.float64]:
    """What reaches the chip's converter, at its own rate: resampled, through its filter."""
    row = chips.ROWS[sensor.chip]
    own_hz = sensor.rate_hz * (1.0 + CLOCK_ERROR_PPM[sensor.chip] * 1e-6)
    origin = Source(Path(point.name), "npy", 0, "", None, 1.0, 0, ())
    names = tuple(str(axis) for axis in range(point.samples.shape[1]))
    wave = resample(Recording(point.samples, point.rate_hz, names, "g", origin), own_hz)
    if not isinstance(row["bandwidth"], float):  # in Hz at each rate: a filter of its own
        edge_hz = chips.bandwidth_hz(sensor.chip, sensor.rate_hz)
        wave = signal.sosfilt(signal.butter(2, edge_hz, fs=own_hz, output="sos"), wave, axis=0)
    return np.asarray(wave, np.float64)


def range_for(wave: NDArray[np.float64], chip: str) -> int:
    """The least range with a tenth to spare over the strongest blow; else the greatest."""
    peak_g = float(np.max(np.abs(wave)))
    ranges: tuple[int, ...] = chips.ROWS[chip]["ranges_g"]
    return next((range_g for range_g in ranges if range_g >= _ROOM * peak_g), ranges[-1])


def hear(point: Point, sensor: Sensor, folder: Path) -> Heard:
    """A recording through twin, driver and capture: eight blocks, or as many as it has."""
    wave = wave_of(point, sensor)
    range_g = range_for(wave, sensor.chip)
    board = _board(sensor, wave, range_g, folder)
    blocks = min(MOST_BLOCKS, board.holds(sensor.decimate))
    return Heard(point, range_g, board.capture(blocks, sensor.decimate))


def _board(sensor: Sensor, wave: NDArray[np.float64], range_g: int, folder: Path) -> Board:
    return Board(
        sensor.chip,
        wave,
        folder,
        odr_hz=sensor.rate_hz,
        range_g=range_g,
        clock_error_ppm=CLOCK_ERROR_PPM[sensor.chip],
    )


def judged(heard: Sequence[Heard], blocks: int, runtime: Runtime) -> list[Verdict]:
    """What the node says of every so many blocks of each recording; of fewer, of all."""
    groups: list[tuple[Point, list[Record]]] = []
    for its in heard:
        digits = its.captured.digits
        each = min(blocks, digits.shape[1])
        for first in range(0, digits.shape[1] - each + 1, each):
            axes = [_record(its, axis[first : first + each]) for axis in digits]
            groups.append((its.point, axes))
    told = iter(run_envelopes([record for _, axes in groups for record in axes], runtime))
    return [_verdict(point, axes, [next(told) for _ in axes]) for point, axes in groups]


def _record(its: Heard, digits: NDArray[np.int16]) -> Record:
    captured, point = its.captured, its.point
    return Record(digits, captured.g_per_digit, captured.rate_hz, point.shaft_hz, point.orders)


def _verdict(point: Point, records: Sequence[Record], told: Sequence[Told]) -> Verdict:
    scores = [max(its.scores.get(race, -math.inf) for race in RACES) for its in told]
    at = int(np.argmax(scores))
    its, record = told[at], records[at]
    in_g = record.digits.astype(np.float64) * record.g_per_digit
    expected = reference.bearing(in_g, record.rate_hz, record.shaft_hz, record.orders)
    said = "none" if its.verdicts else "withheld"
    named = [race for race, present in its.verdicts.items() if present]
    if named:
        said = RACES[named[0]]
    marks = tuple(its.marks.get(named[0] if named else "bpfo", ()))
    differs = its.verdicts != expected.verdicts
    return Verdict(point.name, point.label, said, scores[at], marks, differs)


def count(found: Sequence[Verdict]) -> dict[str, dict[str, int]]:
    """Label against verdict."""
    cells = Counter((its.label, its.said) for its in found)
    return {
        label: {verdict: cells[label, verdict] for verdict in VERDICTS if cells[label, verdict]}
        for label in LABELS
    }


def impulsive(heard: Sequence[Heard], runtime: Runtime) -> dict[str, list[int]]:
    """By label: how many points have a kurtosis from 4 up (of the greatest axis, the median of
    the blocks), of how many; the node's own."""
    told: dict[str, list[int]] = {label: [0, 0] for label in LABELS}
    blocks = [
        Block(block, its.captured.g_per_digit, its.captured.rate_hz)
        for its in heard
        for axis in its.captured.digits
        for block in axis
    ]
    values = iter(run_features(blocks, runtime, keys=("kurtosis",)))
    for its in heard:
        axes, count = its.captured.digits.shape[:2]
        found = [[next(values).values["kurtosis"] for _ in range(count)] for _ in range(axes)]
        told[its.point.label][0] += max(float(np.median(axis)) for axis in found) >= HIGH_KURTOSIS
        told[its.point.label][1] += 1
    return told


def own_noise_g(sensor: Sensor, runtime: Runtime, folder: Path) -> float:
    """RMS of what the node measures where nothing moves, in the sensor's least range."""
    frames = int(_SPARE * sensor.rate_hz) + 1
    range_g = chips.ROWS[sensor.chip]["ranges_g"][0]
    captured = _board(sensor, np.zeros((frames, 1)), range_g, folder).capture(1, sensor.decimate)
    block = Block(captured.digits[0, 0], captured.g_per_digit, captured.rate_hz)
    (told,) = run_features([block], runtime, keys=("acc_rms_g",))
    return told.values["acc_rms_g"]


def measure(
    sensor: Sensor, recorded: Sequence[Point], runtime: Runtime, folder: Path
) -> dict[str, Any]:
    """The row of one sensor, printed as it comes."""
    begin_s = time.process_time()
    chosen = [point for point in recorded if point.rate_hz >= sensor.least_source_hz]
    heard = [hear(point, sensor, folder) for point in chosen]
    kurtosis = impulsive(heard, runtime)
    noise_g = own_noise_g(sensor, runtime, folder)
    clipped = [its.point.name for its in heard if its.captured.clipped]
    bad = [its.point.name for its in heard if not its.captured.valid and not its.captured.clipped]
    if bad:
        raise SystemExit(f"{sensor.title}: samples were lost in {', '.join(bad)}")
    print(f"\n{sensor.title}, by its twin: {len(chosen)} recordings, own noise {noise_g:.2g} g")
    print(f"kurtosis >= 4: {kurtosis}")
    print(f"over its range in single blows: {', '.join(clipped) or 'none'}")
    counts, differ = {}, 0
    for plan, blocks in PLANS.items():
        found = judged(heard, blocks, runtime)
        counts[plan] = count(found)
        differ += sum(its.differs for its in found)
        print("\n".join([f"\nblocks: {plan}", *table(counts[plan])]))
        for its in found if blocks > 1 else ():
            expected = its.label if its.label in RACES.values() else "none"
            if its.said not in (expected, "withheld"):
                print(f"  {its.name} ({its.label}): {its.said}, S {its.score:.2f}, {its.marks}")
    print(f"verdicts that are not those of the float64 reference: {differ}")
    print(f"{time.process_time() - begin_s:.0f} s of CPU", flush=True)
    return {
        "sensor": sensor.title,
        "recordings": len(chosen),
        "noise_g": round(noise_g, 5),
        "ranges_g": dict(sorted(Counter(its.range_g for its in heard).items())),
        "clipped": len(clipped),
        "kurtosis": kurtosis,
        "counts": counts,
        "differ": differ,
    }


def main() -> int:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(description=lines[0], epilog=lines[-1])
    parser.add_argument("--data", type=Path, required=True, help="folder of folders of recordings")
    parser.add_argument("--sensor", action="append", choices=SENSORS, help="all where none is")
    parser.add_argument("--every", type=int, default=1, help="only every so many recordings, 1")
    parser.add_argument("--runtime", choices=("micropython", "cpython"), help="of the node's code")
    parser.add_argument("--write", action="store_true", help="keep the counts for the docs")
    given = parser.parse_args()
    if given.write and (given.sensor or given.every != 1):
        parser.error("--write keeps all counts: leave --sensor and --every out")
    recorded = sorted(points(given.data), key=lambda point: point.name)[:: given.every]
    runtime = choose_runtime(given.runtime)
    with tempfile.TemporaryDirectory(prefix="nodewright-twins-") as folder:
        rows = [
            measure(SENSORS[name], recorded, runtime, Path(folder))
            for name in given.sensor or SENSORS
        ]
    if given.write:
        kept = json.loads(KEPT.read_text(encoding="utf-8"))
        kept["twins"] = {
            "command": "tools/confusion_twins.py --data FOLDER --write",
            "sensors": rows,
        }
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
