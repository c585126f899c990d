"""A demo in which things go wrong on purpose, end to end; and firmware that does not survive."""

import shutil
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from nodewright import broker, watch
from nodewright.cli import exits
from nodewright.data import firmware_dir
from nodewright.demo.fault_outage import OutageCase
from nodewright.demo.fault_reboot import RebootCase
from nodewright.demo.faults import NAMES, parse
from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.demo.result import DemoResult
from nodewright.demo.run import DemoOptions, run_demo
from nodewright.demo.tally import Tally
from nodewright.image import compiler, files
from system.demo_rig import command

NO_MOSQUITTO = broker.mosquitto_version() is None
KINDS = [
    pytest.param("mosquitto", marks=pytest.mark.skipif(NO_MOSQUITTO, reason="no mosquitto")),
    "embedded",
]
SENSORS = "unplugged,identity,stuck,bus-held,overrun,clipping,mounting"


class Lines:
    """A view that keeps what is told of faults."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def running(self, fleet: VirtualFleet) -> None:
        pass

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        pass

    def told(self, line: str) -> None:
        self.lines.append(line)


def play(names: str, view: Lines | None = None, **fleet: Any) -> DemoResult:
    options = DemoOptions(FleetOptions(**{"interval_s": 1.6, **fleet}), 1, faults=parse(names))
    return run_demo(options, view or Lines(), threading.Event())


@pytest.fixture(scope="module")
def sensors() -> tuple[DemoResult, Lines]:
    view = Lines()
    return play(SENSORS, view), view


@pytest.fixture(scope="module")
def outside() -> tuple[DemoResult, Lines]:
    view = Lines()
    return play("reset,power,broker,link", view, nodes=2), view


def outcome(result: DemoResult, name: str) -> dict[str, Any]:
    (found,) = [fault for fault in result.as_dict()["faults"] if fault["fault"] == name]
    return found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unplugged", ["bus_error", "no_answer"]),
        ("identity", ["wrong_identity", "229", "got 0", "in 2 reports"]),
        ("stuck", ["21 values marked stuck"]),
        ("bus-held", ["bus_held", "recovered True"]),
        ("overrun", ["21 values marked overrun"]),
        ("clipping", ["values marked clipped"]),
        ("mounting", ["21 values marked mounting"]),
    ],
)
@pytest.mark.xdist_group("faults-sensors")  # one demo for all of them
def test_demo_faults__of_a_sensor__reported_marked_and_recovered(
    sensors: tuple[DemoResult, Lines], name: str, said: list[str]
) -> None:
    result, view = sensors
    assert result.ok, result.failures
    found = outcome(result, name)
    assert found["ok"] and found["recovered"] == 1
    assert found["from"] < found["to"] and found["clock"] == "node"
    for words in said:
        assert words in found["proof"], found
    mine = [line for line in view.lines if line.startswith(f"fault {name} (")]
    assert "begins" in mine[0] and "says" in mine[1] and "survived" in mine[-1]


@pytest.mark.xdist_group("faults-sensors")  # one demo for all of them
def test_demo_faults__of_sensors__marked_values_are_counted_and_not_compared(
    sensors: tuple[DemoResult, Lines],
) -> None:
    result, _ = sensors
    nodes = result.as_dict()["nodes"]
    marked = sum(sum(node["marked"].values()) for node in nodes)
    assert marked == sum(fault["marked"] for fault in result.as_dict()["faults"]) > 60
    for node in nodes:
        assert node["lost"] == 0 and node["sent"] == node["received"]
        # Of each record that passes for good, and of no other, every value is a point.
        assert len(node["points"]) < 21 * node["sent"]
        assert all(point["ok"] for point in node["points"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("reset", ["boot 2 follows 1, cause hard", "measured again from 2:0"]),
        ("power", ["boot 2 follows 1, cause power_on", "of 1024 samples", "measured again"]),
        ("broker", ["pump-1 reports mqtt_", "fan-1 reports mqtt_", "measured meanwhile came"]),
        ("link", ["pump-1 reports ", "fan-1 reports ", "measured meanwhile came"]),
    ],
)
@pytest.mark.xdist_group("faults-outside")  # one demo for all of them
def test_demo_faults__from_outside__nothing_lost_and_all_back(
    outside: tuple[DemoResult, Lines], name: str, said: list[str]
) -> None:
    result, _ = outside
    assert result.ok, result.failures
    found = outcome(result, name)
    assert found["ok"] and found["recovered"] >= 1 and found["clock"] == "host"
    for words in said:
        assert words in found["proof"], found
    assert all(node["lost"] == 0 for node in result.as_dict()["nodes"])


@pytest.mark.parametrize("kind", KINDS)
def test_demo_faults__collector_back_long_after_the_nodes__nothing_lost(
    kind: broker.Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_BACKOFF_S", (8, 8))
    result = play("broker", nodes=1, broker=kind)
    assert result.ok, result.failures


# Firmware that does not survive


def spoil(monkeypatch: pytest.MonkeyPatch, folder: Path, module: str, more: str) -> None:
    """Append to a module of the firmware that the images are made of."""
    firmware = folder / "firmware"
    shutil.copytree(firmware_dir(), firmware)
    with (firmware / module).open("a") as source:
        source.write(more)
    for reader in (compiler, files):
        monkeypatch.setattr(reader, "firmware_dir", lambda: firmware)


def test_demo_faults__node_that_marks_nothing__fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(
        monkeypatch, tmp_path, "node/evidence.py", "\n\ndef judge(found, axis):\n    return None\n"
    )
    result = play("clipping", nodes=1)
    assert not result.ok
    assert any("passed unmarked" in text for text in result.failures)
    assert not outcome(result, "clipping")["ok"]


@pytest.mark.parametrize("name", ["reset", "power"])
def test_demo_faults__boot_counter_that_is_not_kept__fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(RebootCase, "_PATIENCE_S", 8.0)
    spoil(monkeypatch, tmp_path, "node/state.py", "\n\ndef next_boot():\n    return 1\n")
    result = play(name, nodes=1)
    assert "boot 1 cannot follow 1" in " ".join(result.failures)


_FORGETS = """

_begin = Window.begin


def _forget(self):
    del self.messages[:]
    _begin(self)


Window.begin = _forget
"""


def test_demo_faults__client_that_does_not_send_again__fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OutageCase, "_PATIENCE_S", 5.0)
    spoil(monkeypatch, tmp_path, "node/uplink/window.py", _FORGETS)
    result = play("link", nodes=1)
    assert any("did not come" in text for text in result.failures)
    assert any("was lost" in text for text in result.failures)


# The command


def test_demo_faults__unknown_name__exit_2_and_the_list(tmp_path: Path) -> None:
    with command(tmp_path, "demo", "--faults", "fire") as run:
        code, out, err = run.end()
        run.assert_nothing_left()
    assert (code, out) == (2, "")
    for name in (*NAMES, "all"):
        assert name in err


def test_demo_faults__one_fault__lines_as_it_happens_and_one_at_the_end(tmp_path: Path) -> None:
    words = ("demo", "--nodes", "1", "--cycles", "1", "--interval", "1.6")
    with command(tmp_path, *words, "--faults", "unplugged") as run:
        run.until("fault unplugged (pump-1): begins: sensor unplugged")
        run.until("fault unplugged (pump-1): report 1:1 says bus_error")
        run.until("fault unplugged (pump-1): survived, good again after 1 report")
        line = run.until("fault unplugged (pump-1): survived: ")
        code, _, err = run.end()
        run.assert_nothing_left()
    assert (code, err) == (0, "")
    assert "measured again from 1:3" in line


def test_demo_faults__ctrl_c_while_the_broker_is_dead__nothing_is_left(tmp_path: Path) -> None:
    with command(tmp_path, "demo", "--nodes", "1", "--faults", "broker") as run:
        run.until("begins: broker killed")
        code, _, err = run.end(signal.SIGINT)
        run.assert_nothing_left()
    assert code == exits.INTERRUPTED
    assert "interrupted" in err
