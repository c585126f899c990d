"""Recordings of each kind through the whole demo, as typed; what cannot be played, in one line."""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.io.wavfile
from typer.testing import CliRunner

from nodewright.cli.app import build
from nodewright.cli.demo_view import JsonView
from nodewright.demo.fleet import FleetOptions
from nodewright.demo.plan import NodePlan
from nodewright.demo.record import open_record
from nodewright.demo.run import DemoOptions, run_demo
from system.demo_rig import command

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RATE_HZ = 6000
AMPLITUDES_G = (1.0, 0.5, 0.25)
FREQUENCIES_HZ = (50.0, 120.0, 30.0)
SHORT = ("--nodes", "1", "--cycles", "1", "--interval", "1.6", "--json")


def tones(seconds: float = 3.0, channels: int = 3) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A tone a channel, in g."""
    at_s = np.arange(round(seconds * RATE_HZ))[:, None] / RATE_HZ
    both = zip(AMPLITUDES_G[:channels], FREQUENCIES_HZ[:channels], strict=True)
    return np.hstack([a * np.sin(2 * np.pi * f * at_s) for a, f in both])


def write(folder: Path, kind: str) -> list[str]:
    """A recording of three channels, and the words that play it."""
    path, data, rate = folder / f"pump.{kind}", tones(), ["--rate-hz", str(RATE_HZ)]
    if kind == "npy":
        np.save(path, np.round(data * 1000).astype("<i2"))
        return [str(path), *rate, "--scale", "0.001"]
    if kind == "npz":
        np.savez_compressed(path, acc=data, other=data)
        return [str(path), *rate, "--variable", "acc"]
    if kind == "mat":
        scipy.io.savemat(path, {"pump": {"acc": data}, "serial": 7})
        return [str(path), *rate, "--variable", "pump.acc"]
    if kind == "wav":
        scipy.io.wavfile.write(path, RATE_HZ, np.round(data / 2 * 32767).astype("<i2"))
        return [str(path), "--scale", "2"]
    at_s = np.arange(len(data))[:, None] / RATE_HZ
    np.savetxt(path, np.hstack([at_s, data]), "%.7f", ",", header="time,h,v,a", comments="")
    return [str(path)]


def play(*words: str) -> dict[str, Any]:
    done = CliRunner().invoke(build("demo"), ["demo", *SHORT, "--record", *words])
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def rms_g(told: dict[str, Any]) -> dict[str, float]:
    points = told["nodes"][0]["points"]
    return {p["channel"]: p["value"] for p in points if p["feature"] == "acc_rms_g"}


@pytest.mark.parametrize("kind", ["npy", "npz", "csv", "wav", "mat"])
def test_demo_record__each_kind__three_channels_to_three_axes(kind: str, tmp_path: Path) -> None:
    told = play(*write(tmp_path, kind))
    expected = {axis: a / 2**0.5 for axis, a in zip("xyz", AMPLITUDES_G, strict=True)}
    assert rms_g(told) == pytest.approx(expected, rel=0.02)
    assert told["source"]["file"].endswith(kind) and told["nodes"][0]["machine"] is None


def test_demo_record__channels_chosen__go_to_the_axes_in_that_order(tmp_path: Path) -> None:
    chosen = ["--channel", "a", "--channel", "0"]
    told = play(*write(tmp_path, "csv"), *chosen)
    values = rms_g(told)
    assert values["x"] == pytest.approx(0.25 / 2**0.5, rel=0.02)
    assert values["y"] == pytest.approx(1.0 / 2**0.5, rel=0.02)
    assert values["z"] < 0.02
    assert told["source"]["notes"] == [
        "times 'time' have no unit: read as seconds, 6000 Hz",
        "nothing is played to z",
    ]


def test_demo_record__shorter_than_a_record__played_and_told(tmp_path: Path) -> None:
    path = tmp_path / "short.npy"
    np.save(path, tones(0.5, 1))
    words = ["demo", *SHORT[:-1], "--record", str(path), "--rate-hz", str(RATE_HZ)]
    (tmp_path / "scratch").mkdir()
    with command(tmp_path / "scratch", *words) as run:
        code, out, _err = run.end()
    assert code == 0
    assert "note: 0.5 s are less than a record of 1.28 s" in out
    assert out.count("note: ") == 1
    assert "pump-1: short.npy, ADXL345" in out


def test_demo_record__too_many_channels__one_line_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "four.npy"
    np.save(path, np.hstack([tones(), tones(channels=1)]))
    (tmp_path / "scratch").mkdir()
    words = ("demo", "--record", str(path), "--rate-hz", str(RATE_HZ))
    with command(tmp_path / "scratch", *words) as run:
        code, out, err = run.end()
        run.assert_nothing_left()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and "--channel" in err


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no recordings at {DATA}")
def test_demo_record__ten_of_real_machines__every_value_within_tolerance() -> None:
    """One demo, in which each node feels another recording."""
    sources = []
    for folder, count in (("adi_adxl356", 4), ("cwru", 3), ("mfpt", 3)):
        rows = json.loads((DATA / folder / "manifest.json").read_text())
        for row in rows[:: len(rows) // count][:count]:
            path = DATA / folder / row["file"]
            sources.append(open_record(path, rate_hz=row["fs_hz"], scale=row["scale"]))
    assert len(sources) == 10
    left = iter(sources)

    def source(plan: NodePlan, folder: Path) -> Mapping[str, Any]:
        own = folder / plan.name
        own.mkdir()
        return next(left)(plan, own)

    fleet = FleetOptions(nodes=len(sources), interval_s=1.6)
    result = run_demo(DemoOptions(fleet, 1, source), JsonView(), threading.Event())
    assert result.ok, result.failures
    loudest = set()
    for node in result.as_dict()["nodes"]:
        assert len(node["points"]) >= 15
        loudest.add(max(p["value"] for p in node["points"] if p["feature"] == "acc_rms_g"))
    assert len(loudest) == len(sources) and min(loudest) > 0.005
