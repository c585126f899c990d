"""Calibrate a clamp on a node: amplitude from a known load, phase from one that lags, noise open.

What the clamp, its burden and the converter's reference are off together is one factor.  The new
value goes into fleet.toml, for the node's next image; what it came from is added to
calibrations/<node>.toml in the fleet's folder: date, reading, reference, stated uncertainty, and
the hash of the settings that the node had, by which a second one before its next image is known.
"""

import datetime
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomlkit

from nodewright import audit
from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.check import good_node
from nodewright.fleet.edit import set_value
from nodewright.fleet.files import write_whole
from nodewright.fleet.lock import locked

FOLDER = "calibrations"
RMS, FACTOR = "cur_rms_a", "cur_power_factor"
KEYS = {"amplitude": "per_volt", "phase": "phase", "noise": "noise"}  # of an input in fleet.toml
_COVERAGE = 2.0  # standard deviations that are stated
_MOST_FACTOR = 3.0  # more is no calibration, but a wrong clamp, burden or load
_MOST_SCATTER_PCT = 2.0  # of single records: the load does not stay
_MOST_OPEN_PCT = 2.0  # of the range: more is no noise of an open clamp
_MOST_OPEN_SCATTER_PCT = 30.0
# What an open clamp may be marked with: it has no line, and the others carry what it does not.
_OF_OPEN = ("bandwidth", "clamp_off", "phase_lost", "clamp_reversed")
_SECTION = "docs/current.md, section 7, says what to look at"
_MOST_LAG = 0.9  # of a load from which a phase can be told

Ask = Callable[[str], Mapping[str, Any] | None]


class NoCalibration(NodewrightError):
    """The readings allow none.  reason: why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"not calibrated: {reason}")


@dataclass(frozen=True)
class Channel:
    """One current of a node: where it stands in fleet.toml, and what is there now."""

    node: str
    sensor: str
    name: str
    measured: str  # the set that has it
    per_volt: float
    phase_deg: float
    noise: float  # A RMS that the node subtracts
    range_a: float  # RMS of a sine that fills the converter


@dataclass(frozen=True)
class Readings:
    """Of one value in several records: mean, and the scatter of one of them, in %.

    settings: hash of those that the node had.
    """

    mean: float
    scatter_pct: float
    records: int
    settings: str

    @property
    def mean_pct(self) -> float:
        """By how much the mean may be off for their scatter, at two deviations."""
        return _COVERAGE * self.scatter_pct / math.sqrt(self.records)


@dataclass(frozen=True)
class Calibration:
    """What is kept of one: an entry of calibrations/<node>.toml."""

    date: str
    channel: str
    settings: str  # hash of those that the node had, which it has until its next image
    quantity: str  # "amplitude", "phase" or "noise"
    reference: float  # A, the power factor of the load, or 0: the clamp was open
    accuracy_pct: float  # stated of the meter
    reading: float
    records: int
    scatter_pct: float
    before: float  # per_volt, phase in degrees, or noise in A RMS
    after: float
    uncertainty: float  # of after, at two deviations: % of per_volt or noise, or degrees


def find(folder: Path, node: str, channel: str, key: str = RMS) -> Channel:
    """A current of a node, and a set that measures it.

    Raises BadInput where there is none, UnknownNode, FleetErrors, FleetNotFound.
    """
    _, compiled = good_node(folder, node)
    known = []
    for sensor in compiled.settings["sensors"]:
        if sensor["kind"] != "current":
            continue
        for row in sensor["inputs"]:
            if row["quantity"] != "current":
                continue
            known.append(row["channel"])
            if row["channel"] != channel:
                continue
            for measured in compiled.settings["sets"]:
                if measured["sensor"] == sensor["name"] and key in measured["features"]:
                    range_a = sensor["full_scale_v"] * abs(row["per_volt"]) / math.sqrt(8)
                    return Channel(
                        node,
                        sensor["name"],
                        channel,
                        measured["name"],
                        row["per_volt"],
                        row["phase_deg"],
                        row["noise"] or 0.0,
                        range_a,
                    )
            raise BadInput(f"no set of {node} has {key} of {channel}: add it to its features")
    raise BadInput(f"{node} has no current {channel!r}: {', '.join(known) or 'no clamp at all'}")


def read(ask: Ask, channel: Channel, key: str, records: int) -> Readings:
    """The value of so many records; ask(set) gives the report of one.  Raises NoCalibration."""
    values, settings = _values(ask, channel, key, records)
    if not all(values):
        raise NoCalibration(f"{key} of {channel.name}: no current flows: switch the load on")
    found = Readings(statistics.fmean(values), _scatter_pct(values), records, settings)
    if found.scatter_pct > _MOST_SCATTER_PCT:
        raise NoCalibration(
            f"the load does not stay: records differ by {found.scatter_pct:.1f} %; take a heater"
        )
    return found


def read_open(ask: Ask, channel: Channel, records: int) -> Readings:
    """The RMS of so many records with the clamp round no conductor: it may be 0, beside what the
    node subtracts already, and scatters beside it.  Raises NoCalibration."""
    values, settings = _values(ask, channel, RMS, records, _OF_OPEN)
    floors = [math.hypot(value, channel.noise) for value in values]
    floor = statistics.fmean(floors)
    mean = math.sqrt(max(0.0, floor * floor - channel.noise * channel.noise))
    found = Readings(mean, _scatter_pct(floors), records, settings)
    if found.scatter_pct > _MOST_OPEN_SCATTER_PCT:
        raise NoCalibration(
            f"records differ by {found.scatter_pct:.0f} %, as no noise does: "
            "take the clamp off the conductor, close it, and leave it alone"
        )
    return found


def _values(
    ask: Ask, channel: Channel, key: str, records: int, allowed: Sequence[str] = ()
) -> tuple[list[float], str]:
    """The values of so many sound records, with no mark but those allowed; and the settings."""
    values, settings = [], set()
    for _ in range(records):
        report = ask(channel.measured)
        if report is None or report["record"] is None:
            faults = report["faults"] if report is not None else "no report"
            raise NoCalibration(f"the node gave no record: {faults}; {_SECTION}")
        mark = report["marked"].get(channel.name, {}).get(key)
        if not report["record"]["valid"] or (mark is not None and mark not in allowed):
            why = mark or ", ".join(sorted(_reasons(report))) or "not valid"
            raise NoCalibration(f"a record is not sound: {why}; {_SECTION}")
        value = report["channels"].get(channel.name, {}).get(key)
        if value is None:
            why = report["withheld"].get(channel.name, {}).get(key, "not told")
            raise NoCalibration(f"{key} of {channel.name}: {why}; {_SECTION}")
        values.append(float(value))
        settings.add(report["record"]["settings"])
    if len(settings) > 1:
        raise NoCalibration("the node's settings changed between the records: do it again")
    return values, settings.pop()


def _reasons(report: Mapping[str, Any]) -> set[str]:
    """All that the channels of a report are marked with: one that is clipped spoils the record."""
    return {reason for row in report["marked"].values() for reason in row.values()}


def _scatter_pct(values: Sequence[float]) -> float:
    """Of one of them, in % of their mean; of nothing, 0."""
    mean = abs(statistics.fmean(values))
    return 100 * statistics.stdev(values) / mean if len(values) > 1 and mean else 0.0


def noise(channel: Channel, found: Readings, now: datetime.datetime) -> Calibration:
    """The noise floor: what is read beside what is subtracted already.  Raises NoCalibration."""
    floor = math.hypot(found.mean, channel.noise)
    if floor > _MOST_OPEN_PCT / 100 * channel.range_a:
        raise NoCalibration(f"{floor:.3g} A is no noise: take the clamp off the conductor")
    return Calibration(
        date=_date(now),
        channel=channel.name,
        settings=found.settings,
        quantity="noise",
        reference=0.0,
        accuracy_pct=0.0,
        reading=_rounded(found.mean),
        records=found.records,
        scatter_pct=_rounded(found.scatter_pct),
        before=channel.noise,
        after=_rounded(floor),
        uncertainty=_rounded(found.mean_pct),
    )


def amplitude(
    channel: Channel, found: Readings, amps: float, accuracy_pct: float, now: datetime.datetime
) -> Calibration:
    """per_volt from a known RMS current.  Raises BadInput, NoCalibration."""
    if not amps > 0:
        raise BadInput(f"--amps {amps:g} cannot be: above 0")
    factor = amps / found.mean
    if not 1 / _MOST_FACTOR < factor < _MOST_FACTOR:
        raise NoCalibration(
            f"{amps:g} A is {factor:.3g} times what it reads: look at clamp, burden and per_volt"
        )
    return Calibration(
        date=_date(now),
        channel=channel.name,
        settings=found.settings,
        quantity="amplitude",
        reference=amps,
        accuracy_pct=accuracy_pct,
        reading=_rounded(found.mean),
        records=found.records,
        scatter_pct=_rounded(found.scatter_pct),
        before=channel.per_volt,
        after=_rounded(channel.per_volt * factor),
        uncertainty=_rounded(math.hypot(accuracy_pct, found.mean_pct)),
    )


def phase(
    channel: Channel, found: Readings, factor: float, accuracy_pct: float, now: datetime.datetime
) -> Calibration:
    """phase from a load whose current lags by a known power factor.

    Raises BadInput for one near 1, which says nothing of a phase, NoCalibration.
    """
    if not 0.05 <= factor <= _MOST_LAG:
        raise BadInput(
            f"--power-factor {factor:g} cannot be: 0.05 to {_MOST_LAG:g}, of a load that lags"
        )
    if not 0 < found.mean < 1:
        raise NoCalibration(f"a power factor of {found.mean:g} is none of a load that lags")
    # The clamp leads by more than is set: its current seems to lag by less.
    lead_deg = math.degrees(math.acos(factor) - math.acos(found.mean))
    slope = math.sqrt(1 - factor * factor) / factor  # of the power factor, a radian
    off_pct = math.hypot(accuracy_pct, found.mean_pct)
    return Calibration(
        date=_date(now),
        channel=channel.name,
        settings=found.settings,
        quantity="phase",
        reference=factor,
        accuracy_pct=accuracy_pct,
        reading=_rounded(found.mean),
        records=found.records,
        scatter_pct=_rounded(found.scatter_pct),
        before=channel.phase_deg,
        after=round(channel.phase_deg + lead_deg, 3),
        uncertainty=_rounded(math.degrees(off_pct / 100 / slope)),
    )


def still_to_flash(folder: Path, channel: Channel, quantity: str, settings: str) -> bool:
    """Whether the last one of this quantity was cut off before fleet.toml had it: it is void.

    Raises NoCalibration where it is in fleet.toml and the node still has the settings it was made
    with: what is read now bears the old value, and would be corrected twice.  Of a noise floor
    that goes for the last amplitude, too: it would be in the amperes of before.
    """
    if quantity == "noise":
        still_to_flash(folder, channel, "amplitude", settings)
    last = next(
        (
            entry
            for entry in reversed(history(folder, channel.node))
            if (entry["channel"], entry["quantity"]) == (channel.name, quantity)
        ),
        None,
    )
    if last is None or last.get("settings") != settings:
        return False
    if _now(channel, quantity) == last["before"]:
        return bool(last["before"] != last["after"])
    raise NoCalibration(
        f"{channel.node} still runs the settings from before the calibration of {last['date']}: "
        f"flash it first (nodewright flash {channel.node} --port PORT)"
    )


def keep(folder: Path, channel: Channel, made: Calibration, now: datetime.datetime) -> Path:
    """Add it to the node's calibrations, then write it into fleet.toml, and into the audit log.

    In this order a cut in between leaves an entry that fleet.toml does not have, which
    still_to_flash() notices the next time; one before the last step leaves no line in the audit
    log, and the entry is all that tells of it.  An amplitude takes the noise with it, which is in
    amperes.  The path of the calibrations.
    Raises NoCalibration as still_to_flash(), and as fleet.edit.set_value and audit.append.
    """
    place = ("nodes", channel.node, "sensors", channel.sensor, "inputs", channel.name)
    path = folder / FOLDER / f"{channel.node}.toml"
    with locked(folder):
        still_to_flash(folder, channel, made.quantity, made.settings)
        path.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        entry = tomlkit.dumps({"calibration": [asdict(made)]})
        write_whole(path, (text + ("\n" if text else "") + entry).encode())
    key = KEYS[made.quantity]
    set_value(folder, (*place, key), f"{made.after:g}deg" if key == "phase" else made.after)
    facts = {"channel": channel.name, key: made.after, "before": made.before}
    if made.quantity == "amplitude" and channel.noise:
        # It was told in the amperes of before.
        facts["noise"] = _rounded(channel.noise * abs(made.after / made.before))
        set_value(folder, (*place, "noise"), facts["noise"])
    with locked(folder):
        audit.append(folder, "calibrate", channel.node, facts, now)
    return path


def _now(channel: Channel, quantity: str) -> float:
    """What fleet.toml says of it."""
    return {
        "amplitude": channel.per_volt,
        "phase": channel.phase_deg,
        "noise": channel.noise,
    }[quantity]


def history(folder: Path, node: str) -> Sequence[Mapping[str, Any]]:
    """The calibrations of a node, the oldest first."""
    path = folder / FOLDER / f"{node}.toml"
    if not path.exists():
        return ()
    found = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    entries: list[Mapping[str, Any]] = found.get("calibration", [])
    return entries


def _date(now: datetime.datetime) -> str:
    return now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
