"""A report of clamps held against the reference, from the very codes that their twin served."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nodewright import reference
from nodewright.demo.drive import LINE_HZ
from nodewright.demo.drive_plan import DrivePlan
from nodewright.demo.judge import Point, Verdict, look
from nodewright.reference.current import inrush
from nodewright.served import Samples, ServedError
from wire import features
from wire.clamps import MOTOR_KEYS

_ROUNDING = 12**-0.5
# Of what is hardly more than noise, the root of a small difference: this part of a code besides.
_PART_OF_DIGIT = 0.05
_OF_DIGITS = ("cur_rms_a", "cur_peak_a", "cur_fund_a")


def judge_drive(report: Mapping[str, Any], served: Samples, plan: DrivePlan) -> Verdict:
    """Every value, every reason for one that is withheld; what a motor's life is: drive_story.py.

    A fault, a gap, codes that nobody served: each is a failure.
    """
    channels = plan.channels
    seen, record = look(report, channels), report["record"]
    if record is None:
        return seen.verdict([])
    try:
        amps = plan.physical(plan.digits_of(served, report["boot"], record))
    except (ServedError, ValueError) as error:
        return seen.verdict([], f"{seen.where}: {error}")
    digit_a = plan.digit_a / 4  # the node keeps quarters of a code
    results = reference.currents(
        [np.ascontiguousarray(column) for column in amps.T],
        record["rate_hz"],
        noise_a=[plan.noise_a] * len(channels),
        digits=[digit_a] * len(channels),
        rate_ppm=plan.rate_ppm,
        delays_us=plan.delays_us,
    )
    points: list[Point] = []
    failures: list[str] = []
    least_a = max(plan.noise_a, _ROUNDING * digit_a)
    for column, channel, right in zip(amps.T, channels, results, strict=True):
        if seen.spoilt(channel, report["channels"].get(channel, {})):
            continue
        start, _ = inrush(np.ascontiguousarray(column), record["rate_hz"], LINE_HZ, least_a)
        expected, reasons = right.values | start.values, right.withheld | start.withheld
        for key in features.CURRENT_KEYS:
            if key in plan.measured["features"] and key not in MOTOR_KEYS:
                point = _point(report, channel, key, expected, plan.digit_a)
                points += [] if point is None else [point]
                told = report["withheld"].get(channel, {}).get(key)
                if point is None and told != reasons.get(key):
                    failures.append(
                        f"{seen.where}: {key} of {channel} is withheld as {told}, "
                        f"the reference says {reasons.get(key)}"
                    )
    return seen.verdict(points, *failures)


def _point(
    report: Mapping[str, Any], channel: str, key: str, expected: Mapping[str, float], code_a: float
) -> Point | None:
    """None where both withhold it, or it is of another channel."""
    value, right = report["channels"].get(channel, {}).get(key), expected.get(key)
    if value is None and right is None:
        return None
    bound = deviation = None
    if right is not None:
        bound = reference.tolerance(key, expected)
        if key in _OF_DIGITS:
            bound = max(bound, _PART_OF_DIGIT * code_a)
        deviation = None if value is None else value - right
    return Point(
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
        withheld=report["withheld"].get(channel, {}).get(key),
    )
