"""From an empty folder to a node that reports: the commands that a person types."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host.pki_rig import given_away
from nodewright import broker, twins
from nodewright.errors import BadInput
from nodewright.image import contents
from nodewright.interpreter import InterpreterError, find_interpreter
from nodewright.ports import free_port
from nodewright.watch import Collector, parse_url

_WAIT_S = 90.0
try:
    _INTERPRETER = find_interpreter()
except InterpreterError:
    _INTERPRETER = None
needs_micropython = pytest.mark.skipif(_INTERPRETER is None, reason="no MicroPython here")


class Shell:
    """Runs `nodewright` as a user of a fresh machine: no cache, no data, no environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {
            **{key: value for key, value in os.environ.items() if "NODEWRIGHT" not in key},
            "NODEWRIGHT_HOME": str(folder / "home"),
            "NODEWRIGHT_CACHE": str(folder / "cache"),
        }

    def __call__(self, *words: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        """It must say nothing of what is in a secrets/, either."""
        ran = subprocess.run(
            [sys.executable, "-m", "nodewright", *words],
            cwd=at or self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_WAIT_S,
            stdin=subprocess.DEVNULL,
        )
        assert given_away(ran.stdout + ran.stderr, self.folder) == [], words
        return ran

    def good(self, *words: str, at: Path | None = None) -> str:
        ran = self(*words, at=at)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def on_port(fleet: Path, port: int) -> None:
    """The fleet's broker at a port that is ours, and a record every second."""
    text = (fleet / "fleet.toml").read_text()
    text = text.replace("port = 1883", f"port = {port}").replace('every = "10s"', 'every = "2s"')
    (fleet / "fleet.toml").write_text(text)


@needs_micropython
def test_new_to_virtual__fresh_machine__node_boots_from_its_image_and_reports(
    shell: Shell, tmp_path: Path
) -> None:
    fleet = tmp_path / "f"
    shell.good("new", "f")
    on_port(fleet, free_port())
    # Another speed than any preset of a machine has.
    text = (fleet / "fleet.toml").read_text()
    (fleet / "fleet.toml").write_text(text.replace('speed = "1480rpm"', 'speed = "1800rpm"'))
    shell.good("check", at=fleet)
    shell.good("provision", "pump-1", at=fleet)
    shell.good("image", "pump-1", "-o", "pump-1.img", at=fleet)
    said = shell.good("virtual", "pump-1", "--reports", "2", "--json", at=fleet)
    about, *reports = [json.loads(line) for line in said.splitlines()]
    # It booted from the very bytes that `image` wrote.
    assert about["image"]["sha256"] == contents.read(fleet / "pump-1.img").sha256
    assert about["changed"] == []
    assert about["image"]["identity"]["serial"]
    assert about["broker"]["own"] is True
    assert [one["message"]["seq"] for one in reports] == [0, 1]
    for one in reports:
        message = one["message"]
        assert message["record"]["valid"] is True
        assert message["faults"] == []
        assert set(message["channels"]) == {"x", "y", "z"}
        # The machine turns as fast as the fleet says: its unbalance stands at that order.
        assert message["channels"]["x"]["order1_mm_s"] > 0.3


@needs_micropython
def test_virtual__node_of_every_kind_of_sensor__each_has_its_twin(
    shell: Shell, tmp_path: Path
) -> None:
    fleet = tmp_path / "f"
    shell.good("new", "f")
    on_port(fleet, free_port())
    text = (fleet / "fleet.toml").read_text().replace('"order1_mm_s", "order2_mm_s",', "")
    more = """
[sets.warmth]
kind = "value"
every = "2s"
features = ["temp_c"]

[nodes.pump-1.buses.wire]
kind = "onewire"
pin = 22

[nodes.pump-1.sensors.near]
chip = "ds18b20"
bus = "wire"
sets = ["warmth"]

[nodes.pump-1.sensors.far]
chip = "tmp117"
bus = "i2c0"
channels = ["far"]
sets = ["warmth"]
"""
    (fleet / "fleet.toml").write_text((text + more).replace('every = "2s"', 'every = "6s"'))
    said = shell.good("virtual", "pump-1", "--reports", "6", "--json", at=fleet)
    about, *reports = [json.loads(line) for line in said.splitlines()]
    assert any("without key and certificate" in note for note in about["notes"])
    found: dict[str, Any] = {}
    for one in reports:
        assert one["message"]["faults"] == []
        found[one["message"]["record"]["sensor"]] = one["message"]["channels"]
    assert found["near"]["housing"]["temp_c"] == pytest.approx(41.5, abs=0.5)
    assert found["far"]["far"]["temp_c"] == pytest.approx(41.5, abs=0.5)
    assert set(found["acc"]) == {"x", "y", "z"}


def test_virtual__broker_of_a_plant__is_left_alone_and_it_says_so(
    shell: Shell, tmp_path: Path
) -> None:
    fleet = tmp_path / "f"
    shell.good("new", "f")
    text = (fleet / "fleet.toml").read_text()
    text = text.replace('host = "127.0.0.1"', 'host = "192.0.2.7"').replace('"10s"', '"2s"')
    (fleet / "fleet.toml").write_text(text)
    said = shell.good("virtual", "pump-1", "--reports", "1", "--json", at=fleet)
    about, report = [json.loads(line) for line in said.splitlines()]
    assert about["changed"] == ["mqtt.host", "mqtt.port"]
    assert about["broker"]["address"].startswith("127.0.0.1:")
    assert any("192.0.2.7:1883" in note and "simulated" in note for note in about["notes"])
    assert report["message"]["record"]["valid"] is True


def test_virtual__fleets_broker_runs_here__is_taken(shell: Shell, tmp_path: Path) -> None:
    fleet = tmp_path / "f"
    shell.good("new", "f")
    with broker.start("auto") as hub:
        on_port(fleet, hub.port)
        with Collector(parse_url(f"mqtt://{hub.host}:{hub.port}")) as collector:
            said = shell.good("virtual", "pump-1", "--reports", "1", "--json", at=fleet)
            event = collector.get(10.0)
            while event is not None and event.kind != "report":
                event = collector.get(10.0)
    about = json.loads(said.splitlines()[0])
    assert about["broker"]["own"] is False
    assert event is not None and event.node == "pump-1"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "no node is named 'nope'"),
        (["pump-1", "--demo", "3"], "say one of them"),
        (["--reports", "3"], "go with a NODE"),
        (["pump-1", "--reports", "0"], "1 or more"),
        (["pump-1", "--machine", "lathe"], "lathe"),
    ],
)
def test_virtual__wrong_use__says_what_is_wanted(
    shell: Shell, tmp_path: Path, words: list[str], said: str
) -> None:
    shell.good("new", "f")
    ran = shell("virtual", *words, at=tmp_path / "f")
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_around__sensor_without_a_twin__named() -> None:
    settings = {
        "node": "n",
        "network": {"ssid": "s", "password": None},
        "sensors": [
            {
                "name": "acc",
                "kind": "accelerometer",
                "chip": "nochip",
                "bus": {"kind": "i2c", "id": 0, "sda": 4, "scl": 5, "address": 1, "rate_hz": 1},
            }
        ],
    }
    with pytest.raises(twins.NoTwin, match="acc: there is no twin of nochip"):
        twins.around(settings, "pump")
    with pytest.raises(BadInput, match="pump, fan, motor"):
        twins.around(settings, "lathe")
