"""How far the node's features are from the reference: `tools/accuracy.py [--data FOLDER] …`.

Analytic signals, and recordings where a folder of them is given (folders with a manifest.json
beside npy files), go through the node's own code on each backend of each runtime, and through the
float64 reference.  Prints a row a feature: the worst deviation, that in
parts of its tolerance, and where.  Exit code 1 if any is beyond its tolerance.
Bearings (env_*, verdicts) take K blocks and a speed: they are in tools/accuracy_envelope.py.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nodewright import reference
from nodewright.floor import REASON, Floor
from nodewright.offline import Block, Runtime, choose_runtime, run
from nodewright.readings import order_readings

LINES = 5
BANDS = ((20.0, 150.0), (150.0, 390.0))
KEYS = (
    *("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest", "kurtosis", "skewness"),
    *("vel_rms_mm_s", "disp_rms_um", "disp_p2p_um", "hf_rms_g", "band1_g", "band2_g"),
    *(f"line{rank}_{unit}" for rank in range(1, LINES + 1) for unit in ("hz", "g")),
    *(f"order{n}_mm_s" for n in (1, 2, 3)),
)
_DEEPEST_LINE = 0.01  # of the strongest: lines are promised down to -40 dB
_RANKS = 12  # lines of the reference that one of the node may be


@dataclass(frozen=True)
class Case:
    """One block and where it is from."""

    name: str
    block: Block
    shaft_hz: float


@dataclass
class Worst:
    """The worst deviation of one feature; ratio is in parts of the tolerance."""

    ratio: float = -1.0
    value: float = 0.0
    expected: float = 0.0
    where: str = ""
    compared: int = 0

    def add(self, value: float, expected: float, bound: float, where: str) -> None:
        self.compared += 1
        away = abs(value - expected)
        ratio = away / bound if bound else (0.0 if away == 0 else float("inf"))
        if ratio > self.ratio:
            self.ratio, self.value, self.expected, self.where = ratio, value, expected, where


@dataclass
class Tally:
    """All deviations of one backend on one runtime.

    reasons: what only one side withheld; below: values that both hold under the floor; two_ways:
    lines on which the definition is undecided.
    """

    worst: dict[str, Worst] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    below: int = 0
    two_ways: int = 0

    def one_side(self, why: str) -> None:
        self.reasons[why] = self.reasons.get(why, 0) + 1

    def add(self, key: str, value: float, expected: float, bound: float, where: str) -> None:
        self.worst.setdefault(key, Worst()).add(value, expected, bound, where)


def _case(
    name: str, x: NDArray[np.float64], rate_hz: float, shaft_hz: float, g: float = 0.0039
) -> Case:
    digits = np.clip(np.round(x), -32768, 32767).astype(np.int16)
    return Case(f"{name} {len(x)}@{rate_hz:g}", Block(digits, g, rate_hz), shaft_hz)


def analytic(lengths: Sequence[int] = (1024, 4096), rate_hz: float = 3200.0) -> Iterator[Case]:
    """Signals that try the number formats: levels, places between bins, pairs far apart."""
    noise = np.random.default_rng(20816)
    for count in lengths:
        n = np.arange(count)
        turn = 2 * np.pi * n / count
        shaft_hz = 8.3 * max(rate_hz / count, 3.0)
        one = 2 * np.pi * n * shaft_hz / rate_hz
        for tenth in range(0, 10, 2):
            place = 37 + tenth / 10
            yield _case(f"tone at bin {place}", 9000 * np.sin(place * turn + 1), rate_hz, shaft_hz)
        pair = np.sin(one) + 0.01 * np.sin(0.31 * count * turn)
        yield _case("1x and a line 40 dB below", 20000 * pair, rate_hz, shaft_hz)
        for below_db in (56, 62, 80, 100):
            pair = np.sin(one) + 10 ** (-below_db / 20) * np.sin(0.31 * count * turn)
            yield _case(f"1x and a line {below_db} dB below", 32000 * pair, rate_hz, shaft_hz)
            pair = np.sin(0.31 * count * turn) + 10 ** (-below_db / 20) * np.sin(one)
            yield _case(f"a line and 1x {below_db} dB below", 32000 * pair, rate_hz, shaft_hz)
        pair = 5 * np.sin(0.4003 * count * turn) + 0.02 * np.sin(one + 0.5)
        yield _case("20 mg 1x under 5 g", pair / 0.0039, rate_hz, shaft_hz)
        pair = 5 * np.sin(0.4003 * count * turn) + 0.02 * np.sin(one + 0.5)
        yield _case("the same, 16 g in 16 bits", pair / 0.00049, rate_hz, shaft_hz, 0.00049)
        yield _case("full scale", 32767.4 * np.sign(np.sin(one)), rate_hz, shaft_hz)
        yield _case("one digit", (n // 7 % 2).astype(float), rate_hz, shaft_hz)
        yield _case("DC at the rail", 32600 + 160 * np.sin(one), rate_hz, shaft_hz)
        yield _case("silence", np.full(count, -32768.0), rate_hz, shaft_hz)
        yield _case("noise", 4000 * noise.normal(size=count), rate_hz, shaft_hz)
        yield _case("faint noise", 1.5 * noise.normal(size=count), rate_hz, shaft_hz)
        bursts = noise.normal(size=count) * np.exp(-(n % (count // 9)) / 6.0)
        yield _case("bursts", 9000 * bursts, rate_hz, shaft_hz)
        # Its spectrum is flat: there is no line in it to compare.
        spike = np.where(n == count // 3, 32767.0, -32768.0)
        yield _case("one spike", spike, rate_hz, shaft_hz)


def recordings(folder: Path, lengths: Sequence[int], blocks: int) -> Iterator[Case]:
    """Blocks of each channel of each recording in g, at its own rate and as if at 3200 Hz."""
    for manifest in sorted(folder.glob("*/manifest.json")):
        for entry in json.loads(manifest.read_text()):
            if entry.get("unit") != "g":
                continue
            samples = np.load(manifest.parent / entry["file"], mmap_mode="r")
            samples = samples.reshape(len(samples), -1)
            rate_hz, shaft_hz = float(entry["fs_hz"]), float(entry.get("shaft_hz") or 25.0)
            for count in lengths:
                starts = np.linspace(0, len(samples) - count, blocks).astype(int)
                for start in starts:
                    for channel in range(samples.shape[1]):
                        digits = np.array(samples[start : start + count, channel], np.int16)
                        name = f"{manifest.parent.name}/{entry['file']}[{start},{channel}]"
                        for rate, shaft in ((rate_hz, shaft_hz), (3200.0, 25.0)):
                            block = Block(digits, float(entry["scale"]), rate)
                            yield Case(f"{name} {count}@{rate:g}", block, shaft)


def compare(cases: Sequence[Case], runtime: Runtime, backend: str) -> Tally:
    """Run all cases on one backend of one runtime and compare each value."""
    tally = Tally()
    for shaft_hz in sorted({case.shaft_hz for case in cases}):
        group = [case for case in cases if case.shaft_hz == shaft_hz]
        blocks = [case.block for case in group]
        options = {"bands": BANDS, "shaft_hz": shaft_hz}
        for case, got in zip(
            group, run(blocks, runtime, backend=backend, keys=KEYS, options=options), strict=True
        ):
            if got.wrong:
                raise SystemExit(f"{case.name}: not finite: {got.wrong}")
            _compare(tally, case, got.values, got.withheld)
    return tally


def _compare(
    tally: Tally, case: Case, values: Mapping[str, float], withheld: Mapping[str, str]
) -> None:
    block, name = case.block, case.name
    bin_hz = block.rate_hz / len(block.digits)
    ranks = [f"line{rank}_{unit}" for rank in range(1, _RANKS + 1) for unit in ("hz", "g")]
    keys = [key for key in KEYS if not key.startswith("line")] + ranks
    samples = block.digits.astype(np.float64) * block.g_per_digit
    expected = reference.compute(samples, block.rate_hz, keys, shaft_hz=case.shaft_hz, bands=BANDS)
    floor = Floor(samples, block.rate_hz, case.shaft_hz)
    for key in KEYS:
        told, should = withheld.get(key), expected.values.get(key)
        if key.startswith("order"):
            should = _nearest_reading(key, values.get(key), should, floor, case.shaft_hz)
        if key.endswith("_hz"):
            continue
        below = should is not None and floor.withholds(key, should, told)
        tally.below += below
        if key.startswith("line"):
            if told == REASON and not below and should is not None:
                tally.one_side(f"{key}: {told} against a value")
        elif should is None or below:
            if key in values:
                why = REASON if below else expected.withheld.get(key)
                tally.one_side(f"{key}: a value against {why}")
        elif key not in values:
            tally.one_side(f"{key}: {told} against a value")
        else:
            expected.values[key] = should
            bound = reference.tolerance(
                key, expected.values, g_per_digit=block.g_per_digit, bin_hz=bin_hz
            )
            if not key.startswith("order") or _stands_out(key, case, expected.values):
                tally.add(key, values[key], should, bound, name)
    _compare_lines(tally, case, values, expected.values, bin_hz, floor)


def _nearest_reading(
    key: str, value: float | None, should: float | None, floor: Floor, shaft_hz: float
) -> float | None:
    """Of the right readings of an order the one nearest to the node's."""
    readings = order_readings(floor.spectrum, shaft_hz, int(key[5]))
    if value is None:
        return None if None in readings else should
    known = [reading for reading in readings if reading is not None]
    return min(known, key=lambda reading: abs(reading - value), default=should)


def _stands_out(key: str, case: Case, expected: Mapping[str, float]) -> bool:
    """Whether an order is a line, and no weaker than lines are promised to be."""
    if "line2_g" in expected and expected["line2_g"] > 0.999 * expected["line1_g"]:
        return False
    hertz = int(key[5]) * case.shaft_hz
    amplitude_g = expected[key] * np.sqrt(2.0) * 2 * np.pi * hertz / 9806.65
    return bool(amplitude_g > 1.05 * _DEEPEST_LINE * expected.get("line1_g", np.inf))


def _compare_lines(
    tally: Tally,
    case: Case,
    values: Mapping[str, float],
    expected: Mapping[str, float],
    bin_hz: float,
    floor: Floor,
) -> None:
    """Each line of the node against the reference's nearest one: by frequency, never by rank."""
    known = [
        (expected[f"line{rank}_hz"], expected[f"line{rank}_g"])
        for rank in range(1, _RANKS + 1)
        if f"line{rank}_hz" in expected
    ]
    strongest = max((g for _, g in known), default=0.0)
    if len(known) > 1 and known[1][1] > 0.999 * known[0][1]:
        return
    for rank in range(1, LINES + 1):
        hz, g = values.get(f"line{rank}_hz"), values.get(f"line{rank}_g")
        if hz is None or g is None or g < 1.05 * _DEEPEST_LINE * strongest:
            continue
        near_hz, near_g = min(known, key=lambda line: abs(line[0] - hz), default=(0.0, 0.0))
        if abs(near_hz - hz) > 0.05 * bin_hz and _two_ways(case.block, near_hz):
            tally.two_ways += 1
            continue
        if floor.withholds("line1_g", near_g, None):
            tally.one_side(f"line{rank}_g: a value against {REASON}")
        tally.add("line_hz", hz, near_hz, 0.05 * bin_hz, case.name)
        tally.add("line_g", g, near_g, 0.01 * near_g, case.name)


def _two_ways(block: Block, hertz: float) -> bool:
    """Whether the definition turns on less than 0.1 % here.

    A line leans to the larger of its neighbours, and of two maxima within four bins the larger
    one counts: where these are equal, rounding decides.
    """
    count = len(block.digits)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count)
    level = np.abs(np.fft.rfft(window * (block.digits - np.mean(block.digits))))
    middle = int(hertz * count / block.rate_hz + 0.5)
    low = max(middle - 5, 1)
    part = level[low : middle + 6]
    inner = part[1:-1]
    maxima = np.flatnonzero((inner >= part[:-2]) & (inner >= part[2:])) + 1
    leans = [abs(part[at + 1] - part[at - 1]) / part[at] for at in maxima]
    sizes = np.sort(part[maxima])
    return min([*leans, *(np.diff(sizes) / sizes[1:])], default=1.0) < 1e-3


def show(title: str, tally: Tally) -> bool:
    """Print a table; True if all is within its tolerance."""
    print(f"\n{title}")
    print(f"{'feature':14} {'blocks':>6} {'worst':>9} {'of tolerance':>12}  where")
    for key, worst in tally.worst.items():
        away = worst.value - worst.expected
        shown = f"{away / worst.expected:+9.3%}" if worst.expected else f"{away:+9.2g}"
        print(f"{key:14} {worst.compared:6} {shown} {worst.ratio:12.3f}  {worst.where}")
    if tally.two_ways:
        print(f"{tally.two_ways} lines left out: equal neighbours, the definition is undecided")
    for why, count in sorted(tally.reasons.items()):
        print(f"withheld by one side only, {count} times: {why}")
    print(f"{tally.below} values are below the floor of the node's arithmetic and withheld")
    return not tally.reasons and all(worst.ratio <= 1.0 for worst in tally.worst.values())


def main() -> int:
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(description=lines[0], epilog=lines[-1])
    parser.add_argument("--data", type=Path, help="folder of recordings, each with a manifest")
    parser.add_argument("--blocks", type=int, default=2, help="blocks a recording (2)")
    parser.add_argument("--lengths", default="1024,4096", help="samples a block (1024,4096)")
    parser.add_argument("--runtime", action="append", help="cpython, micropython or a command")
    parser.add_argument("--backend", action="append", choices=("viper", "ulab"))
    parser.add_argument("--only", default="", help="pattern of cases")
    given = parser.parse_args()
    lengths = [int(text) for text in given.lengths.split(",")]
    cases = list(analytic(lengths))
    if given.data:
        cases += recordings(given.data, lengths, given.blocks)
    cases = [case for case in cases if re.search(given.only, case.name)]
    fine = True
    for name in given.runtime or ("cpython", "micropython"):
        known = name in ("cpython", "micropython")
        runtime = choose_runtime(name) if known else choose_runtime(None, name)
        for backend in given.backend or ("viper", "ulab"):
            if name == "micropython" and backend == "ulab":
                continue  # the packaged interpreter has none
            tally = compare(cases, runtime, backend)
            fine &= show(f"{backend} on {runtime}, {len(cases)} blocks", tally)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
