"""tools/confusion.py: what its sensors do to a signal, its counts, and the tables of the docs.

The recordings are no part of the repository: what needs them skips where they are absent.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from runner import tools

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
ORDERS = {"bpfo": 3.0516, "bpfi": 4.9484, "bsf": 1.99, "ftf": 0.381}

with_recordings = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings at {DATA}")


confusion = tools.load("confusion")
tables = tools.load("gen_confusion")


@cache
def recorded() -> tuple[Any, ...]:
    return tuple(confusion.points(DATA))


def point(samples: np.ndarray, rate_hz: float = 20_000.0) -> Any:
    return confusion.Point(
        "made", "healthy", rate_hz, 30.0, ORDERS, samples.reshape(len(samples), -1)
    )


@with_recordings
def test_recordings__all_blocks__nobody_healthy_accused_and_no_wrong_race() -> None:
    counts = confusion.count(recorded(), "all")
    assert counts["healthy"] == {"none": 20} and counts["ball"] == {"none": 11}
    assert counts["inner race"] == {"inner race": 15}
    assert counts["outer race"].keys() <= {"none", "outer race"}
    assert counts["outer race"]["outer race"] >= 11


@with_recordings
def test_recordings__eight_blocks__as_a_node_measures_them() -> None:
    counts = confusion.count(recorded(), "first 8")
    assert counts["healthy"] == {"none": 20} and counts["ball"] == {"none": 11}
    assert counts["inner race"] == {"inner race": 15}
    assert counts["outer race"].keys() <= {"none", "outer race"}
    assert counts["outer race"]["outer race"] >= 10


@with_recordings
def test_recordings__speed_2_percent_off__noticed_or_marked_in_all() -> None:
    for error_pct in (-2.0, 2.0):
        found = confusion.by_speed(recorded(), error_pct)
        assert found["states"]["off"] + found["states"]["unproven"] == len(recorded())
        assert found["states"]["off"] >= 0.7 * len(recorded())
        assert found["wrong"] == found["wrong_told_off"]
    right = confusion.by_speed(recorded(), 0.0)
    assert right["states"]["off"] <= 7 and right["wrong"] == 0
    assert right["states"]["confirmed"] >= 23


@with_recordings
def test_kept__counts__are_those_of_the_recordings() -> None:
    kept = json.loads(confusion.KEPT.read_text())
    assert kept["sensors"][0]["counts"]["first 8"] == confusion.count(recorded(), "first 8")
    assert kept["sensors"][0]["recordings"] == len(recorded())


def test_kept__every_plan_and_sensor__in_the_tables() -> None:
    kept = json.loads(confusion.KEPT.read_text())
    titles = ["as recorded", *(sensor.title for sensor in confusion.SENSORS.values())]
    assert [row["sensor"] for row in kept["sensors"]] == titles
    assert [speed["error_pct"] for speed in kept["speed"]] == list(confusion.SPEED_ERRORS_PCT)
    text = tables.tables()
    assert all(title in text for title in titles)
    for row in kept["sensors"]:
        assert set(row["counts"]) == set(confusion.PLANS)
    # Each line of a table has as many cells as its head.
    for part in text.split("\n\n"):
        if part.startswith("|"):
            assert len({line.count("|") for line in part.splitlines()}) == 1


def test_through__tone__kept_below_and_lost_above_the_sensors_band() -> None:
    at_s = np.arange(40_000) / 20_000.0
    for hertz, sensor, share in (
        (300.0, "adxl345", 1.0),
        (2500.0, "adxl345", 0.0),
        (2500.0, "kx134", 1.0),
        (9000.0, "kx134", 0.0),
        (1000.0, "iis3dwb", 1.0),
        (6300.0, "iis3dwb-full", 0.707),
    ):
        tone = 4.0 * np.sin(2 * np.pi * hertz * at_s)
        found = confusion.through(point(tone), confusion.SENSORS[sensor])
        spec = confusion.SENSORS[sensor]
        assert found.rate_hz == pytest.approx(spec.rate_hz / spec.decimate, rel=1e-3)
        middle = found.samples[200:-200, 0]
        assert np.std(middle) * np.sqrt(2) / 4.0 == pytest.approx(share, abs=0.06), (hertz, sensor)


def test_through__silence_and_blows__the_sensors_noise_digits_and_range() -> None:
    for name, spec in confusion.SENSORS.items():
        row = confusion.chips.ROWS[spec.chip]
        found = confusion.through(point(np.zeros(40_000)), spec)
        if spec.decimate == 1:
            noise_g = row["noise_g_rthz"] * np.sqrt(found.rate_hz / 2)
            digit_g = 2 * spec.range_g / 2**spec.bits
            expected = np.sqrt(noise_g**2 + digit_g**2 / 12)
            assert np.std(found.samples) == pytest.approx(expected, rel=0.05), name
            steps = found.samples / digit_g
            assert np.allclose(steps, np.rint(steps), atol=1e-6)
    loud = confusion.through(point(np.full(4000, 100.0)), confusion.SENSORS["kx134"])
    assert loud.samples.max() == 32.0


def test_adxl345__any_machine__verdict_withheld() -> None:
    noise = np.random.default_rng(2).normal(size=160_000)
    found = confusion.through(point(noise), confusion.SENSORS["adxl345"])
    assert {confusion.verdict_of(its) for its in confusion.judged(found, "1")} == {"withheld"}


def test_plan__names__which_blocks_make_a_verdict() -> None:
    assert confusion.plan(9, "all") == [range(9)]
    assert confusion.plan(29, "first 8") == [range(8)]
    assert confusion.plan(29, "last 8") == [range(21, 29)]
    assert confusion.plan(3, "first 8") == confusion.plan(3, "last 8") == [range(3)]
    assert confusion.plan(2, "1") == [range(1), range(1, 2)]
