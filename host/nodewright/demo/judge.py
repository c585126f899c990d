"""A report held against the reference: computed from the very samples which its twin served."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nodewright import reference
from nodewright.served import ServedError
from wire import features


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
    """All points of one report, and what else was wrong with it."""

    points: list[Point]
    failures: list[str]

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
        return Verdict([], failures or [f"{where}: no record"])
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
        return Verdict([], [*failures, f"{where}: {error}"])
    points = []
    for axis, channel in enumerate(channels):
        samples = digits[:, axis].astype(np.float64) * g_per_digit
        points += _channel_points(report, channel, samples, g_per_digit)
    return Verdict(points, failures)


def _channel_points(
    report: Mapping[str, Any], channel: str, samples: NDArray[np.float64], g_per_digit: float
) -> list[Point]:
    record = report["record"]
    values = report["channels"].get(channel, {})
    reasons = report["withheld"].get(channel, {})
    result = reference.compute(samples, record["rate_hz"], features.KEYS)
    points = []
    for key in features.KEYS:
        value, expected = values.get(key), result.values.get(key)
        if value is None and expected is None:
            continue  # both withhold it
        bound = deviation = None
        if expected is not None:
            bound = reference.tolerance(
                key,
                result.values,
                g_per_digit=g_per_digit,
                bin_hz=record["rate_hz"] / record["samples"],
            )
            deviation = None if value is None else value - expected
        points.append(
            Point(
                boot=report["boot"],
                seq=report["seq"],
                channel=channel,
                feature=key,
                unit=features.row(key)[2],
                value=value,
                reference=expected,
                deviation=deviation,
                tolerance=bound,
                ok=deviation is not None and bound is not None and abs(deviation) <= bound,
                withheld=reasons.get(key),
            )
        )
    return points
