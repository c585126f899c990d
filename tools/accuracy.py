"""How far the node's features are from the reference: `tools/accuracy.py [--data FOLDER] …`.

Analytic signals, and recordings where a folder of them is given (folders with a manifest.json
beside npy files), go through the node's own code on each backend of each runtime, and through the
float64 reference.  Prints a row a feature: the worst deviation, that in parts of its tolerance,
and where.  Analytic signals go in 16 and in 24 bits, and at the ends of the range of rates.  A
speed is given; every fourth block has it estimated, too, which must be a line of the reference or
a whole part of one.  A zone must be that of the reference's velocity.  Exit code 1 if any is
beyond its tolerance.
Bearings (env_*, verdicts) take K blocks and a speed: they are in tools/accuracy_envelope.py.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from accuracy_cases import Case, analytic, recordings, wide

from nodewright import reference
from nodewright.floor import REASON, Floor
from nodewright.offline import Block, Runtime, Values, choose_runtime, run
from nodewright.readings import order_readings
from nodewright.reference.lines import strongest_lines
from nodewright.reference.spectrum import spectrum_of
from wire import iso20816, validity

__all__ = ["analytic", "compare", "recordings", "show", "wide"]

LINES = 5
BANDS = ((20.0, 150.0), (150.0, 390.0), (0.0, 52.0), (387.0, 399.0))
MACHINE = (2, "rigid")
# Of the analytic signals, beside those at 3200 Hz: the least and the most of a node's.
LENGTHS, RATES_HZ = (256, 512, 1024, 2048, 4096), (400.0, 26_667.0)
KEYS = (
    *("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest", "kurtosis", "skewness"),
    *("vel_rms_mm_s", "disp_rms_um", "disp_p2p_um", "hf_rms_g"),
    *(f"band{rank}_g" for rank in range(1, len(BANDS) + 1)),
    *(f"line{rank}_{unit}" for rank in range(1, LINES + 1) for unit in ("hz", "g")),
    *(f"order{n}_mm_s" for n in (1, 2, 3)),
    *("shaft_hz", "shaft_confidence", "zone"),
)
_PARTS = (1, 2, 3)  # of a line, that an estimated speed may be
_ESTIMATED = 4  # every so manieth block has its speed estimated
_DEEPEST_LINE = 0.01  # of the strongest: lines are promised down to -40 dB
_RANKS = 12  # lines of the reference that one of the node may be


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


def compare(cases: Sequence[Case], runtime: Runtime, backend: str) -> Tally:
    """Run all cases on one backend of one runtime and compare each value."""
    tally = Tally()
    for shaft_hz, is_wide in sorted({(case.shaft_hz, case.wide) for case in cases}):
        group = [case for case in cases if (case.shaft_hz, case.wide) == (shaft_hz, is_wide)]
        options = {"bands": BANDS, "shaft_hz": shaft_hz, "machine": MACHINE, "wide": is_wide}
        for case, got in _told(group, runtime, backend, KEYS, options):
            _compare(tally, case, got.values, got.withheld)
    for is_wide in (False, True):
        group = [case for case in cases[::_ESTIMATED] if case.wide == is_wide]
        keys = ("shaft_hz", "shaft_confidence")
        for case, got in _told(group, runtime, backend, keys, {"wide": is_wide}):
            if "shaft_hz" in got.values:
                _compare_estimate(tally, case, got.values["shaft_hz"])
    return tally


def _told(
    cases: Sequence[Case],
    runtime: Runtime,
    backend: str,
    keys: Sequence[str],
    options: Mapping[str, Any],
) -> Iterator[tuple[Case, Values]]:
    """What the node says of each case.  Raises SystemExit where that is no number."""
    blocks = [case.block for case in cases]
    told = run(blocks, runtime, backend=backend, keys=keys, options=options) if blocks else []
    for case, got in zip(cases, told, strict=True):
        if got.wrong:
            raise SystemExit(f"{case.name}: not finite: {got.wrong}")
        yield case, got


def _compare_estimate(tally: Tally, case: Case, shaft_hz: float) -> None:
    """An estimated speed against the line, or the whole part of one, that it is nearest to."""
    block = case.block
    spectrum = spectrum_of(block.digits.astype(np.float64) * block.g_per_digit, block.rate_hz)
    places = [line.frequency_hz / n for line in strongest_lines(spectrum) for n in _PARTS]
    nearest = min(places, key=lambda hertz: abs(hertz - shaft_hz), default=0.0)
    if not _two_ways(block, shaft_hz):
        tally.add("shaft_hz (estimated)", shaft_hz, nearest, 0.05 * spectrum.bin_hz, case.name)


def _compare_zone(
    tally: Tally, case: Case, told: str | None, zone: float | None, velocity: float | None
) -> None:
    """The zone against that of the reference's velocity; on a limit either is right."""
    block = case.block
    seconds = len(block.digits) / block.rate_hz
    known = {
        "seconds": seconds,
        "shaft_hz": case.shaft_hz,
        "shaft_turns": case.shaft_hz * seconds,
        "velocity_to_hz": min(1000.0, 0.4 * block.rate_hz),
        "confidence": 1.0,
    }
    broken = [
        reason
        for quantity, least, _, reason in validity.rules_of("zone")
        if quantity in known and known[quantity] < least
    ]
    if broken or velocity is None:
        if zone is not None or (broken and told != broken[0]):
            tally.one_side(f"zone: {told or zone} against {broken or REASON}")
    elif zone is None:
        tally.one_side(f"zone: {told} against a value")
    else:
        limits = iso20816.limits(*MACHINE)
        right = [float(iso20816.zone(velocity * part, limits)) for part in (0.99, 1.0, 1.01)]
        tally.add("zone", zone, zone if zone in right else right[1], 0.0, case.name)


def _compare(
    tally: Tally, case: Case, values: Mapping[str, float], withheld: Mapping[str, str]
) -> None:
    block, name = case.block, case.name
    bin_hz = block.rate_hz / len(block.digits)
    ranks = [f"line{rank}_{unit}" for rank in range(1, _RANKS + 1) for unit in ("hz", "g")]
    unknown = ("line", "zone", "shaft_confidence")
    keys = [key for key in KEYS if not key.startswith(unknown)] + ranks
    samples = block.digits.astype(np.float64) * block.g_per_digit
    expected = reference.compute(samples, block.rate_hz, keys, shaft_hz=case.shaft_hz, bands=BANDS)
    floor = Floor(samples, block.rate_hz, case.shaft_hz)
    for key in KEYS:
        told, should = withheld.get(key), expected.values.get(key)
        if key == "shaft_confidence":
            should = 1.0  # of a speed that is given
        if key == "zone":
            velocity = expected.values.get("vel_rms_mm_s")
            if velocity is not None and floor.withholds("vel_rms_mm_s", velocity, told):
                velocity = None
            _compare_zone(tally, case, told, values.get(key), velocity)
            continue
        if key.startswith("order"):
            should = _nearest_reading(key, values.get(key), should, floor, case.shaft_hz)
        if key.startswith("line") and key.endswith("_hz"):
            continue
        if key == "shaft_hz" and told == "too_short":
            continue  # given, but the record has not four of its turns
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
            if key == "shaft_confidence":
                bound = 0.0
            else:
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
    print(f"{'feature':20} {'blocks':>6} {'worst':>9} {'of tolerance':>12}  where")
    for key, worst in tally.worst.items():
        away = worst.value - worst.expected
        shown = f"{away / worst.expected:+9.3%}" if worst.expected else f"{away:+9.2g}"
        print(f"{key:20} {worst.compared:6} {shown} {worst.ratio:12.3f}  {worst.where}")
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
    cases += list(wide(cases))
    for rate_hz in RATES_HZ:
        cases += analytic(LENGTHS, rate_hz)
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
