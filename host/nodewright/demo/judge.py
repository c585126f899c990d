"""A report held against the reference: computed from the very samples which its twin served."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nodewright import reference
from nodewright.served import ServedError
from wire import features

# What every report of a demo must have, where it is defined.  More is judged as it comes.
REQUIRED = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest")


class Samples(Protocol):
    """Where the served samples are found: `nodewright.served.ServedSamples`."""

    def samples(
        self, sensor: str, boot_index: int, run: int, first: int, count: int
    ) -> NDArray[np.int16]: ...


@dataclass(frozen=True)
class Point:
    """One value beside its reference; value is None where the node withheld what is defined."""

    boot: int
    seq: int
    channel: str
    feature: str
    unit: str
    value: float | None
    reference: float | None
    deviation: float | None
    tolerance: float | None
    ok: bool
    withheld: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """All points of one report, what else was wrong with it, and what it says of its own record.

    notes: why its values are not to be trusted as the machine's, though the node computed them
    right: a clipped record.
    """

    points: list[Point]
    failures: list[str]
    notes: list[str]

    @property
    def ok(self) -> bool:
        return not self.failures and all(point.ok for point in self.points)


def judge(
    report: Mapping[str, Any],
    served: Samples,
    channels: tuple[str, ...],
    g_per_digit: float,
) -> Verdict:
    """Hold one report against the reference.

    served: the twin's log; channels: names of its axes in order; g_per_digit: the sensor's scale.
    A fault, a record with a gap or an overrun, samples that nobody served: each is a failure.
    """
    boot, seq, record = report["boot"], report["seq"], report["record"]
    where = f"report {boot}:{seq}"
    failures = [
        f"{where}: fault {fault['fault']} of {fault['sensor']}" for fault in report["faults"]
    ]
    if record is None:
        return Verdict([], failures or [f"{where}: no record"], [])
    failures += [
        f"{where}: {record[name]} {name}" for name in ("overruns", "gaps") if record[name]
    ]
    failures += [
        f"{where}: no channel {name}" for name in channels if name not in report["channels"]
    ]
    try:
        digits = served.samples(
            record["sensor"], boot, record["run"], record["first"], record["samples"]
        )
    except (ServedError, ValueError) as error:
        return Verdict([], [*failures, f"{where}: {error}"], [])
    points = []
    for axis, channel in enumerate(channels):
        samples = digits[:, axis].astype(np.float64) * g_per_digit
        expected, unknown = _reference(report, channel, samples)
        failures += [f"{where}: {key} of {channel} has no reference" for key in unknown]
        points += _channel_points(report, channel, expected, g_per_digit)
    clipped = record["clipped"]
    notes = [f"{where}: not valid, {clipped} samples at the rail"] if clipped else []
    if record["valid"] and (notes or record["overruns"] or record["gaps"]):
        failures.append(f"{where}: says it is valid, and is not")
    return Verdict(points, failures, notes)


def _reference(
    report: Mapping[str, Any], channel: str, samples: NDArray[np.float64]
) -> tuple[dict[str, float], list[str]]:
    """What one channel's values should be; and the keys of values that nothing is known of."""
    values = report["channels"].get(channel, {})
    keys = [*REQUIRED, *(key for key in values if key not in REQUIRED)]
    rate_hz = report["record"]["rate_hz"]
    try:
        return reference.compute(samples, rate_hz, keys).values, []
    except ValueError:
        # One of them: an unknown key, or one that needs what the report does not tell.
        found, unknown = dict(reference.compute(samples, rate_hz, REQUIRED).values), []
    for key in keys[len(REQUIRED) :]:
        try:
            found |= reference.compute(samples, rate_hz, [key]).values
        except ValueError:
            unknown.append(key)
    return found, unknown


def _channel_points(
    report: Mapping[str, Any], channel: str, expected: Mapping[str, float], g_per_digit: float
) -> list[Point]:
    values = report["channels"].get(channel, {})
    reasons = report["withheld"].get(channel, {})
    bin_hz = report["record"]["rate_hz"] / report["record"]["samples"]
    points = []
    for key in features.KEYS:
        value, right = values.get(key), expected.get(key)
        if value is None and right is None:
            continue  # both withhold it, or neither was asked
        bound = deviation = None
        if right is not None:
            bound = reference.tolerance(key, expected, g_per_digit=g_per_digit, bin_hz=bin_hz)
            deviation = None if value is None else value - right
        points.append(
            Point(
                boot=report["boot"],
                seq=report["seq"],
                channel=channel,
                feature=key,
                unit=features.row(key)[2],
                value=value,
                reference=right,
                deviation=deviation,
                tolerance=bound,
                ok=deviation is not None and bound is not None and abs(deviation) <= bound,
                withheld=reasons.get(key),
            )
        )
    return points
