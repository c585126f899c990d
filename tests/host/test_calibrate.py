"""Calibration of a clamp: the arithmetic, what is refused, and what is kept."""

import datetime
import math
from pathlib import Path
from typing import Any

import pytest

from host import fleet_rig
from host.test_fleet_clamps import CLAMPS, ONE_SET, SETS
from nodewright import audit, calibrate
from nodewright.calibrate import NoCalibration
from nodewright.errors import BadInput
from nodewright.fleet.check import good_node

BEFORE, AFTER = "0123abcd", "4567cdef"  # hashes of settings
NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sets = SETS.replace('"cur_running"', '"cur_running", "cur_power_factor"')
    return fleet_rig.make(tmp_path, ONE_SET, end=sets + CLAMPS)


class Node:
    """Says what it is told to, record after record."""

    def __init__(self, values: list[float], key: str = calibrate.RMS, **changed: Any) -> None:
        self.values, self.key, self.changed = values, key, changed
        self.settings = changed.pop("settings", [BEFORE])  # of each record, the last one for good

    def __call__(self, measured: str) -> dict[str, Any]:
        assert measured == "currents"
        report: dict[str, Any] = {
            "record": {
                "valid": True,
                "settings": self.settings.pop(0) if len(self.settings) > 1 else self.settings[0],
            },
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
    path = calibrate.keep(folder, place, made, NOW)
    assert path == folder / "calibrations" / "pump-1.toml"
    sensor = good_node(folder, "pump-1")[1].settings["sensors"][-1]
    assert sensor["inputs"][0]["per_volt"] == 105 and sensor["inputs"][1]["per_volt"] == 100
    (entry,) = calibrate.history(folder, "pump-1")
    assert (entry["before"], entry["reference"], entry["settings"]) == (100, 8.4, BEFORE)
    (line,), problems = audit.read(folder)
    assert not problems and (line.what, line.node) == ("calibrate", "pump-1")
    assert line.facts == {"channel": "l1", "per_volt": 105, "before": 100}


def test_calibrate__again_before_the_node_has_it__refused_and_afterwards_not(folder: Path) -> None:
    def made(place: calibrate.Channel, settings: str) -> calibrate.Calibration:
        found = calibrate.Readings(8.0, 0.1, 10, settings)
        return calibrate.amplitude(place, found, 8.4, 1.0, NOW)

    place = calibrate.find(folder, "pump-1", "l1")
    calibrate.keep(folder, place, made(place, BEFORE), NOW)
    place = calibrate.find(folder, "pump-1", "l1")
    with pytest.raises(NoCalibration, match=r"flash it first .nodewright flash pump-1"):
        calibrate.keep(folder, place, made(place, BEFORE), NOW)
    floor = calibrate.noise(place, calibrate.Readings(0.01, 0.1, 10, BEFORE), NOW)
    with pytest.raises(NoCalibration, match="flash it first"):  # in the amperes of before
        calibrate.keep(folder, place, floor, NOW)
    assert calibrate.find(folder, "pump-1", "l1") == place, "nothing was written"
    other = calibrate.find(folder, "pump-1", "l2")  # another clamp is not concerned
    calibrate.keep(folder, other, made(other, BEFORE), NOW)
    calibrate.keep(folder, place, made(place, AFTER), NOW)
    after = [entry["after"] for entry in calibrate.history(folder, "pump-1")]
    assert after == [105, 105, 110.25]


def test_keep__cut_off_before_fleet_toml__told_and_done_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    found = calibrate.Readings(8.0, 0.1, 10, BEFORE)
    made = calibrate.amplitude(place, found, 8.4, 1.0, NOW)
    assert not calibrate.still_to_flash(folder, place, "amplitude", BEFORE)
    with monkeypatch.context() as cut:
        cut.setattr(calibrate, "set_value", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            calibrate.keep(folder, place, made, NOW)
    assert calibrate.find(folder, "pump-1", "l1") == place and not audit.read(folder)[0]
    assert calibrate.still_to_flash(folder, place, "amplitude", BEFORE), "it is void"
    calibrate.keep(folder, place, made, NOW)
    assert calibrate.find(folder, "pump-1", "l1").per_volt == 105


def test_calibrate__clamp_open__noise_beside_what_is_subtracted(folder: Path) -> None:
    for floor, settings in ((0.03, BEFORE), (0.05, AFTER)):
        place = calibrate.find(folder, "pump-1", "l1")
        node = Node([0.03 if settings == BEFORE else 0.04] * 4, settings=[settings])
        made = calibrate.noise(place, calibrate.read_open(node, place, 4), NOW)
        assert made.after == pytest.approx(floor)
        calibrate.keep(folder, place, made, NOW)
        sensor = good_node(folder, "pump-1")[1].settings["sensors"][-1]
        assert sensor["inputs"][0]["noise"] == pytest.approx(floor)
    with pytest.raises(NoCalibration, match="take the clamp off"):
        calibrate.noise(place, calibrate.Readings(8.0, 1.0, 4, AFTER), NOW)


def test_calibrate__clamp_open_and_read_again__nothing_beside_the_noise_is_a_reading(
    folder: Path,
) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    nothing = calibrate.noise(place, calibrate.read_open(Node([0.0] * 4), place, 4), NOW)
    assert (nothing.after, nothing.scatter_pct, nothing.uncertainty) == (0, 0, 0)
    calibrate.keep(folder, place, calibrate.noise(place, _open(place, [0.03] * 4), NOW), NOW)
    place = calibrate.find(folder, "pump-1", "l1")
    # What is left when the noise is subtracted is next to nothing, and each time another
    again = calibrate.noise(place, _open(place, [0.0, 0.006, 0.0, 0.01]), NOW)
    assert 0.03 <= again.after < 0.031 and again.scatter_pct < 5
    with pytest.raises(NoCalibration, match="off the conductor"):
        _open(place, [0.0, 0.2, 0.0, 0.3])


def _open(place: calibrate.Channel, values: list[float]) -> calibrate.Readings:
    return calibrate.read_open(Node(values, settings=[AFTER]), place, len(values))


@pytest.mark.parametrize("mark", ["bandwidth", "clamp_off", "phase_lost"])
def test_calibrate__what_an_open_clamp_is_marked_with__a_reading_of_one_and_of_no_load(
    folder: Path, mark: str
) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    marked = {"marked": {"l1": {calibrate.RMS: mark}}}
    found = calibrate.read_open(Node([0.03] * 2, **marked), place, 2)
    assert found.mean == pytest.approx(0.03)
    with pytest.raises(NoCalibration, match=mark):
        calibrate.read(Node([8.0] * 2, **marked), place, calibrate.RMS, 2)
    for other in ("clipped", "bias"):
        with pytest.raises(NoCalibration, match=other + "; docs/current.md, section 7"):
            calibrate.read_open(Node([0.03], marked={"l1": {calibrate.RMS: other}}), place, 1)
    # Another clamp that is clipped makes the record none of this one either
    spoilt = {"record": {"valid": False}, "marked": {"l1": {}, "l2": {calibrate.RMS: "clipped"}}}
    with pytest.raises(NoCalibration, match="not sound: clipped"):
        calibrate.read_open(Node([0.03], **spoilt), place, 1)


def test_calibrate__amplitude_after_the_noise__the_noise_in_the_new_amperes(folder: Path) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    calibrate.keep(folder, place, calibrate.noise(place, _open(place, [0.04] * 2), NOW), NOW)
    place = calibrate.find(folder, "pump-1", "l1")
    made = calibrate.amplitude(place, calibrate.Readings(8.0, 0.1, 10, AFTER), 8.4, 1.0, NOW)
    calibrate.keep(folder, place, made, NOW)
    now = calibrate.find(folder, "pump-1", "l1")
    assert (now.per_volt, now.noise) == (105, pytest.approx(0.042))
    assert audit.read(folder)[0][-1].facts["noise"] == pytest.approx(0.042)


def test_read__settings_that_change_meanwhile__refused(folder: Path) -> None:
    place = calibrate.find(folder, "pump-1", "l1")
    with pytest.raises(NoCalibration, match="settings changed"):
        calibrate.read(Node([8.0, 8.0], settings=[BEFORE, AFTER]), place, calibrate.RMS, 2)


def test_calibrate__load_that_lags__phase_by_which_the_clamp_leads(folder: Path) -> None:
    place = calibrate.find(folder, "pump-1", "l1", calibrate.FACTOR)
    # A clamp that leads by 2.5 degrees, of which 1.5 are set: the lag seems 1 degree less.
    seen = math.cos(math.acos(0.35) - math.radians(1.0))
    node = Node([seen] * 3, calibrate.FACTOR)
    found = calibrate.read(node, place, calibrate.FACTOR, 3)
    made = calibrate.phase(place, found, 0.35, 0.5, NOW)
    assert made.before == 1.5 and made.after == 2.5
    assert 0.1 < made.uncertainty < 0.12  # 0.5 % of 0.35 is 0.11 degrees
    calibrate.keep(folder, place, made, NOW)
    assert calibrate.find(folder, "pump-1", "l1").phase_deg == 2.5


@pytest.mark.parametrize(
    ("changed", "values", "why"),
    [
        ({"record": None, "faults": ["bus"]}, [8.0], "no record"),
        ({"record": {"valid": False}}, [8.0], "not sound"),
        ({"marked": {"l1": {"cur_rms_a": "clipped"}}}, [8.0], "clipped"),
        ({"channels": {"l1": {}}, "withheld": {"l1": {"cur_rms_a": "unsteady"}}}, [8.0], "unste"),
        ({}, [8.0, 8.5, 7.5], "does not stay.*heater"),
        ({}, [0.0], "no current flows: switch"),
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
    found = calibrate.Readings(1.0, 0.1, 10, BEFORE)
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
