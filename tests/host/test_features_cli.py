"""`nodewright features` as it is typed: JSON, table, exit codes, bad input."""

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io

from nodewright.cli import exits, main
from nodewright.interpreter import InterpreterError, find_interpreter

Typed = Callable[..., tuple[int, str, str]]
SCALE = 0.0039


@pytest.fixture
def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Typed:
    """Runs `nodewright features …` and gives (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nodewright", "features", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return code or 0, told.out, told.err

    return run


@pytest.fixture
def run_npy(tmp_path: Path) -> Path:
    """Three axes of 1500 int16 samples."""
    path = tmp_path / "run.npy"
    digits = np.random.default_rng(5).normal(30.0, 900.0, (1500, 3)).round().astype(np.int16)
    np.save(path, digits)
    return path


@pytest.fixture
def runtime() -> str:
    """MicroPython where there is one: the tests of this file are of the command, not of it."""
    try:
        find_interpreter()
    except InterpreterError:
        return "cpython"
    return "micropython"


def result(told: tuple[int, str, str]) -> dict[str, Any]:
    code, out, err = told
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


@pytest.mark.parametrize(
    ("kind", "backend"), [("micropython", "viper"), ("cpython", "viper"), ("cpython", "ulab")]
)
def test_features__json__each_axis_beside_its_reference(
    typed: Typed, run_npy: Path, kind: str, backend: str, runtime: str
) -> None:
    if kind == "micropython" != runtime:
        pytest.skip("no MicroPython")
    options = ("--rate-hz", 3200, "--scale", SCALE, "--window", 256, "--start", 100)
    found = result(typed(run_npy, *options, "--runtime", kind, "--backend", backend, "--json"))
    assert found["runtime"]["kind"] == kind and found["runtime"]["backend"] == backend
    assert found["record"] | {"start": 100, "window": 256, "rate_hz": 3200.0} == found["record"]
    assert found["record"]["digits"] == "as stored"
    assert [channel["channel"] for channel in found["channels"]] == ["x", "y", "z"]
    digits = np.load(run_npy)[100:356].astype(float) * SCALE
    for axis, channel in enumerate(found["channels"]):
        assert channel["ok"] and channel["g_per_digit"] == SCALE
        assert channel["units"]["acc_rms_g"] == "g"
        for source in ("features", "reference"):
            rms_g = float(np.std(digits[:, axis]))
            assert channel[source]["acc_rms_g"] == pytest.approx(rms_g, rel=1e-3), source
        assert set(channel["features"]) | set(channel["withheld"]) == set(channel["units"])


def test_features__no_window__largest_that_fits(typed: Typed, run_npy: Path) -> None:
    options = ("--rate-hz", 3200, "--scale", SCALE, "--json")
    assert result(typed(run_npy, *options))["record"]["window"] == 1024
    assert result(typed(run_npy, *options, "--start", 1000))["record"]["window"] == 256


def test_features__channels__by_name_and_index_in_the_order_asked(
    typed: Typed, run_npy: Path
) -> None:
    options = ("--rate-hz", 3200, "--scale", SCALE, "--json", "--window", 256)
    found = result(typed(run_npy, *options, "--channel", "z", "--channel", "0"))
    assert [channel["channel"] for channel in found["channels"]] == ["z", "x"]


def test_features__real_numbers__scaled_and_still_right(typed: Typed, tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    wave = 0.02 * np.sin(np.arange(600) * 0.37)
    path.write_text("acc\n" + "\n".join(f"{value:.9f}" for value in wave))
    found = result(typed(path, "--rate-hz", 800, "--json"))
    assert found["record"]["digits"] == "scaled to int16"
    (channel,) = found["channels"]
    rms_g = float(np.std(wave[:512]))
    assert channel["features"]["acc_rms_g"] == pytest.approx(rms_g, rel=2e-3)


def test_features__pure_tones__lines_of_rounding_accuse_nobody(
    typed: Typed, tmp_path: Path
) -> None:
    at_s = np.arange(4096) / 3200.0
    tones = np.sin(2 * np.pi * 123.4 * at_s) + 0.01 * np.sin(2 * np.pi * 623.4 * at_s)
    np.save(tmp_path / "tones.npy", tones)
    code, out, _ = typed("tones.npy", "--rate-hz", 3200, "--scale", 1, "--json")
    (channel,) = json.loads(out)["channels"]
    assert code == 0
    assert abs(channel["features"]["line1_hz"] - 123.4) < 0.04
    assert abs(channel["features"]["line2_g"] - 0.01) < 0.0001


def test_features__table__value_unit_reference_and_verdict(typed: Typed, run_npy: Path) -> None:
    code, out, _ = typed(run_npy, "--rate-hz", 3200, "--scale", SCALE, "--channel", "x")
    assert code == 0
    assert "channel x" in out and "3200 Hz, samples 0 to 1023" in out
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("acc_rms_g"))
    assert row[1] == "g" and row[-1] == "ok" and len(row) == 7
    assert float(row[2]) == pytest.approx(float(row[3]), rel=1e-3)
    assert "within tolerance" in out


def test_features__silence__reasons_shown(typed: Typed, tmp_path: Path) -> None:
    np.save(tmp_path / "still.npy", np.zeros(256, np.int16))
    code, out, _ = typed(tmp_path / "still.npy", "--rate-hz", 800, "--scale", SCALE)
    assert code == 0
    row = next(line.split() for line in out.splitlines() if line.strip().startswith("crest"))
    assert row[1] == "withheld" and row[-1] == "silent"


def test_features__everything_asked__one_json_object_and_the_files(
    typed: Typed, run_npy: Path, tmp_path: Path
) -> None:
    options = ("--rate-hz", 3200, "--scale", SCALE, "--blocks", "all", "--window", 256)
    options += ("--band", "10:100", "--band", "500:1500", "--machine", "1,flexible")
    options += ("--shaft-hz", 60, "--spectrum", "--json")
    code, out, err = typed(
        run_npy, *options, "--spectrum-to", "s.csv", "--plot", "run.html", "--start", 100
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["record"]["blocks"] == 5
    assert found["record"]["starts"] == [100, 356, 612, 868, 1124]
    assert found["asked"] == {
        "shaft_hz": 60.0,
        "bands": [[10.0, 100.0], [500.0, 1500.0]],
        "machine": [1, "flexible"],
        "limits_mm_s": [3.5, 7.1, 11.0],
    }
    rms_g = [np.std(np.load(run_npy)[s : s + 256, 0] * SCALE) for s in found["record"]["starts"]]
    x = found["channels"][0]
    assert x["features"]["acc_rms_g"] == pytest.approx(np.median(rms_g), rel=1e-3)
    low, high = np.percentile(rms_g, [16, 84])
    assert x["spread"]["acc_rms_g"] == {
        "low": pytest.approx(low, rel=1e-3),
        "high": pytest.approx(high, rel=1e-3),
        "n": 5,
    }
    for channel in found["channels"]:
        spectrum = channel["spectrum"]
        bins = spectrum["log_bins"]
        assert len(bins["edges_hz"]) == len(bins["rms_g"]) + 1
        assert spectrum["bin_hz"] == 12.5 and len(spectrum["amplitude_g"]) == 128
        for reason in channel["withheld"].values():
            assert found["reasons"][reason].endswith(".")
    rows = (tmp_path / "s.csv").read_text().splitlines()
    assert rows[0] == "frequency_hz,x_g,y_g,z_g" and len(rows) == 129
    last = [float(cell) for cell in rows[-1].split(",")]
    assert last[1:] == pytest.approx([c["spectrum"]["amplitude_g"][-1] for c in found["channels"]])
    assert (tmp_path / "run.html").read_text().startswith("<!DOCTYPE html>")


def test_features__table_of_blocks__spread_zone_and_sentences(
    typed: Typed, run_npy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    options = ("--rate-hz", 800, "--scale", SCALE, "--blocks", 2, "--channel", "y")
    code, out, _ = typed(run_npy, *options, "--machine", "2,rigid", "--spectrum")
    assert code == 0
    row = next(line for line in out.splitlines() if line.strip().startswith("acc_rms_g"))
    assert " to " in row and row.split()[-1] == "ok" and len(row) <= 80
    assert next(line for line in out.splitlines() if "reference" in line).split()[-1] == "validity"
    assert "spectrum of channel y, mean of 2 blocks" in out and "██" in out
    assert "no zone, since it is withheld" in out
    assert "bandwidth: Sensor or sample rate end below" in out


def spoiling_interpreter(folder: Path, key: str, factor: float) -> str:
    """The true MicroPython, of whose results one key is changed afterwards: a broken kernel."""
    real = list(find_interpreter().command)
    program = folder / "spoil.py"
    program.write_text(
        "import json, subprocess, sys\n"
        f"code = subprocess.call({real!r} + sys.argv[1:])\n"
        "if sys.argv[-1].endswith('job.json'):\n"
        "    path = json.load(open(sys.argv[-1]))['result']\n"
        "    lines = [json.loads(line) for line in open(path)]\n"
        f"    lines[0]['values'][{key!r}] *= {factor!r}\n"
        "    open(path, 'w').write(''.join(json.dumps(line) + chr(10) for line in lines))\n"
        "sys.exit(code)\n"
    )
    return f"{sys.executable} {program}"


def interrupting_interpreter(folder: Path) -> str:
    """The true MicroPython, but when the work begins it presses Ctrl-C on who started it."""
    real = list(find_interpreter().command)
    program = folder / "interrupt.py"
    program.write_text(
        "import os, signal, subprocess, sys\n"
        "if sys.argv[-1].endswith('job.json'):\n"
        "    os.kill(os.getppid(), signal.SIGINT)\n"
        "    signal.pause()\n"
        f"sys.exit(subprocess.call({real!r} + sys.argv[1:]))\n"
    )
    return f"{sys.executable} {program}"


def test_features__interrupted__exit_130_a_line_and_nothing_left(
    run_npy: Path, tmp_path: Path, runtime: str
) -> None:
    if runtime != "micropython":
        pytest.skip("no MicroPython")
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    options = ["--rate-hz", "3200", "--scale", str(SCALE), "--window", "256"]
    options += ["--interpreter", interrupting_interpreter(tmp_path)]
    ran = subprocess.run(
        [sys.executable, "-m", "nodewright", "features", str(run_npy), *options],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert (ran.returncode, ran.stdout) == (exits.INTERRUPTED, "")
    assert ran.stderr == "nodewright: interrupted\n"
    assert list(scratch.iterdir()) == []


def test_features__value_out_of_tolerance__exit_1_and_named(
    typed: Typed, run_npy: Path, tmp_path: Path, runtime: str
) -> None:
    if runtime != "micropython":
        pytest.skip("no MicroPython")
    spoilt = spoiling_interpreter(tmp_path, "acc_peak_g", 1.002)
    options = ("--rate-hz", 3200, "--scale", SCALE, "--window", 256, "--interpreter", spoilt)
    code, out, _ = typed(run_npy, *options)
    assert code == 1
    assert "out of tolerance" in next(line for line in out.splitlines() if "acc_peak_g" in line)
    code, out, _ = typed(run_npy, *options, "--json")
    assert code == 1
    x, y, z = json.loads(out)["channels"]
    assert x["verdict"]["acc_peak_g"] is False and not x["ok"] and y["ok"] and z["ok"]


def test_features__no_micropython_for_the_platform__cpython_and_a_line(
    typed: Typed, run_npy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NODEWRIGHT_MICROPYTHON", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    options = ("--rate-hz", 3200, "--scale", SCALE, "--window", 256, "--channel", "x")
    code, out, err = typed(run_npy, *options, "--backend", "ulab", "--json")
    assert code == 0 and json.loads(out)["runtime"]["kind"] == "cpython"
    assert "no MicroPython" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--window", 1000), "power of two from 256 to 4096"),
        (("--window", 2048), "2048 are needed"),
        (("--start", 1300), "256 are needed"),
        (("--start", -1), "start from 0"),
        (("--channel", "w"), "it has x, y, z"),
        (("--channel", 3), "it has 0 to 2"),
        (("--rate-hz", 0), "sample rate"),
        (("--rate-hz", "nan"), "sample rate"),
        (("--rate-hz", 2e6), "--rate-hz 2e+06"),
        (("--scale", 0), "scale"),
        (("--scale", "inf"), "scale"),
        (("--scale", 10.0, "--unit", "g", "--channel", 0, "--scale", 1e6), "accelerometer"),
        (("--unit", "A"), "currents"),
        (("--unit", "mA"), "currents"),
        (("--unit", "furlong"), "use one of g"),
        (("--variable", "x"), "variable"),
        (("--shaft-hz", 0), "--shaft-hz 0"),
        (("--shaft-hz", "nan"), "--shaft-hz nan"),
        (("--shaft-hz", 1e9), "--shaft-hz 1e+09"),
        (("--band", "100:10"), "--band '100:10' cannot be: LOW:HIGH"),
        (("--band", "10:1601"), "half of the rate is 1600 Hz"),
        (("--band", "10:10.1"), "resolve 3.12 Hz"),
        (("--band", "1:9") * 5, "4 at most"),
        (("--machine", "3,rigid"), "one of 1,rigid 1,flexible 2,rigid 2,flexible"),
        (("--blocks", 0), "a number from 1, or all"),
        (("--blocks", "some"), "a number from 1, or all"),
        (("--blocks", 6), "at most 5"),
        (("--blocks", 2, "--window", 1024), "1 do"),
        (("--shaft-hz", 999, "--rate-hz", 2000), "first order must lie below"),
        (("--plot", "run.svg"), ".html or .png"),
        (("--plot", "nowhere/run.html"), "--plot nowhere/run.html cannot be written"),
        (("--plot", "nowhere/run.png"), "--plot nowhere/run.png cannot be written"),
        (("--spectrum-to", "run.npy"), "exists and is no spectrum of nodewright"),
        (("--runtime", "pypy"), "micropython, cpython"),
        (("--runtime", "cpython", "--interpreter", "micropython"), "of no use"),
        (("--backend", "fpga"), "viper, ulab"),
        (("--interpreter", "/nowhere/micropython"), "no such program"),
        (("--window", "many"), "--window"),
        (("--no-such-option",), "No such option"),
    ],
)
def test_features__option_that_cannot_be__one_line_and_exit_2(
    typed: Typed, run_npy: Path, options: tuple[object, ...], named: str
) -> None:
    code, out, err = typed(run_npy, "--rate-hz", 3200, "--scale", SCALE, "--json", *options)
    assert code == 2
    assert out == "" and named in err and "Traceback" not in err
    assert err.count("\n") == 1 or "Usage" in err


def bad_files(folder: Path) -> dict[str, tuple[str, str]]:
    """name: (file, a word of the message)."""
    np.save(folder / "short.npy", np.zeros(255, np.int16))
    holes = np.zeros(600)
    holes[333] = np.nan
    np.save(folder / "holes.npy", holes)
    np.save(folder / "objects.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    (folder / "empty.npy").write_bytes(b"")
    (folder / "letter.docx").write_bytes(b"PK")
    bomb = b"{'descr': '<i2', 'fortran_order': False, 'shape': (999999999999,), }"
    bomb = bomb.ljust(117) + b"\n"
    (folder / "bomb.npy").write_bytes(
        b"\x93NUMPY\x01\x00" + len(bomb).to_bytes(2, "little") + bomb
    )
    scipy.io.savemat(folder / "two.mat", {"de": np.zeros(600), "fe": np.zeros(600)})
    return {
        "missing": ("nothing.npy", "cannot be opened"),
        "empty": ("empty.npy", "empty"),
        "short": ("short.npy", "256 are needed"),
        "holes": ("holes.npy", "333"),
        "pickle": ("objects.npy", ""),
        "format": ("letter.docx", "unknown"),
        "bomb": ("bomb.npy", "999999999999"),
        "variables": ("two.mat", "de [1, 600]"),
        "folder": (".", ""),
    }


@pytest.mark.parametrize(
    "kind",
    ["missing", "empty", "short", "holes", "pickle", "format", "bomb", "variables", "folder"],
)
def test_features__file_that_cannot_be__one_line_and_exit_2(
    typed: Typed, tmp_path: Path, kind: str
) -> None:
    name, word = bad_files(tmp_path)[kind]
    code, out, err = typed(tmp_path / name, "--rate-hz", 3200, "--scale", SCALE, "--json")
    assert code == 2
    assert out == "" and word in err and err.count("\n") == 1, err


def test_features__whole_numbers_without_scale__asked_for(typed: Typed, run_npy: Path) -> None:
    code, out, err = typed(run_npy, "--rate-hz", 3200)
    assert code == 2 and out == "" and "--scale" in err


def test_features__as_a_program__leaves_no_file_behind(run_npy: Path, tmp_path: Path) -> None:
    program = Path(sysconfig.get_path("scripts")) / "nodewright"
    if not program.exists():
        pytest.skip("nodewright is not installed")
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    words = ["features", str(run_npy), "--rate-hz", "3200", "--scale", str(SCALE), "--json"]
    ran = subprocess.run(
        [str(program), *words, "--window", "256", "--channel", "y"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == 1 and json.loads(ran.stdout)["channels"]
    assert list(scratch.iterdir()) == []


def test_features__units_by_the_header__taken_or_refused(typed: Typed, tmp_path: Path) -> None:
    rows = "".join(f"{i / 800:.6f},{np.sin(i):.6f}\n" for i in range(256))
    (tmp_path / "a.csv").write_text("time_s,x [m/s2]\n" + rows)
    code, out, _ = typed("a.csv", "--runtime", "cpython", "--json")
    told = json.loads(out)
    assert code == exits.DONE
    assert told["record"]["notes"] == ["values are in m/s2 by their header"]
    assert told["channels"][0]["features"]["acc_rms_g"] == pytest.approx(
        0.7071 / 9.80665, rel=0.01
    )
    (tmp_path / "b.csv").write_text("time_s,x [mA]\n" + rows)
    code, out, said = typed("b.csv", "--runtime", "cpython")
    assert code == exits.WRONG_USE and out == ""
    assert "b.csv: its header says mA: features of currents are not there yet" in said
