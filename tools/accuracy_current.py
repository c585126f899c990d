"""How far the node's currents are from the truth: `tools/accuracy_current.py [--data FOLDER]`.

Currents that are known without computing them (any phase, 45 to 65 Hz, harmonics, 12 and 16 bits
with noise, delays of a round robin) go through the node's own code and through the float64
reference, which shares no code with it; with --data the recordings of mains_plaid and
motor_current_itsc, too.  Prints the worst deviation of each feature from the truth and from the
reference, and what the sketches that everybody uses say of the same samples.
Exit code 1 if a value is beyond its tolerance, or a reason or a mark differs.
The vibration's and the envelope's accuracy: tools/accuracy.py, tools/accuracy_envelope.py.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import reference
from nodewright.offline import Values, choose_runtime
from nodewright.offline_current import Record, run

_DIGIT_A, _DIGIT_V = 0.01, 0.2
_TRUTH = {  # tolerance, whether it is relative
    "cur_rms_a": (0.002, True),
    "cur_freq_hz": (0.02, False),
    "cur_thd_pct": (0.2, False),  # above the floor that is stated
    "cur_unbalance_pct": (0.2, False),
    "cur_neg_seq_pct": (0.2, False),
    "cur_power_w": (0.005, True),
    "cur_power_factor": (0.005, True),
}
_REFERENCE = {
    **dict.fromkeys(("cur_rms_a", "cur_peak_a", "cur_crest", "cur_fund_a"), (0.0005, True)),
    **dict.fromkeys(("cur_volt_v", "cur_apparent_va", "cur_thd_floor_pct"), (0.001, True)),
    **dict.fromkeys(("cur_power_w", "cur_power_factor"), (0.001, True)),
    **dict.fromkeys(("cur_thd_pct", "cur_unbalance_pct", "cur_neg_seq_pct"), (0.05, False)),
    "cur_freq_hz": (0.002, False),
    "cur_thd_order": (0.0, False),
    "cur_phase_order": (0.0, False),
}
_NOT_OURS = ("cur_noise_a",)  # as the settings have it: there is nothing to compute


_OF_BIN = 0.05  # of the shaft's speed, from truth and from the reference


@dataclass
class Tally:
    """The worst of each feature: (deviation, tolerance, where)."""

    worst: dict[str, tuple[float, float, str]] = field(default_factory=dict)
    differ: list[str] = field(default_factory=list)
    values: int = 0

    def add(
        self, key: str, value: float, right: float, bound: tuple[float, bool], at: str
    ) -> None:
        self.values += 1
        scale = abs(right) if bound[1] else 1.0
        away = abs(value - right) / scale if scale else abs(value - right)
        before = self.worst.get(key, (-1.0, 1.0, ""))
        if away / max(bound[0], 1e-9) > before[0] / max(before[1], 1e-9):
            self.worst[key] = (away, bound[0], at)

    @property
    def ok(self) -> bool:
        return not self.differ and all(away <= most for away, most, _ in self.worst.values())


@dataclass(frozen=True)
class Case:
    """A record of which the features are known: of each phase, then of all."""

    name: str
    record: Record
    truth: Sequence[dict[str, float]]


def cases(count: int, seed: int) -> Iterator[Case]:
    """Three phases with harmonics, their voltages, and noise, as a converter has them."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        samples, rate_hz = [(1024, 8000.0), (1024, 4000.0), (2048, 8123.4), (4096, 8000.0)][
            number % 4
        ]
        bits = (12, 16)[number % 2]
        scale = 2.0 ** (bits - 1) * (0.9, 0.45, 0.25)[number % 3]
        hz = float(rng.uniform(45.0, 65.0))
        parts = rng.uniform(0.0, 0.3, 14) / np.arange(2, 16) * (number % 5 > 0)
        parts *= np.arange(2, 16) * hz < 0.45 * rate_hz
        turns = rng.uniform(0.0, 2.0 * np.pi, 14)
        delays = [0.0, *(rng.uniform(-50.0, 50.0, 5) * (number % 7 > 0))]
        noise = 0.7 if bits == 12 else 0.0
        yield _case(rng, samples, rate_hz, hz, scale, parts, turns, delays, noise, f"{bits} bits")


def _case(
    rng: np.random.Generator,
    samples: int,
    rate_hz: float,
    hz: float,
    scale: float,
    parts: NDArray[np.float64],
    turns: NDArray[np.float64],
    delays: Sequence[float],
    noise: float,
    name: str,
) -> Case:
    orders = np.arange(2, 16)
    amplitudes = scale * rng.uniform(0.85, 1.0, 3) / (1.0 + float(np.sum(parts)))
    lags = np.arccos(rng.choice([1.0, 0.9, 0.6, 0.3], 3)) * rng.choice([-1, 1], 3)
    begin = rng.uniform(0.0, 2.0 * np.pi)
    digits = []
    for channel in range(6):
        phase = channel % 3
        t = np.arange(samples) / rate_hz + delays[channel] * 1e-6
        angle = 2.0 * np.pi * hz * t + begin - 2.0 * np.pi / 3.0 * phase
        if channel < 3:
            angle = angle - lags[phase]
            wave = np.sin(angle) + parts @ np.sin(np.outer(orders, angle) + turns[:, None])
            wave = amplitudes[phase] * wave
        else:
            wave = 0.8 * scale * np.sin(angle)
        digits.append(np.round(wave + rng.normal(0.0, noise, samples) + rng.uniform(-9, 9)))
    thd = math.sqrt(float(np.sum(parts**2)))
    fundamental = amplitudes * _DIGIT_A / math.sqrt(2.0)
    rms, volts = fundamental * math.sqrt(1.0 + thd**2), 0.8 * scale * _DIGIT_V / math.sqrt(2.0)
    phasors = fundamental * np.exp(-1j * (lags + 2.0 * np.pi / 3.0 * np.arange(3)))
    third = np.exp(2j * np.pi / 3.0 * np.arange(3))
    sides = sorted([abs(np.sum(phasors * third)), abs(np.sum(phasors * np.conj(third)))])
    truth = [
        {
            "cur_rms_a": float(rms[phase]),
            "cur_freq_hz": hz,
            "cur_thd_pct": 100.0 * thd,
            "cur_power_w": float(volts * fundamental[phase] * math.cos(lags[phase])),
            "cur_power_factor": float(math.cos(lags[phase]) * fundamental[phase] / rms[phase]),
        }
        for phase in range(3)
    ]
    mean = float(np.mean(rms))
    truth[0]["cur_unbalance_pct"] = 100.0 * float(np.max(np.abs(rms - mean))) / mean
    truth[0]["cur_neg_seq_pct"] = 100.0 * float(sides[0] / sides[1])
    record = Record(
        np.array(digits, np.int16),
        [_DIGIT_A] * 3 + [_DIGIT_V] * 3,
        rate_hz,
        3,
        noise_a=[math.hypot(noise, 0.2887) * _DIGIT_A] * 3,
        delays_us=delays,
    )
    return Case(f"{name}, {samples} at {rate_hz:g} Hz, {hz:.3f} Hz", record, truth)


def motors(count: int, seed: int) -> Iterator[Case]:
    """One current of a motor whose air gap is not even: lines beside the mains', -34 to -54 dB."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        pairs, (samples, rate_hz) = (
            (2, 3, 4)[number % 3],
            [(4096, 4000.0), (4096, 2000.0)][number % 2],
        )
        hz, slip = float(rng.uniform(49.0, 61.0)), float(rng.uniform(0.004, 0.06))
        if hz * samples / rate_hz / pairs < 20.0:
            rate_hz = 2000.0
        shaft_hz = hz / pairs * (1.0 - slip)
        level, turn = float(rng.choice([0.002, 0.005, 0.02])), rng.uniform(0.0, 2.0 * np.pi, 4)
        t = 2.0 * np.pi * np.arange(samples) / rate_hz
        wave = np.sin(hz * t + turn[0]) + 0.03 * np.sin(5 * hz * t + turn[1])
        wave += level * np.sin((hz - shaft_hz) * t + turn[2])
        wave += 1.4 * level * np.sin((hz + shaft_hz) * t + turn[3])
        digits = np.round(8000.0 * wave + rng.normal(0.0, 3.0, samples)).astype(np.int16)
        record = Record(digits[None], [_DIGIT_A], rate_hz, pole_pairs=pairs)
        truth = {"cur_shaft_hz": shaft_hz, "cur_slip_pct": 100.0 * slip}
        yield Case(
            f"{pairs} pole pairs, {samples} at {rate_hz:g} Hz, {hz:.3f} Hz", record, [truth]
        )


def recordings(folder: Path) -> Iterator[Case]:
    """What stands on disk; the truth is unknown, the reference is not."""
    for name, low, samples in (("mains_plaid", 20000, 4096), ("motor_current_itsc", 256, 512)):
        manifest = folder / name / "manifest.json"
        for row in json.loads(manifest.read_text()) if manifest.exists() else []:
            table = np.load(folder / name / row["file"])[low : low + samples]
            scales = row["scale"] if isinstance(row["scale"], list) else [row["scale"]] * 3
            currents = 1 if name == "mains_plaid" else 3
            digits = np.ascontiguousarray(table.T, np.int16)
            delays = [0.0] * len(scales)
            record = Record(digits, scales, row["fs_hz"], currents, delays_us=delays)
            yield Case(str(row["file"]), record, [{}] * currents)


def judge(case: Case, told: Sequence[Values], truth: Tally, against: Tally) -> None:
    """One record against what is known of it, and against the reference of the same digits."""
    record = case.record
    rows = record.digits.astype(np.float64) * np.abs(np.array(record.per_digit))[:, None]
    expected = reference.currents(
        list(rows[: record.currents]),
        record.rate_hz,
        voltages=list(rows[record.currents :]),
        noise_a=record.noise_a,
        digits=record.per_digit,
        rate_ppm=record.rate_ppm,
        delays_us=record.delays_us,
        pole_pairs=record.pole_pairs,
    )
    slip = _slip_bounds(record)
    for phase, (said, right) in enumerate(zip(told, expected, strict=True)):
        at = f"{case.name}, phase {phase + 1}"
        ours = {key: why for key, why in said.withheld.items() if key not in _NOT_OURS}
        if said.wrong or ours != right.withheld or said.marked != right.marked:
            against.differ.append(f"{at}: {said.wrong} {ours} {right.withheld} {said.marked}")
        for key, value in right.values.items():
            if key in said.values:
                bound = slip[key] if key in slip else _REFERENCE[key]
                against.add(key, said.values[key], value, bound, at)
        for key, value in case.truth[phase].items():
            if key not in said.values:
                continue
            bound = slip[key] if key in slip else _TRUTH[key]
            if key == "cur_thd_pct":
                # Noise adds in quadrature: what the floor explains is none of ours.
                bound = (bound[0] + said.values["cur_thd_floor_pct"], False)
            truth.add(key, said.values[key], value, bound, at)


def _slip_bounds(record: Record) -> dict[str, tuple[float, bool]]:
    """Of the shaft's speed as a part of a bin, of the slip what that makes at 50 Hz."""
    away_hz = _OF_BIN * record.rate_hz / record.digits.shape[1]
    slip_pct = 100.0 * (record.pole_pairs or 1) * away_hz / 50.0
    return {"cur_shaft_hz": (away_hz, False), "cur_slip_pct": (slip_pct, False)}


def show(title: str, tally: Tally) -> None:
    print(f"\n{title}: {tally.values} values")
    for key, (away, most, where) in sorted(tally.worst.items()):
        print(f"  {key:20} worst {away:.6f}, allowed {most:.4f} ({where})")
    for line in tally.differ:
        print(f"    {line}")


_EMON_SAMPLES = 1480


def emon_rms(digits: NDArray[np.int16]) -> float:
    """The RMS of emonLib's calcIrms, in digits: the second call of 1480 samples.

    As it is described: an exponential filter (1/1024 a sample), begun at half of the converter's
    range, follows the offset, and the RMS is the root of the mean square of what is left, without
    a window.  https://community.openenergymonitor.org/t/understanding-the-adc-offset/5101
    """
    offset, total = 2048.0, 0.0
    for place, digit in enumerate(digits[: 2 * _EMON_SAMPLES].astype(float)):
        offset += (digit - offset) / 1024.0
        if place >= _EMON_SAMPLES:
            total += (digit - offset) ** 2
    return math.sqrt(total / _EMON_SAMPLES)


def esphome_rms(digits: NDArray[np.int16], calls_hz: float, rate_hz: float) -> float:
    """The clamp of ESPHome, in digits: a sample whenever its loop comes round, for 200 ms.

    As ct_clamp describes it: equal samples in a row count once, and the RMS is the root of mean
    square less squared mean.  https://esphome.io/components/sensor/ct_clamp
    """
    step = max(1, round(rate_hz / calls_hz))
    taken = digits[: int(0.2 * rate_hz) : step].astype(float)
    kept = taken[np.r_[True, np.diff(taken) != 0.0]]
    return math.sqrt(max(0.0, float(np.mean(kept**2) - np.mean(kept) ** 2)))


def sketches(seed: int) -> list[tuple[str, float, float, float]]:
    """(signal, worst of ours, of emonLib's, of ESPHome's) over 24 phases, in percent of RMS.

    5 kHz, as emonLib reaches with one current; a thousand calls a second of ESPHome's loop.
    """
    rng = np.random.default_rng(seed)
    rate_hz, samples, shapes = 5000.0, 2 * _EMON_SAMPLES, []
    lamp = [(h, 0.9 / h) for h in range(3, 16, 2)]
    for name, amplitude, harmonics, hz, noise in (
        ("a sine, half of the range", 1000.0, [], 50.0, 0.7),
        ("the same, 47.3 Hz", 1000.0, [], 47.3, 0.7),
        ("a lamp, crest 2 and more", 600.0, lamp, 50.0, 0.7),
        ("1 % of the range, noise of 0.7 digits", 20.0, [], 50.0, 0.7),
        ("3 digits, noise of 0.2", 3.0, [], 50.0, 0.2),
    ):
        records, raws = [], []
        for turn in np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False):
            angle = 2.0 * np.pi * hz * np.arange(samples) / rate_hz + turn
            wave = np.sin(angle) + sum(part * np.sin(h * angle) for h, part in harmonics)
            raw = np.round(2060.0 + amplitude * wave + rng.normal(0.0, noise, samples))
            raws.append(raw.astype(np.int16))
            noise_a = [math.hypot(noise, 0.2887) * _DIGIT_A]
            records.append(Record(raws[-1][None, :1024], [_DIGIT_A], rate_hz, noise_a=noise_a))
        right = amplitude * math.sqrt(0.5 * (1.0 + sum(part**2 for _, part in harmonics)))
        told = run(records, choose_runtime(), keys=("cur_rms_a",))
        found: list[list[float]] = [
            [values[0].values["cur_rms_a"] / _DIGIT_A for values in told],
            [emon_rms(raw) for raw in raws],
            [esphome_rms(raw, 1000.0, rate_hz) for raw in raws],
        ]
        worst = [100.0 * max(abs(value / right - 1.0) for value in values) for values in found]
        shapes.append((name, worst[0], worst[1], worst[2]))
    return shapes


def table(given: Any) -> bool:
    """All of it, printed.  Returns whether it is as accurate as it is to be."""
    kind = "cpython" if given.runtime == "cpython" else None
    runtime = choose_runtime(kind, None if kind else given.runtime)
    print(f"{given.backend} on {runtime}")
    truth, against, recorded = Tally(), Tally(), Tally()
    made = [*cases(given.records, given.seed), *motors(given.records // 2, given.seed)]
    told = run([case.record for case in made], runtime, backend=given.backend)
    for case, values in zip(made, told, strict=True):
        judge(case, values, truth, against)
    show("from the truth", truth)
    show("from the reference", against)
    if given.data is not None:
        found = list(recordings(given.data))
        told = run([case.record for case in found], runtime, backend=given.backend)
        for case, values in zip(found, told, strict=True):
            judge(case, values, Tally(), recorded)
        show("recordings, from the reference", recorded)
    if given.sketches:
        print("\nworst of 24 phases, % of the RMS       ours  emonLib  ESPHome")
        for name, *worst in sketches(given.seed):
            print(f"  {name:36}" + "".join(f"{value:8.2f}" for value in worst))
    return truth.ok and against.ok and recorded.ok


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of recordings")
    parser.add_argument("--runtime", help="cpython, or the command of a MicroPython")
    parser.add_argument("--backend", default="viper", choices=("viper", "ulab"))
    parser.add_argument("--records", type=int, default=60, help="how many are made (60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sketches", action="store_true", help="beside emonLib and ESPHome")
    return 0 if table(parser.parse_args()) else 1


if __name__ == "__main__":
    sys.exit(main())
