"""The bearing of each channel of a recording: the node's envelope code beside the reference."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import offline_envelope, reference
from nodewright.asked_bearing import AskedBearing
from nodewright.examine import Channel, Digits, Point
from nodewright.offline import Runtime
from nodewright.offline_envelope import Record, Told
from nodewright.reasons import sentence
from nodewright.reference.bearing import ORDERS, RACES, Bearing, bearing, of_envelope
from nodewright.reference.envelope import Envelope, Floats, envelope_of
from nodewright.reference.result import WithheldError
from wire import features

FAULT = "bearing_fault"
BELOW_FLOOR = "below_floor"
FAULTS = ("none", "outer race", "inner race")
_RACES = {"bpfo": FAULTS[1], "bpfi": FAULTS[2]}
_SURE = 0.04  # of S: within it of the threshold either verdict is right
_AROUND = 11  # bins on each side, of which the curve's surroundings are the median
_LEAST_BIN = 2


@dataclass(frozen=True)
class BearingChannel:
    """What is said of one channel's bearing.

    said: by the node's code; reference: the same in float64; points: each value of both;
    frequency_hz, stands_out: how often each bin of the log envelope's spectrum is its
    surroundings, the geometric mean over the five bands; empty for a silent channel.
    """

    name: str
    said: Told
    reference: Bearing
    points: tuple[Point, ...]
    frequency_hz: Floats
    stands_out: Floats

    @property
    def named(self) -> str | None:
        """The race that the node's code accuses."""
        return next((race for race in RACES if self.said.verdicts.get(race)), None)

    @property
    def greater(self) -> str:
        """The race with the greater S."""
        return max(RACES, key=lambda race: self.said.scores.get(race, -math.inf))

    @property
    def score(self) -> float:
        """The greater S of both races; minus infinity without one."""
        return max(float(self.said.scores.get(race, -math.inf)) for race in RACES)

    @property
    def withheld(self) -> dict[str, str]:
        """Why a race has no verdict, by race."""
        reason = self.said.withheld.get(FAULT)
        return dict.fromkeys(RACES, reason) if reason is not None else {}

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it, beside the channel's own: verdicts, and in objects beside them what
        they are worth."""
        said, expected, speed = self.said, self.reference, self.reference.speed
        return {
            "verdicts": said.verdicts,
            "scores": _in_order(said.scores),
            "threshold": expected.threshold,
            "blocks": expected.blocks,
            "marks": {race: list(marks) for race, marks in said.marks.items()},
            "near_shaft": expected.near,
            "speed": None
            if speed is None
            else {"state": speed.state, "fault_off": speed.fault, "shaft_off": speed.shaft},
            "reference_scores": _in_order(expected.scores),
            "reference_verdicts": expected.verdicts,
        }


@dataclass(frozen=True)
class BearingStudy:
    """The bearings of all channels.  shaft_hz: as given, None without one."""

    asked: AskedBearing
    shaft_hz: float | None
    blocks: int
    channels: tuple[BearingChannel, ...]

    @property
    def speaker(self) -> BearingChannel:
        """The channel with the greatest S, which speaks for the point."""
        return max(self.channels, key=lambda channel: channel.score)

    @property
    def fault(self) -> str | None:
        """The race that is accused; None where none is, or no verdict is given."""
        named = self.speaker.named
        return None if named is None else _RACES[named]

    @property
    def reservations(self) -> set[str]:
        """All reasons that verdicts are withheld or marked for."""
        marks = [marks for its in self.channels for marks in its.said.marks.values()]
        withheld = [reason for its in self.channels for reason in its.withheld.values()]
        return {*withheld, *(reason for each in marks for reason in each)}

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: what is said of the point as a whole."""
        speaker = self.speaker
        return {
            "fault": None if speaker.withheld else FAULTS[int(speaker.said.values[FAULT])],
            "channel": speaker.name,
            "withheld": speaker.said.withheld.get(FAULT),
            "marks": list(speaker.said.marks.get(speaker.greater, ())),
            "blocks": self.blocks,
        }


def study_bearing(
    digits: Digits,
    rate_hz: float,
    names: Sequence[str],
    asked: AskedBearing,
    shaft_hz: float | None,
    runtime: Runtime,
    *,
    backend: str,
    window: int,
    blocks: int,
) -> BearingStudy:
    """Run so many windows of each channel, and judge.  Raises what `offline.run` does."""
    parts = digits.digits[: window * blocks].T.reshape(len(names), blocks, window)
    records = [
        Record(part, g_per_digit, rate_hz, shaft_hz, asked.orders, asked.shaft_error)
        for part, g_per_digit in zip(parts, digits.g_per_digit, strict=True)
    ]
    told = offline_envelope.run(records, runtime, backend=backend)
    channels = tuple(
        _channel(name, record, said)
        for name, record, said in zip(names, records, told, strict=True)
    )
    return BearingStudy(asked, shaft_hz, blocks, channels)


def judge(record: Record, said: Told) -> tuple[Point, ...]:
    """What a node said of a record, each value beside its reference."""
    return _channel("", record, said).points


def _channel(name: str, record: Record, said: Told) -> BearingChannel:
    samples = record.digits.astype(np.float64) * record.g_per_digit
    try:
        envelope = envelope_of(samples, record.rate_hz)
    except WithheldError:
        expected = bearing(samples, record.rate_hz, record.shaft_hz, record.orders)
        frequency_hz = stands_out = np.zeros(0)
    else:
        expected = of_envelope(
            envelope, record.shaft_hz, record.orders, uncertainty=record.shaft_error
        )
        frequency_hz, stands_out = curve(envelope)
    points = tuple(_point(key, said, expected) for key in offline_envelope.KEYS)
    return BearingChannel(name, said, expected, points, frequency_hz, stands_out)


def curve(envelope: Envelope) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Frequencies in Hz, and how often each bin is the median of those around it.

    It ends where the narrowest band does; bins 0 and 1, the mean's, are left out.
    """
    bins = min(len(spectrum) for spectrum in envelope.logs)
    logs = []
    for spectrum in envelope.logs:
        floors = [
            np.median(spectrum[max(_LEAST_BIN, k - _AROUND) : k + _AROUND + 1])
            for k in range(_LEAST_BIN, bins)
        ]
        logs.append(
            np.log(np.maximum(spectrum[_LEAST_BIN:bins], 1e-30) / np.maximum(floors, 1e-30))
        )
    ratio = np.exp(np.mean(logs, axis=0))
    return np.arange(_LEAST_BIN, bins) / envelope.seconds, np.asarray(ratio, np.float64)


def _point(key: str, said: Told, expected: Bearing) -> Point:
    unit = features.row(key)[2]
    value, withheld, mark = said.values.get(key), said.withheld.get(key), said.marked.get(key)
    should, reason = _expected(key, expected)
    if value is None and withheld is None:
        note = f"the node's code gave {said.wrong.get(key, 'nothing')}"
        return Point(key, unit, None, should, None, None, False, None, reason, note)
    if (value is None or should is None) and BELOW_FLOOR in (withheld, reason):
        # Where the floor begins is a matter of rounding, too.
        why = None if withheld else "below floor"
        return Point(key, unit, value, should, None, None, None, withheld, reason, why, mark)
    if value is None or should is None:
        agreed = value is None and should is None
        return Point(key, unit, value, should, None, None, agreed, withheld, reason, marked=mark)
    deviation = value - should
    if key == FAULT:
        ok = deviation == 0 or _either(expected)
        return Point(key, unit, value, should, deviation, 0.0, ok, marked=mark)
    bound = reference.tolerance(key, {key: should})
    ok = abs(deviation) <= bound
    return Point(key, unit, value, should, deviation, bound, ok, marked=mark)


def _expected(key: str, expected: Bearing) -> tuple[float | None, str | None]:
    """The reference's value, or why there is none."""
    if key != FAULT:
        return expected.values.get(key), expected.withheld.get(key)
    if not expected.verdicts:
        return None, expected.withheld.get(RACES[0])
    return {None: 0.0, "bpfo": 1.0, "bpfi": 2.0}[expected.named], None


def _either(expected: Bearing) -> bool:
    """Whether S is so near to the threshold, or to the other race's, that rounding decides."""
    outer, inner = (expected.scores[race] for race in RACES)
    greater = max(outer, inner)
    near = abs(greater - expected.threshold) <= _SURE
    return near or (greater > expected.threshold and abs(outer - inner) <= 2 * _SURE)


def _in_order(scores: Mapping[str, float]) -> dict[str, float]:
    return {order: scores[order] for order in ORDERS if order in scores}


def with_bearings(channels: Sequence[Channel], study: BearingStudy) -> tuple[Channel, ...]:
    """The channels of a study, each with the values of its bearing."""
    return tuple(
        Channel(
            channel.name,
            channel.starts,
            channel.g_per_digit,
            (*channel.points, *its.points),
            channel.spreads,
        )
        for channel, its in zip(channels, study.channels, strict=True)
    )


def sentence_of(study: BearingStudy) -> str:
    """What is said of the bearing, for who maintains it."""
    speaker, reference_ = study.speaker, study.speaker.reference
    if speaker.withheld:
        reason = speaker.said.withheld[FAULT]
        return f"Bearing: no verdict, it is withheld. {sentence(reason)}"
    race = speaker.greater
    times, limit = math.exp(speaker.said.scores[race]), math.exp(reference_.threshold)
    hertz = study.asked.orders[race] * (study.shaft_hz or 0.0)
    lines = f"{race.upper()} at {hertz:.4g} Hz and its 2nd and 3rd multiple"
    far = f"stand {times:.2f} times above their surroundings; a fault is told from {limit:.2f} on"
    said = f"fault of the {study.fault}" if study.fault else "no fault of a race"
    text = f"Bearing: {said}, by channel {speaker.name}: {lines} {far}."
    near = reference_.near.get(race)
    if near is not None and speaker.named is not None:
        text += f" It may be {race.upper()} or {near}× the shaft speed."
    speed = reference_.speed
    if speed is not None and speed.state == "off" and speed.found is not None:
        text += f" Check the speed: lines stand {100 * speed.found:+.3g} % off where it puts them."
    return text
