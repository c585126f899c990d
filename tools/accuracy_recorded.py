"""Recorded currents through the converters' twins.

`python tools/accuracy_recorded.py --data FOLDER`: every recording of mains_plaid (a current, its
voltage, the switch-on) and motor_current_itsc (three clamps) is scaled into the range of each
converter, filtered as docs/current.md asks, played to its twin, and measured by the node's driver
and features.  Beside it stands the float64 reference of the recording itself over the same time.
Then what shorted turns do to unbalance and negative sequence.  docs/performance.md has the tables.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools")]

import accuracy_clamps as clamps  # noqa: E402

from nodewright import reference  # noqa: E402
from nodewright.reference.current import inrush as true_inrush  # noqa: E402

Floats = NDArray[np.float64]

DOUBTFUL = ("SC_A0_B2_C0_002.npy", "SC_A1_B0_C0_002.npy")  # labelled faulty, look healthy
BIAS_V, SWING_V = 1.65, 1.45
PLAYED_HZ = 120_000.0
_PEAK = 2**30  # of what is played, as int32
_NOISE_V = {
    "rp2_adc": 0.97 * 3.3 / 4096,
    "mcp3208": 0.5 * 3.3 / 4096,
    "ads1115": 0.5 * 4.096 / 2**15,
}


class Chip(NamedTuple):
    """A converter as docs/current.md has it: corner_hz of the filter before each input."""

    title: str
    name: str
    numbers: tuple[int, ...]
    rate_hz: float
    samples: int
    full_scale_v: float
    corner_hz: float
    begins_s: tuple[float, ...]


MAINS = (
    Chip("RP2040, 2 x 8 kS/s", "rp2_adc", (26, 27), 8000, 1024, 3.3, 3400.0, (0.8, 0.93, 1.07)),
    Chip("MCP3208, 2 x 3.2 kS/s", "mcp3208", (0, 1), 3200, 1024, 3.3, 1060.0, (0.75, 0.9)),
    Chip("ADS1115, 1 x 520 S/s", "ads1115", (0,), 520, 256, 4.096, 340.0, (0.8,)),
)
PHASES = (
    Chip("RP2040, 3 x 8 kS/s", "rp2_adc", (26, 27, 28), 8000, 1024, 3.3, 3400.0, (0.3, 0.55)),
    Chip("MCP3208, 3 x 3.2 kS/s", "mcp3208", (0, 1, 2), 3200, 1024, 3.3, 1060.0, (0.3, 0.5)),
    Chip("ADS1115, 3 x 180 S/s", "ads1115", (0, 1, 2), 180, 128, 4.096, 340.0, (0.15,)),
)


class Recorded(NamedTuple):
    """Columns in A, then in V."""

    name: str
    columns: Floats
    rate_hz: float
    line_hz: float
    currents: int
    label: Mapping[str, Any]


def recordings(folder: Path, name: str) -> list[Recorded]:
    found = []
    for row in json.loads((folder / name / "manifest.json").read_text()):
        scales = np.array(row["scale"] if isinstance(row["scale"], list) else [row["scale"]] * 3)
        table = np.load(folder / name / row["file"]).astype(np.float64) * scales
        currents = 1 if name == "mains_plaid" else 3
        place = row["fs_hz"], row["line_hz"], currents, row
        found.append(Recorded(row["file"], table, *place))
    return found


def played(recorded: Recorded, corner_hz: float, folder: Path) -> tuple[dict[str, Any], Floats]:
    """The source of a twin, resampled and behind the filter; the peaks of its columns."""
    factor = round(PLAYED_HZ / recorded.rate_hz)
    rate_hz = factor * recorded.rate_hz
    fine = signal.resample(recorded.columns, factor * len(recorded.columns), axis=0)
    keep = np.exp(-2 * np.pi * corner_hz / rate_hz)
    fine = signal.lfilter([1 - keep], [1, -keep], fine, axis=0)
    peaks = np.max(np.abs(fine), axis=0)
    path = folder / "played.i32"
    np.round(fine / peaks * _PEAK).astype("<i4").tofile(path)
    source = {
        "kind": "samples",
        "path": str(path),
        "rate_hz": rate_hz,
        "currents": recorded.currents,
        "voltages": recorded.columns.shape[1] - recorded.currents,
        "scales": [float(peak / _PEAK) for peak in peaks],
        "line_hz": recorded.line_hz,
    }
    return source, peaks


class Taken(NamedTuple):
    """One record: blocks, what a digit is worth in each, how many A or V a volt is, evidence."""

    blocks: tuple[Any, ...]
    digits: list[float]
    per_volt: list[float]
    take: Any


def measured(
    chip: Chip, source: dict[str, Any], peaks: Floats, currents: int, begin_s: float
) -> Taken:
    """A record of the node's driver from a converter's twin."""
    wired, per_volt = [], []
    for place, number in enumerate(chip.numbers):
        voltage = place >= currents
        # Three phases have clamps of one kind.
        peak = float(peaks[place] if voltage else np.max(peaks[:currents]))
        per_volt.append(peak / SWING_V)
        wired.append(
            {
                "input": number,
                "signal": "voltage" if voltage else "current",
                "phase": place - currents if voltage else place,
                "per_volt": per_volt[-1],
                "bias_v": BIAS_V,
            }
        )
    driver, world = clamps.converter(chip.name, chip.numbers, source, wired)
    inputs = chip.numbers, chip.full_scale_v, source["line_hz"]
    driver.configure(chip.rate_hz, chip.samples, *inputs)
    blocks = clamps.inputs_module.make_blocks(len(chip.numbers), chip.samples)
    take = clamps.inputs_module.Take(len(chip.numbers))
    world.advance_us(round(begin_s * 1e6))
    driver.begin()
    world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    digits = [driver.per_digit(n) * by for n, by in zip(chip.numbers, per_volt, strict=True)]
    return Taken(blocks, digits, per_volt, take)


def told(chip: Chip, recorded: Recorded, taken: Taken) -> list[dict[str, float]]:
    """The node's features of a record."""
    currents = min(recorded.currents, len(chip.numbers))
    current = clamps.current_module.Current(
        clamps.backend,
        chip.samples,
        currents,
        len(chip.numbers) - currents,
        noise_a=[_NOISE_V[chip.name] * by for by in taken.per_volt[:currents]],
        delays_us=list(taken.take.skew_us[: len(chip.numbers)]),
    )
    out: list[dict[str, float]] = [{} for _ in range(currents)]
    rest: list[dict[str, str]] = [{} for _ in range(currents)]
    rate = taken.take.rate_hz, taken.take.rate_ppm
    current.compute(
        taken.blocks,
        taken.digits,
        *rate,
        clamps.current_module.KEYS,
        out,
        rest,
        averaged_us=clamps.ADS1115_US if chip.name == "ads1115" else 0.0,
    )
    return out


def truth(recorded: Recorded, begin_s: float, seconds: float) -> list[Any]:
    """The reference of the recording itself, over the same time."""
    first = round(begin_s * recorded.rate_hz)
    # Halves of halves are whole samples.
    part = recorded.columns[first : first + 4 * int(seconds * recorded.rate_hz / 4)]
    columns = [np.ascontiguousarray(column) for column in part.T]
    return reference.currents(
        columns[: recorded.currents],
        recorded.rate_hz,
        voltages=columns[recorded.currents :],
        rate_ppm=10.0,
        delays_us=[0.0] * len(columns),
    )


_PERCENT = ("cur_rms_a", "cur_crest", "cur_power_w")
_POINTS = ("cur_thd_pct", "cur_unbalance_pct", "cur_neg_seq_pct")


def away(ours: Mapping[str, float], right: Mapping[str, float]) -> dict[str, float]:
    """By how much the node is off: % of a level, points of what is in %."""
    found = {}
    for key in (*_PERCENT, *_POINTS):
        if key in ours and key in right:
            scale = 100.0 / right[key] if key in _PERCENT else 1.0
            found[key] = (ours[key] - right[key]) * scale
    return found


def mains(folder: Path, scratch: Path) -> Iterator[tuple[str, str, dict[str, float]]]:
    """(recording, converter, the worst of its windows)."""
    for recorded in recordings(folder, "mains_plaid"):
        for chip in MAINS:
            source, peaks = played(recorded, chip.corner_hz, scratch)
            worst: dict[str, float] = {}
            for begin_s in chip.begins_s:
                taken = measured(chip, source, peaks, 1, begin_s)
                seconds = chip.samples / taken.take.rate_hz
                right = truth(recorded, begin_s, seconds)[0].values
                found = away(told(chip, recorded, taken)[0], right)
                if chip.name == "ads1115":
                    found = {key: value for key, value in found.items() if key == "cur_rms_a"}
                for key, value in found.items():
                    if abs(value) >= abs(worst.get(key, 0.0)):
                        worst[key] = value
            yield recorded.name, chip.title, worst


def switch_ons(folder: Path, scratch: Path) -> Iterator[tuple[str, float, float, float]]:
    """(recording, its peak in A, how far off in %, how far the duration in ms): RP2040."""
    chip = MAINS[0]._replace(numbers=(26,), rate_hz=4000, samples=4096)
    for recorded in recordings(folder, "mains_plaid"):
        source, peaks = played(recorded, chip.corner_hz, scratch)
        taken = measured(chip, source, peaks, 1, 0.0)
        node = clamps.load("node.inrush")
        out: dict[str, float] = {}
        rest: dict[str, str] = {}
        place = taken.take.rate_hz, recorded.line_hz, node.KEYS, out, rest
        noise_a = _NOISE_V[chip.name] * taken.per_volt[0]
        node.Inrush(chip.samples).compute(taken.blocks[0], taken.digits[0], *place, noise_a)
        count = int(chip.samples / taken.take.rate_hz * recorded.rate_hz)
        column = np.ascontiguousarray(recorded.columns[:count, 0])
        right, _ = true_inrush(column, recorded.rate_hz, recorded.line_hz, noise_a)
        peak_a = right.values["cur_inrush_a"]
        off_ms = float("nan")
        if "cur_inrush_ms" in out and "cur_inrush_ms" in right.values:
            off_ms = out["cur_inrush_ms"] - right.values["cur_inrush_ms"]
        yield recorded.name, peak_a, 100 * (out["cur_inrush_a"] / peak_a - 1), off_ms


def phases(
    folder: Path, scratch: Path, every: int = 1
) -> tuple[dict[str, dict[str, float]], dict[str, list[tuple[float, float]]]]:
    """By converter the worst error; by class of the motor (unbalance, negative sequence) as the
    RP2040's twin has them."""
    errors: dict[str, dict[str, float]] = {}
    classes: dict[str, list[tuple[float, float]]] = {}
    for recorded in recordings(folder, "motor_current_itsc")[::every]:
        for chip in PHASES:
            source, peaks = played(recorded, chip.corner_hz, scratch)
            worst = errors.setdefault(chip.title, {})
            for begin_s in chip.begins_s:
                taken = measured(chip, source, peaks, 3, begin_s)
                out = told(chip, recorded, taken)
                results = truth(recorded, begin_s, chip.samples / taken.take.rate_hz)
                for ours, right in zip(out, results, strict=True):
                    for key, value in away(ours, right.values).items():
                        if key in ("cur_rms_a", "cur_unbalance_pct", "cur_neg_seq_pct"):
                            worst[key] = max(worst.get(key, 0.0), abs(value))
                if chip is PHASES[0] and begin_s == chip.begins_s[0]:
                    pair = out[0]["cur_unbalance_pct"], out[0]["cur_neg_seq_pct"]
                    classes.setdefault(class_of(recorded), []).append(pair)
    return errors, classes


def class_of(recorded: Recorded) -> str:
    if recorded.name in DOUBTFUL:
        return "the two doubtful labels"
    severity = recorded.label.get("severity_pct")
    return f"{severity} % of the turns" if severity else "healthy"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of recordings")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nodewright-recorded-") as name:
        scratch = Path(name)
        print("| recording, converter | RMS, % | crest, % | THD, points | power, % |")
        print("| --- | --- | --- | --- | --- |")
        of_mains = ("cur_rms_a", "cur_crest", "cur_thd_pct", "cur_power_w")
        for recording, title, worst in mains(given.data, scratch):
            cells = [f"{worst[key]:+.2f}" if key in worst else "-" for key in of_mains]
            print(f"| {recording}, {title} | " + " | ".join(cells) + " |")
        print("\n| switch-on, RP2040 at 4 kS/s | peak, A | off, % | duration off, ms |")
        print("| --- | --- | --- | --- |")
        for recording, peak_a, off_pct, off_ms in switch_ons(given.data, scratch):
            print(f"| {recording} | {peak_a:.3g} | {off_pct:+.2f} | {off_ms:+.1f} |")
        errors, classes = phases(given.data, scratch)
        print("\n| converter | RMS, % | unbalance, points | negative sequence, points |")
        print("| --- | --- | --- | --- |")
        of_phases = ("cur_rms_a", "cur_unbalance_pct", "cur_neg_seq_pct")
        for title, worst in errors.items():
            print(f"| {title} | " + " | ".join(f"{worst[key]:.2f}" for key in of_phases) + " |")
        print("\n| motor | records | unbalance, % | negative sequence, % |")
        print("| --- | --- | --- | --- |")
        for title, pairs in sorted(classes.items()):
            low, high = np.min(pairs, axis=0), np.max(pairs, axis=0)
            spans = [f"{a:.1f} to {b:.1f}" for a, b in zip(low, high, strict=True)]
            print(f"| {title} | {len(pairs)} | {spans[0]} | {spans[1]} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
