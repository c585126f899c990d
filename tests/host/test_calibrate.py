"""Calibration of a clamp: the arithmetic, what is refused, and what is kept."""

import datetime
import math
from pathlib import Path
from typing import Any

import pytest

from host import fleet_rig
from host.test_fleet_clamps import CLAMPS, ONE_SET, SETS
from nodewright import calibrate
from nodewright.calibrate import NoCalibration
from nodewright.errors import BadInput
from nodewright.fleet.check import good_node

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sets = SETS.replace('"cur_running"', '"cur_running", "cur_power_factor"')
    return fleet_rig.make(tmp_path, ONE_SET, end=sets + CLAMPS)


class Node:
    """Says what it is told to, record after record."""

    def __init__(self, values: list[float], key: str = calibrate.RMS, **changed: Any) -> None:
        self.values, self.key, self.changed = values, key, changed

    def __call__(self, measured: str) -> dict[str, Any]:
        assert measured == "currents"
        report: dict[str, Any] = {
            "record": {"valid": True},
            "channels": {"l1": {self.key: self.values.pop(0)}},
            "withheld": {"l1": {}},
            "marked": {"l1": {}},
            "faults": [],
        }
        return report | self.changed


def test_calibrate__known_current__per_volt_its_uncertainty_and_history(folder: Path) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    assert (place.sensor, place.measured, place.per_volt) == ("clamps", "currents", 100)
    found = calibrate.read(Node([8.0, 8.04, 7.96, 8.0]), place, calibrate.RMS, 4)
    made = calibrate.amplitude(place, found, 8.4, 1.0, NOW)
    assert made.after == 105 and made.date == "2026-03-01T12:00:00Z"
    # Scatter of one 0.408 %, of the mean at two deviations as much; and 1 % of the meter
    assert abs(made.uncertainty - math.hypot(1.0, 0.40825)) < 1e-3
    path = calibrate.keep(folder, place, made)
    assert path == folder / "calibrations" / "pump-1.toml"
    sensor = good_node(folder, "pump-1")[1].settings["sensors"][-1]
    assert sensor["inputs"][0]["per_volt"] == 105 and sensor["inputs"][1]["per_volt"] == 100
    calibrate.keep(folder, place, made)
    kept = calibrate.history(folder, "pump-1")
    assert [entry["before"] for entry in kept] == [100, 100] and kept[0]["reference"] == 8.4


def test_calibrate__load_that_lags__phase_by_which_the_clamp_leads(folder: Path) -> None:
    place = calibrate.find(folder, "pump-1", "l1", calibrate.FACTOR)
    # A clamp that leads by 2.5 degrees, of which 1.5 are set: the lag seems 1 degree less.
    seen = math.cos(math.acos(0.35) - math.radians(1.0))
    node = Node([seen] * 3, calibrate.FACTOR)
    found = calibrate.read(node, place, calibrate.FACTOR, 3)
    made = calibrate.phase(place, found, 0.35, 0.5, NOW)
    assert made.before == 1.5 and made.after == 2.5
    assert 0.1 < made.uncertainty < 0.12  # 0.5 % of 0.35 is 0.11 degrees
    calibrate.keep(folder, place, made)
    assert calibrate.find(folder, "pump-1", "l1").phase_deg == 2.5


@pytest.mark.parametrize(
    ("changed", "values", "why"),
    [
        ({"record": None, "faults": ["bus"]}, [8.0], "no record"),
        ({"record": {"valid": False}}, [8.0], "not sound"),
        ({"marked": {"l1": {"cur_rms_a": "clipped"}}}, [8.0], "clipped"),
        ({"channels": {"l1": {}}, "withheld": {"l1": {"cur_rms_a": "unsteady"}}}, [8.0], "unste"),
        ({}, [8.0, 8.5, 7.5], "does not stay"),
    ],
)
def test_read__records_that_are_not_sound__refused_with_the_reason(
    folder: Path, changed: dict[str, Any], values: list[float], why: str
) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    with pytest.raises(NoCalibration, match=why):
        calibrate.read(Node(values, **changed), place, calibrate.RMS, len(values))


def test_calibrate__what_cannot_be__refused(folder: Path) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    found = calibrate.Readings(1.0, 0.1, 10)
    with pytest.raises(BadInput, match="no current 'u1': l1, l2"):
        calibrate.find(folder, "pump-1", "u1")
    with pytest.raises(BadInput, match="features"):
        calibrate.find(folder, "pump-1", "l1", "cur_thd_pct")
    with pytest.raises(BadInput, match="amps"):
        calibrate.amplitude(place, found, 0, 1, NOW)
    with pytest.raises(NoCalibration, match="burden"):
        calibrate.amplitude(place, found, 10, 1, NOW)
    with pytest.raises(BadInput, match="lags"):
        calibrate.phase(place, found, 0.99, 1, NOW)
    assert calibrate.history(folder, "pump-1") == ()
