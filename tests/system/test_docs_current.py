"""docs/current.md: its settings pass the check, its commands run, its tables are arithmetic."""

import math
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from host import fleet_rig
from host.test_fleet_clamps import ONE_SET
from nodewright import twins
from nodewright.fleet.secret import Secrets
from nodewright.offline import choose_runtime
from nodewright.pki.create import create_ca
from nodewright.ports import free_port
from nodewright.virtual_node import VirtualNode

PAGE = Path(__file__).resolve().parents[2] / "docs" / "current.md"
TEXT = PAGE.read_text(encoding="utf-8")
LIMIT_S = 100.0
RUNNING_A = 0.8 * 11.5  # what the twin of a motor of this rating carries
VOLTAGE = """inputs.u1 = { input = 28, per_volt = 350, quantity = "voltage" }
"""


def block() -> str:
    text, _ = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.M | re.S)
    return str(text)


def start_block() -> str:
    """The set that waits for a start, in the place of the first one."""
    _, text = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.M | re.S)
    clamps = block()[block().index("[nodes") :]
    return str(text) + clamps.replace('sets = ["currents"]', 'sets = ["starts"]')


def commands() -> list[str]:
    return [" ".join(text.split()) for text in re.findall(r"`(nodewright [^`]+)`", TEXT)]


def table(head: str) -> list[list[str]]:
    """The cells of a table whose head begins so."""
    at = TEXT.index("| " + head)
    lines = TEXT[at:].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@contextmanager
def running(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualNode]:
    """The node of the page, its motor running, on a broker that its commands find."""
    create_ca(folder, "north")
    monkeypatch.setattr(twins, "_TIMELINE", [[0, "run"]])
    port = free_port()  # not the fleet's own, which may run for others
    with VirtualNode(folder, "pump-1", Secrets(folder), choose_runtime(), port=port) as node:
        node.boot(lambda _event: None)
        monkeypatch.setenv("NODEWRIGHT_BROKER", f"mqtt://{node.host}:{node.port}")
        yield node


def run(line: str, folder: Path, ends: int = 0) -> str:
    """What a command of the page says, which ends so; FLEET is its folder."""
    program, *words = shlex.split(line.replace("FLEET", str(folder)))
    assert program == "nodewright"
    ran = subprocess.run(
        [sys.executable, "-m", "nodewright", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    assert ran.returncode == ends, (line, ran.stdout, ran.stderr)
    return ran.stderr if ends else ran.stdout


def _inputs(folder: Path) -> dict[str, dict[str, float | str]]:
    fleet = tomllib.loads((folder / "fleet.toml").read_text(encoding="utf-8"))
    found: dict[str, dict[str, float | str]] = fleet["nodes"]["pump-1"]["sensors"]["clamps"][
        "inputs"
    ]
    return found


def test_page__settings_and_commands__pass_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = fleet_rig.judged(tmp_path, ONE_SET, end=block())
    assert not judged.errors, [str(one) for one in judged.errors]
    lines = commands()
    assert [line.split()[1] for line in lines] == ["calibrate"] * 3
    opened, amplitude, _ = lines
    with running(tmp_path, monkeypatch):
        assert "is no noise" in run(opened + " --records 2", tmp_path, ends=1)  # it runs
        told = run(amplitude + " --dry-run --records 2", tmp_path)
        assert "per_volt 100" in told and _inputs(tmp_path)["l1"]["per_volt"] == 100
        run(amplitude, tmp_path)
        again = run(amplitude + " --records 2", tmp_path, ends=1)
        assert "flash it first" in " ".join(again.split()), again
    known_a = float(re.findall(r"--amps ([\d.]+)", amplitude)[0])
    per_volt = float(_inputs(tmp_path)["l1"]["per_volt"])
    assert abs(per_volt / (100 * known_a / RUNNING_A) - 1) < 0.005, per_volt
    kept = (tmp_path / "calibrations" / "pump-1.toml").read_text(encoding="utf-8")
    assert "uncertainty" in kept and "date" in kept


def test_page__clamp_open_while_the_machine_runs__its_noise_is_in_fleet_toml(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet_rig.make(tmp_path, ONE_SET, end=block())
    wired = twins._clamps

    def opened(sensor: Mapping[str, Any]) -> dict[str, Any]:
        found = wired(sensor)
        found["inputs"][0] |= {"clamp": "off", "noise_v": 0.0008}  # 0.08 A, as the page says
        return found

    monkeypatch.setattr(twins, "_clamps", opened)
    with running(tmp_path, monkeypatch):
        assert "noise 0 " in run(commands()[0] + " --records 2", tmp_path)
    assert 0.06 < float(_inputs(tmp_path)["l1"]["noise"]) < 0.14


@pytest.mark.parametrize("text", [block(), start_block()])
def test_page__sets_beside_an_accelerometer__fit_where_it_says(tmp_path: Path, text: str) -> None:
    needed, there = re.findall(r"some (\d+) of (\d+) KB of heap", TEXT)[0]
    for board, room in (("virtual", True), ("pico2_w", True), ("pico_w", False)):
        changes = ONE_SET, ('"virtual"', f'"{board}"')
        told = [str(one) for one in fleet_rig.judged(tmp_path / board, *changes, end=text).errors]
        if room:
            assert not told, told
            continue
        ((kilobytes, allowed),) = re.findall(r"about (\d+) KB of heap; allowed: (\d+) KB", told[0])
        assert abs(int(kilobytes) - int(needed)) <= 5 and allowed == there, told


def test_page__phase_of_a_load_that_lags__runs_where_a_voltage_is_wired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = block().replace('"cur_rms_a",', '"cur_rms_a", "cur_power_factor",')
    text = re.sub(r"inputs\.l2.*\ninputs\.l3.*\n", VOLTAGE, text)
    fleet_rig.make(tmp_path, ONE_SET, end=text)
    with running(tmp_path, monkeypatch):
        assert "phase 0" in run(commands()[2], tmp_path)
    # Its motor lags by 32 degrees; the page's load by more.
    factor = float(re.findall(r"--power-factor ([\d.]+)", commands()[2])[0])
    lead_deg = float(str(_inputs(tmp_path)["l1"]["phase"]).removesuffix("deg"))
    assert abs(lead_deg - (math.degrees(math.acos(factor)) - 32)) < 1, lead_deg


def test_page__burdens__are_what_the_formula_gives() -> None:
    for row in table("board, converter"):
        swing_v = float(re.findall(r"[\d.]+", row[3])[0])
        exact, taken = (float(text) for text in re.findall(r"[\d.]+", row[4]))
        assert abs(2000 * swing_v / (math.sqrt(2) * 100) - exact) < 0.5, row
        assert taken <= exact and abs(float(row[5]) - 2000 / taken) < 0.1, row


def test_page__ratios_of_voltages__are_what_their_formulas_give() -> None:
    transformer, transducer, divider = (row[1] for row in table("what is wired"))
    assert abs(230 / 9 * (10 + 1.2) / 1.2 - float(transformer.split(": ")[-1])) < 0.1
    assert float(transducer) == 250 and float(divider.split(": ")[-1]) == (470 + 10) / 10


def test_page__filters__have_the_corners_and_lags_it_says() -> None:
    for row in table("converter, rate of each input"):
        ohms = float(row[1].split()[0]) * 1e3
        farads = float(row[2].split()[0]) * 1e-9
        corner_hz = 1 / (2 * math.pi * ohms * farads)
        told, unit = row[3].split()
        assert abs(corner_hz / (float(told) * (1e3 if unit == "kHz" else 1)) - 1) < 0.03, row

        def level_pct(hz: float, corner_hz: float = corner_hz) -> float:
            return 100 * (1 / math.hypot(1, hz / corner_hz) - 1)

        loss, lag = re.findall(r"-?[\d.]+", row[4])[:2]
        assert abs(level_pct(50) - float(loss)) < 0.05, row
        assert abs(math.degrees(math.atan(50 / corner_hz)) - float(lag)) < 0.06, row
        if "%" in row[5]:
            assert abs(level_pct(750) - float(row[5].split()[0])) < 0.6, row
