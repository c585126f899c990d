"""Clamps in fleet.toml: what they compile to, and what is wrong with them in words."""

from pathlib import Path

import pytest

from host.fleet_rig import judged
from nodewright import twins
from wire import settings

SETS = """
[sets.currents]
kind = "current"
rate = "8kHz"
samples = 1024
every = "10s"
features = ["cur_rms_a", "cur_unbalance_pct", "cur_running"]
"""
# Beside clamps the virtual board has no room for records of 2048 samples.
ONE_SET = ('sets = ["severity", "on-demand"]', 'sets = ["severity"]')
CLAMPS = """
[nodes.pump-1.sensors.clamps]
chip = "adc"
full_scale = "3.3V"
bias = "1.65V"
inputs.l1 = { input = 26, per_volt = 100, phase = "1.5deg" }
inputs.l2 = { input = 27, per_volt = 100 }
inputs.u1 = { input = 28, per_volt = -350, quantity = "voltage" }
motor = { on = "2A", rated = "11.5A", pole_pairs = 2 }
sets = ["currents"]
"""


def test_compile__clamps_at_the_boards_own_converter__settings_the_node_takes(
    tmp_path: Path,
) -> None:
    found = judged(tmp_path, ONE_SET, end=SETS + CLAMPS)
    assert not found.errors, [str(one) for one in found.errors]
    compiled = found.compiled["pump-1"].settings
    sensor = compiled["sensors"][-1]
    assert sensor["kind"] == "current" and sensor["bus"] is None
    assert sensor["inputs"][0] == {
        "channel": "l1",
        "input": 26,
        "quantity": "current",
        "per_volt": 100,
        "phase_deg": 1.5,
        "noise": None,
    }
    assert sensor["motor"] == {
        "on_a": 2,
        "off_a": None,
        "rated_a": 11.5,
        "pole_pairs": 2,
        "neg_seq_pct": 7,
    }
    assert compiled["sets"][0] == {
        "kind": "current",
        "name": "currents",
        "sensor": "clamps",
        "rate_hz": 8000,
        "samples": 1024,
        "features": ["cur_rms_a", "cur_unbalance_pct", "cur_running"],
        "schedule": {"kind": "interval", "interval_ms": 10000},
    }
    assert settings.channels_of(sensor) == ["l1", "l2"]
    (pins,) = [bus for bus in twins.around(compiled, "pump")["buses"] if bus["kind"] == "adc"]
    assert [row["signal"] for row in pins["chips"][0]["inputs"]] == ["current"] * 2 + ["voltage"]


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('full_scale = "3.3V"', "", "full_scale"),
        ('full_scale = "3.3V"', "full_scale = 3.3", "full_scale"),
        ("input = 27", "input = 3", "inputs.l2.input"),
        ("input = 27", "input = 26", "inputs.l2.input"),
        ('chip = "adc"', 'chip = "adc"\nbus = "i2c0"', "bus"),
        ('chip = "adc"', 'chip = "adc"\nrange = "2g"', "range"),
        ('chip = "adc"', 'chip = "mcp3208"', "bus"),
        ('rate = "8kHz"', 'rate = "100Hz"', "sets.currents"),
        ('rate = "8kHz"', "", "rate"),
        ("samples = 1024\nevery", "samples = 1024\nblocks = 2\nevery", "blocks"),
        ('"cur_running"]', '"acc_rms_g"]', "features"),
        ('motor = { on = "2A"', 'motor = { on = "2A", off = "3A"', "sensors.clamps"),
    ],
)
def test_check__clamps_with_an_error__said_where_it_is(
    tmp_path: Path, old: str, new: str, path: str
) -> None:
    text = SETS + CLAMPS
    assert text.count(old) == 1, old
    found = judged(tmp_path, ONE_SET, end=text.replace(old, new))
    assert found.errors
    assert any(path in str(one) for one in found.errors), [str(one) for one in found.errors]


def test_check__start__where_the_converter_runs_on_by_itself(tmp_path: Path) -> None:
    # Whether a motor runs is told by a set with an interval
    sets = SETS.replace('every = "10s"', 'start = "5A"').replace(', "cur_running"', "")
    (compiled,) = judged(tmp_path, ONE_SET, end=sets + CLAMPS).compiled.values()
    schedule = {"kind": "start", "threshold_a": 5}
    assert compiled.settings["sets"][0]["schedule"] == schedule
    for old, new, why in (
        ('start = "5A"', 'start = "0.5A"', "a hundredth of the range of l1"),
        ('chip = "adc"', 'chip = "mcp3208"\nbus = "spi0"', "does not run on by itself"),
        ('kind = "current"', 'kind = "waveform"', "in a set of kind current"),
        ('start = "5A"', 'start = "5A"\nevery = "10s"', "say once when"),
    ):
        text = (sets + CLAMPS).replace(old, new)
        if "mcp3208" in new:
            for place, pin in enumerate((26, 27, 28)):
                text = text.replace(f"input = {pin}", f"input = {place}")
        found = judged(tmp_path, ONE_SET, end=text)
        assert any(why in str(one) for one in found.errors), [str(one) for one in found.errors]
    pins = (sets + CLAMPS).replace("= 26,", "= 34,").replace("= 27,", "= 35,")
    pins = pins.replace("= 28,", "= 36,").replace('"8kHz"', '"3kHz"')
    found = judged(tmp_path, ONE_SET, ('"virtual"', '"esp32"'), end=pins)
    assert any("one sample after the other" in str(one) for one in found.errors)


def test_check__rate_that_only_dma_takes__refused_on_a_board_without(tmp_path: Path) -> None:
    pins = (
        (SETS + CLAMPS)
        .replace("= 26,", "= 34,")
        .replace("= 27,", "= 35,")
        .replace("= 28,", "= 36,")
    )
    for rate, refused in (("8kHz", True), ("7kHz", False)):
        text = pins.replace('rate = "8kHz"', f'rate = "{rate}"')
        found = judged(tmp_path / rate, ONE_SET, ('"virtual"', '"esp32"'), end=text)
        said = [str(one) for one in found.errors if one.name == "sets.currents.rate"]
        assert bool(said) == refused, [str(one) for one in found.errors]
        if refused:
            assert "7333 Hz" in said[0]


def test_check__accelerometer_with_a_converters_key__refused(tmp_path: Path) -> None:
    found = judged(tmp_path, ('range = "16g"', 'range = "16g"\nbias = "1.65V"'))
    assert [one.path[-1] for one in found.errors] == ["bias"], [str(one) for one in found.errors]


def test_check__sets_of_the_same_clamps_that_cannot_work__said_with_the_cure(
    tmp_path: Path,
) -> None:
    waits = SETS.replace('every = "10s"', 'start = "5A"').replace(', "cur_running"', "")
    second = waits.replace("[sets.currents]", "[sets.more]").replace('"5A"', '"8A"')
    both = CLAMPS.replace('sets = ["currents"]', 'sets = ["currents", "more"]')
    slow = waits.replace('"cur_rms_a"', '"cur_inrush_a"').replace('"8kHz"', '"370Hz"')
    hours = waits.replace('"cur_rms_a"', '"cur_run_h"')
    for name, text, where, why in (
        ("two", waits + second + both, "sets.currents", "keep that of the lower threshold"),
        ("slow", slow + CLAMPS, "sets.currents.rate", "at least 400 for cur_inrush_a"),
        ("hours", hours + CLAMPS, "sets.currents.features", "by interval"),
    ):
        errors = judged(tmp_path / name, ONE_SET, end=text).errors
        said = [str(one) for one in errors if one.name.startswith("sets.currents")]
        assert any(why in one for one in said), (where, [str(one) for one in errors])
    mended = hours + second.replace('start = "8A"', 'every = "10s"') + both
    assert not judged(tmp_path / "mended", ONE_SET, end=mended).errors
