"""A report held against the reference: computed from the very samples which its twin served."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import reference
from nodewright.served import Samples, ServedError
from wire import features

# What every report of a demo must have, where it is defined.  More is judged as it comes.
REQUIRED = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest")

# Reasons that spoil a value: it says nothing of the machine, whatever was computed.
SPOILED = ("overrun", "gap", "rate", "clipped", "stuck", "mounting")


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

    points: the values that pass for good, and those that should be there.  notes: what the report
    itself says against its record; incidents: those of the failures that a fault explains, where
    one was made on purpose; marked: how many values bear which of the reasons that spoil a value.
    """

    points: list[Point]
    failures: list[str]
    notes: list[str]
    incidents: tuple[str, ...] = ()
    marked: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.failures and all(point.ok for point in self.points)

    def explained(self, by: str) -> "Verdict":
        """The same, where its incidents are those of a fault made on purpose."""
        left = [text for text in self.failures if text not in self.incidents]
        told = [f"{text} ({by})" for text in self.incidents]
        return replace(self, failures=left, notes=[*self.notes, *told], incidents=())


@dataclass(frozen=True)
class Look:
    """What a report says of itself, before any value is compared.

    reasons: of each channel, the values that bear a reason that spoils them.
    """

    where: str
    failures: list[str]
    incidents: list[str]
    reasons: Mapping[str, Mapping[str, str]]

    @property
    def marked(self) -> Counter[str]:
        return Counter(reason for told in self.reasons.values() for reason in told.values())

    def spoilt(self, channel: str, values: Mapping[str, float]) -> bool:
        """Whether nothing of a channel passes for good."""
        spoiled = self.reasons[channel]
        return bool(spoiled) and spoiled.keys() >= values.keys()

    def verdict(self, points: list[Point], *more: str) -> Verdict:
        """more: failures that the comparison found."""
        notes = [
            f"{self.where}: {count} values marked {why}" for why, count in self.marked.items()
        ]
        failures = [*self.failures, *more]
        return Verdict(points, failures, notes, tuple(self.incidents), self.marked)


def look(report: Mapping[str, Any], channels: Sequence[str]) -> Look:
    """What is wrong with a report by its own words, and which of its values are spoiled."""
    record, where = report["record"], f"report {report['boot']}:{report['seq']}"
    incidents = [
        f"{where}: fault {fault['fault']} of {fault['sensor']}" for fault in report["faults"]
    ]
    if record is None:
        incidents = incidents or [f"{where}: no record"]
        return Look(where, incidents, incidents, {})
    incidents += [
        f"{where}: {record[name]} {name}" for name in ("overruns", "gaps") if record[name]
    ]
    reasons = {name: _spoiled(report, name) for name in channels}
    failures = [*incidents, *_unmarked(report, where, reasons)]
    failures += [
        f"{where}: no channel {name}" for name in channels if name not in report["channels"]
    ]
    return Look(where, failures, incidents, reasons)


def judge(
    report: Mapping[str, Any],
    served: Samples,
    channels: tuple[str, ...],
    g_per_digit: float,
    bandwidth_hz: float | None = None,
) -> Verdict:
    """Hold one report against the reference.

    served: the twin's log; channels: names of its axes in order; g_per_digit: the sensor's scale;
    bandwidth_hz: its -3 dB, None where no feature reaches there.
    A fault, a record with a gap or an overrun, samples that nobody served: each is a failure.
    A value that bears a reason that spoils it is counted, and compared with nothing.
    """
    seen, record = look(report, channels), report["record"]
    if record is None:
        return seen.verdict([])
    points: list[Point] = []
    failures: list[str] = []
    try:
        for axis, channel in enumerate(channels):
            if seen.spoilt(channel, report["channels"].get(channel, {})):
                continue
            digits = served.samples(
                record["sensor"],
                report["boot"],
                record["run"],
                record["first"],
                record["samples"],
            )
            samples = digits[:, axis].astype(np.float64) * g_per_digit
            expected, unknown = _reference(report, channel, samples, bandwidth_hz)
            failures += [f"{seen.where}: {key} of {channel} has no reference" for key in unknown]
            points += _channel_points(
                report, channel, expected, g_per_digit, seen.reasons[channel]
            )
    except (ServedError, ValueError) as error:
        return seen.verdict([], *failures, f"{seen.where}: {error}")
    return seen.verdict(points, *failures)


def _spoiled(report: Mapping[str, Any], channel: str) -> dict[str, str]:
    """Which values of a channel are marked as spoiled or withheld for it: key, reason."""
    told = report["withheld"].get(channel, {}) | report["marked"].get(channel, {})
    return {key: reason for key, reason in told.items() if reason in SPOILED}


def _unmarked(
    report: Mapping[str, Any], where: str, reasons: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """What a record that is not valid lets pass for good all the same."""
    record = report["record"]
    found = []
    spoilt = [name for name in ("clipped", "overruns", "gaps") if record[name]]
    if record["valid"] and spoilt:
        found.append(f"{where}: says it is valid, and is not")
    if not record["valid"]:
        bare = sum(
            key not in spoiled
            for channel, spoiled in reasons.items()
            for key in report["channels"].get(channel, {})
        )
        if bare:
            found.append(f"{where}: not valid, yet {bare} values are not marked")
    return found


def _reference(
    report: Mapping[str, Any],
    channel: str,
    samples: NDArray[np.float64],
    bandwidth_hz: float | None,
) -> tuple[dict[str, float], list[str]]:
    """What one channel's values should be; and the keys of values that nothing is known of."""
    values = report["channels"].get(channel, {})
    keys = [*REQUIRED, *(key for key in values if key not in REQUIRED)]
    rate_hz = report["record"]["rate_hz"]

    def right(keys: Sequence[str]) -> Mapping[str, float]:
        return reference.compute(samples, rate_hz, keys, sensor_bandwidth_hz=bandwidth_hz).values

    try:
        return dict(right(keys)), []
    except ValueError:
        # One of them: an unknown key, or one that needs what the report does not tell.
        found, unknown = dict(right(REQUIRED)), []
    for key in keys[len(REQUIRED) :]:
        try:
            found |= right([key])
        except ValueError:
            unknown.append(key)
    return found, unknown


def _channel_points(
    report: Mapping[str, Any],
    channel: str,
    expected: Mapping[str, float],
    g_per_digit: float,
    spoiled: Mapping[str, str],
) -> list[Point]:
    values = report["channels"].get(channel, {})
    reasons = report["withheld"].get(channel, {})
    bin_hz = report["record"]["rate_hz"] / report["record"]["samples"]
    points = []
    for key in features.KEYS:
        value, right = values.get(key), expected.get(key)
        if key in spoiled or (value is None and right is None):
            continue  # told as spoiled; or both withhold it, or neither was asked
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
