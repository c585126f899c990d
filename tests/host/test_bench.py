"""The benches of the features: they run, compare before they time, and say what is missed."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


def test_bench__every_name__is_a_tool(load: Any) -> None:
    bench = load("bench")
    assert all((TOOLS / f"bench_{name}.py").is_file() for name in bench.NAMES)
    assert {"dsp", "decimator", "pico_dsp"} < set(bench.NAMES)
    said = bench.__doc__.replace("\n", " ")
    assert f"NAME is one of {', '.join(bench.NAMES)}." in said


def test_bench_dsp__one_round_of_one_length__ratios_to_plain_python_and_numpy() -> None:
    command = [
        sys.executable,
        TOOLS / "bench_dsp.py",
        "--rounds",
        "1",
        "--lengths",
        "256",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert found["samples"] == 256 and found["us"]["viper"] > 0
    # Both were held against the node's values before they were timed.
    assert found["times_viper"]["plain Python"] > 1 and found["times_viper"]["NumPy"] > 0
    assert {"time values", "three orders"} <= set(found["groups_us"])


def test_bench_dsp__values_that_are_not_the_nodes__no_times(load: Any) -> None:
    node = load("bench_dsp").node_module()
    right = dict.fromkeys(node.KEYS, 1.0)
    node.check("plain", [1.005] * len(node.KEYS), right)
    wrong = [1.0] * len(node.KEYS)
    wrong[node.KEYS.index("vel_rms_mm_s")] = 1.02
    with pytest.raises(ValueError, match="vel_rms_mm_s"):
        node.check("plain", wrong, right)


def test_bench_decimator__every_factor__keeps_its_promises(load: Any, capsys: Any) -> None:
    bench = load("bench_decimator")
    assert bench.main() == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if "dB" in line]
    assert len(rows) == len(bench.FACTORS) == 15


def test_bench_decimator__taps_that_leak__broken(
    load: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    bench = load("bench_decimator")
    monkeypatch.setattr(bench.decimator, "_BETA", 4.0)
    assert bench.main() == 1


def lines(viper_ms: float, plain_ms: float, garbage: int) -> dict[str, dict[str, Any]]:
    return {
        "viper": {
            "us": viper_ms * 1000,
            "us, 3 axes": 3000 * viper_ms,
            "work_bytes": 10_000,
            "garbage_bytes": garbage,
            "code_bytes": 30_000,
        },
        "plain ulab": {"us": plain_ms * 1000, "us, 3 axes": 3000 * plain_ms},
        "ulab": {},
    }


def test_bench_pico_dsp__goals__each_named_where_it_is_missed(load: Any, capsys: Any) -> None:
    bench = load("bench_pico_dsp")
    assert bench.missed(lines(19.0, 100.0, 4_000), 1024) == []
    assert [text[:5] for text in bench.missed(lines(27.0, 200.0, 4_000), 1024)] == ["3 x 1"]
    assert "24001 bytes" in str(bench.missed(lines(19.0, 100.0, 14_001), 1024))
    assert len(bench.missed(lines(21.0, 100.0, 4_000), 1024)) == 2  # one axis, and three
    bench.show(lines(20.0, 101.0, 4_000), 1024)
    row = capsys.readouterr().out.splitlines()[0]
    assert row == "| 1 x 1024 | 20.0 ms | 101.0 ms | 5.0 | out of memory |"


def test_bench_pico_dsp__nothing_given__says_so_in_one_line_and_ends_well() -> None:
    command = [sys.executable, TOOLS / "bench_pico_dsp.py"]
    done = subprocess.run(command, env={"PATH": "/nowhere"}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("no emulated Pico"), done.stderr
