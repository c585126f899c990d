"""What the bearing verdict says of recordings whose fault is known: `tools/confusion.py --data …`.

Folders with a manifest.json beside npy files (rate, shaft speed, fault orders, label), through the
float64 reference: as recorded, and as other sensors would have measured (resampled, band-limited,
with their noise, resolution and range).  Prints label against verdict, by all blocks of 4096, by
8 and by single ones; the axis with the greater S speaks for its point.  `--write` keeps the counts
in docs/confusion.json, from which `make gen` fills docs/features.md.
The same through the twins of the sensors and the node's own code: tools/confusion_twins.py.
"""

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from nodewright.reference.bearing import RACES, Bearing, bearing
from wire import chips

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "docs" / "confusion.json"
WINDOW = 4096
FOLDERS = ("adi_adxl356", "cwru", "mfpt")
FAULTS = {"inner_race": "inner race", "outer_race": "outer race", "ball": "ball"}
LABELS = ("healthy", "inner race", "outer race", "ball")
VERDICTS = ("none", "outer race", "inner race", "withheld")
PLANS = ("all", "first 8", "last 8", "1")
SPEED_ERRORS_PCT = (0.0, 0.5, -0.5, 2.0, -2.0)
HIGH_KURTOSIS = 4.0
_MOST_DENOMINATOR = 4000
_TAPS = 63  # of the filter before samples are left out
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One recording. samples: float64[n, axes] in g."""

    name: str
    label: str
    rate_hz: float
    shaft_hz: float
    orders: dict[str, float]
    samples: Floats


@dataclass(frozen=True)
class Sensor:
    """What a chip makes of a vibration.

    rate_hz: of its samples; decimate: of which every so many is kept, filtered; range_g and bits:
    of a sample; least_source_hz: recordings of a lower rate say nothing of it.
    """

    title: str
    chip: str
    rate_hz: float
    range_g: float
    bits: int
    decimate: int = 1
    least_source_hz: float = 0.0


# Ranges that hold the strongest recording but for single blows; full-resolution digits.
SENSORS = {
    "adxl345": Sensor("ADXL345, 3.2 kHz", "adxl345", 3200, 16, 13),
    "kx134": Sensor("KX134, 12.8 kHz", "kx134", 12_800, 32, 16),
    "iis3dwb": Sensor("IIS3DWB, 26.7 kHz, every 2nd sample", "iis3dwb", 26_667, 16, 16, 2),
    "kx134-full": Sensor("KX134, 25.6 kHz", "kx134", 25_600, 32, 16, 1, 20_000),
    "iis3dwb-full": Sensor("IIS3DWB, 26.7 kHz", "iis3dwb", 26_667, 16, 16, 1, 20_000),
}


def points(data: Path) -> Iterator[Point]:
    """All vibration recordings of a folder of folders."""
    for folder in FOLDERS:
        for row in json.loads((data / folder / "manifest.json").read_text()):
            digits = np.load(data / folder / row["file"])
            samples = digits.reshape(len(digits), -1).astype(np.float64) * row["scale"]
            orders = {key.lower(): float(value) for key, value in row["fault_orders"].items()}
            label = FAULTS.get(row["label"], "healthy")
            name = f"{folder}/{row['file']}"
            yield Point(name, label, row["fs_hz"], row["shaft_hz"], orders, samples)


def through(point: Point, sensor: Sensor, seed: int = 1) -> Point:
    """The point as the sensor would have measured it."""
    row = chips.ROWS[sensor.chip]
    ratio = Fraction(sensor.rate_hz / point.rate_hz).limit_denominator(_MOST_DENOMINATOR)
    rate_hz = point.rate_hz * ratio.numerator / ratio.denominator
    wave = signal.resample_poly(point.samples, ratio.numerator, ratio.denominator, axis=0)
    bandwidth = row["bandwidth"]
    if not isinstance(bandwidth, float):  # in Hz at each rate: a filter of its own
        edge_hz = bandwidth[row["rates_hz"].index(sensor.rate_hz)]
        wave = signal.sosfilt(signal.butter(2, edge_hz, fs=rate_hz, output="sos"), wave, axis=0)
    noise_g = row["noise_g_rthz"] * np.sqrt(rate_hz / 2)
    wave = wave + np.random.default_rng(seed).normal(0.0, noise_g, wave.shape)
    digit_g = 2.0 * sensor.range_g / 2**sensor.bits
    wave = np.clip(np.rint(wave / digit_g) * digit_g, -sensor.range_g, sensor.range_g)
    if sensor.decimate > 1:
        taps = signal.firwin(_TAPS, 0.8 / sensor.decimate)
        wave = signal.lfilter(taps, 1.0, wave, axis=0)[_TAPS :: sensor.decimate]
    return replace(point, rate_hz=rate_hz / sensor.decimate, samples=np.asarray(wave, np.float64))


def plan(blocks: int, name: str) -> list[range]:
    """Which blocks make one verdict; of a shorter recording all."""
    if name == "1":
        return [range(index, index + 1) for index in range(blocks)]
    if name == "all":
        return [range(blocks)]
    return [range(min(8, blocks)) if name == "first 8" else range(max(0, blocks - 8), blocks)]


def judged(point: Point, name: str, speed_error: float = 0.0) -> list[Bearing]:
    """The verdicts of a point, each of the axis with the greater S."""
    count = len(point.samples) // WINDOW
    blocks = point.samples[: count * WINDOW].T.reshape(-1, count, WINDOW)
    shaft_hz = point.shaft_hz * (1.0 + speed_error)
    found = []
    for chosen in plan(count, name):
        axes = [
            bearing(axis[chosen.start : chosen.stop], point.rate_hz, shaft_hz, point.orders)
            for axis in blocks
        ]
        found.append(max(axes, key=_greater_score))
    return found


def _greater_score(found: Bearing) -> float:
    return max(found.scores.get(race, -math.inf) for race in RACES)


def verdict_of(found: Bearing) -> str:
    """In the words of the tables."""
    if not found.verdicts:
        return "withheld"
    return {"bpfo": "outer race", "bpfi": "inner race", None: "none"}[found.named]


def count(chosen: Sequence[Point], name: str) -> dict[str, dict[str, int]]:
    """Label against verdict."""
    cells = Counter((p.label, verdict_of(found)) for p in chosen for found in judged(p, name))
    return {
        label: {verdict: cells[label, verdict] for verdict in VERDICTS if cells[label, verdict]}
        for label in LABELS
    }


def impulsive(chosen: Sequence[Point]) -> dict[str, list[int]]:
    """By label: how many points have a kurtosis from 4 up (of the greatest axis, the median of
    the blocks), of how many."""
    told: dict[str, list[int]] = {label: [0, 0] for label in LABELS}
    for point in chosen:
        blocks = len(point.samples) // WINDOW
        cut = point.samples[: blocks * WINDOW].reshape(blocks, WINDOW, -1)
        away = cut - cut.mean(axis=1, keepdims=True)
        kurtosis = np.mean(away**4, axis=1) / np.mean(away**2, axis=1) ** 2
        told[point.label][0] += bool(np.median(kurtosis, axis=0).max() >= HIGH_KURTOSIS)
        told[point.label][1] += 1
    return told


def by_speed(chosen: Sequence[Point], error_pct: float) -> dict[str, Any]:
    """What becomes of verdicts and of the speed's state where the given speed is wrong."""
    states: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    for point in chosen:
        (found,) = judged(point, "first 8", error_pct / 100.0)
        state = found.speed.state if found.speed else "withheld"
        states[state] += 1
        said = verdict_of(found)
        hits[point.label] += said == point.label
        if said not in ("none", "withheld", point.label):
            wrong[state] += 1
    return {
        "error_pct": error_pct,
        "states": dict(states),
        "hits": {label: hits[label] for label in ("inner race", "outer race")},
        "wrong": sum(wrong.values()),
        "wrong_told_off": wrong["off"],
    }


def table(cells: dict[str, dict[str, int]]) -> list[str]:
    """Label against verdict, as lines."""
    lines = [f"{'':12}" + "".join(f"{verdict:>12}" for verdict in VERDICTS)]
    for label, row in cells.items():
        lines.append(f"{label:12}" + "".join(f"{row.get(v, 0) or '-':>12}" for v in VERDICTS))
    return lines


def gather(data: Path, names: Sequence[str], plans: Sequence[str]) -> dict[str, Any]:
    """All counts, printed as they come."""
    recorded = list(points(data))
    rows: list[dict[str, Any]] = []
    for name in names:
        chosen, title = recorded, "as recorded"
        if name != "recorded":
            sensor = SENSORS[name]
            title = sensor.title
            chosen = [through(p, sensor) for p in recorded if p.rate_hz >= sensor.least_source_hz]
        kurtosis = impulsive(chosen)
        print(f"\n{title}: {len(chosen)} recordings, kurtosis >= 4: {kurtosis}")
        counts = {}
        for plan_name in plans:
            counts[plan_name] = count(chosen, plan_name)
            print("\n".join([f"\nblocks: {plan_name}", *table(counts[plan_name])]))
        row = {"sensor": title, "recordings": len(chosen), "kurtosis": kurtosis, "counts": counts}
        rows.append(row)
    speeds = [by_speed(recorded, error_pct) for error_pct in SPEED_ERRORS_PCT]
    print()
    for speed in speeds:
        print(speed)
    return {
        "command": "tools/confusion.py --data FOLDER --write",
        "sensors": rows,
        "speed": speeds,
    }


def main() -> int:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(description=lines[0], epilog=lines[-1])
    parser.add_argument("--data", type=Path, required=True, help="folder of folders of recordings")
    names = ("recorded", *SENSORS)
    parser.add_argument("--sensor", action="append", choices=names, help="all where none is given")
    parser.add_argument("--blocks", action="append", choices=PLANS, help="all where none is given")
    parser.add_argument("--write", action="store_true", help="keep all counts for the docs")
    given = parser.parse_args()
    if given.write and (given.sensor or given.blocks):
        parser.error("--write keeps all counts: leave --sensor and --blocks out")
    found = gather(given.data, given.sensor or names, given.blocks or PLANS)
    if given.write:
        found["twins"] = json.loads(KEPT.read_text(encoding="utf-8"))["twins"]
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
