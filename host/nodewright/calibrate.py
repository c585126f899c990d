"""Calibrate a clamp on a node from a known load: amplitude, and phase from a load that lags.

What the clamp, its burden and the converter's reference are off together is one factor.  The new
value goes into fleet.toml, for the node's next image; what it came from is added to
calibrations/<node>.toml in the fleet's folder: date, reading, reference, stated uncertainty.
"""

import datetime
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomlkit

from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.check import good_node
from nodewright.fleet.edit import set_value
from nodewright.fleet.files import write_whole
from nodewright.fleet.lock import locked

FOLDER = "calibrations"
RMS, FACTOR = "cur_rms_a", "cur_power_factor"
_COVERAGE = 2.0  # standard deviations that are stated
_MOST_FACTOR = 3.0  # more is no calibration, but a wrong clamp, burden or load
_MOST_SCATTER_PCT = 2.0  # of single records: the load does not stay
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


@dataclass(frozen=True)
class Readings:
    """Of one value in several records: mean, and the scatter of one of them, in %."""

    mean: float
    scatter_pct: float
    records: int

    @property
    def mean_pct(self) -> float:
        """By how much the mean may be off for their scatter, at two deviations."""
        return _COVERAGE * self.scatter_pct / math.sqrt(self.records)


@dataclass(frozen=True)
class Calibration:
    """What is kept of one: an entry of calibrations/<node>.toml."""

    date: str
    channel: str
    quantity: str  # "amplitude" or "phase"
    reference: float  # A, or the power factor of the load
    accuracy_pct: float  # stated of the meter
    reading: float
    records: int
    scatter_pct: float
    before: float  # per_volt, or phase in degrees
    after: float
    uncertainty: float  # of after, at two deviations: % of per_volt, or degrees


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
                    places = (row["per_volt"], row["phase_deg"])
                    return Channel(node, sensor["name"], channel, measured["name"], *places)
            raise BadInput(f"no set of {node} has {key} of {channel}: add it to its features")
    raise BadInput(f"{node} has no current {channel!r}: {', '.join(known) or 'no clamp at all'}")


def read(ask: Ask, channel: Channel, key: str, records: int) -> Readings:
    """The value of so many records; ask(set) gives the report of one.  Raises NoCalibration."""
    values = []
    for _ in range(records):
        report = ask(channel.measured)
        if report is None or report["record"] is None:
            faults = report["faults"] if report is not None else "no report"
            raise NoCalibration(f"the node gave no record: {faults}")
        marks = report["marked"].get(channel.name, {})
        if not report["record"]["valid"] or key in marks:
            raise NoCalibration(f"a record is not sound: {marks.get(key, 'not valid')}")
        value = report["channels"].get(channel.name, {}).get(key)
        if not value:
            why = report["withheld"].get(channel.name, {}).get(key, "no current flows")
            raise NoCalibration(f"{key} of {channel.name}: {why}")
        values.append(float(value))
    mean = statistics.fmean(values)
    scatter_pct = 100 * statistics.stdev(values) / abs(mean) if len(values) > 1 else 0.0
    if scatter_pct > _MOST_SCATTER_PCT:
        raise NoCalibration(f"the load does not stay: records differ by {scatter_pct:.1f} %")
    return Readings(mean, scatter_pct, records)


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


def keep(folder: Path, channel: Channel, made: Calibration) -> Path:
    """Write it into fleet.toml and add it to the node's calibrations; the latter's path.

    Raises as fleet.edit.set_value.
    """
    key = "per_volt" if made.quantity == "amplitude" else "phase"
    value = made.after if key == "per_volt" else f"{made.after:g}deg"
    place = ("nodes", channel.node, "sensors", channel.sensor, "inputs", channel.name, key)
    set_value(folder, place, value)
    path = folder / FOLDER / f"{channel.node}.toml"
    with locked(folder):
        path.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        entry = tomlkit.dumps({"calibration": [asdict(made)]})
        write_whole(path, (text + ("\n" if text else "") + entry).encode())
    return path


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
