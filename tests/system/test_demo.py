"""The demo end to end: real firmware, real MicroPython, a real broker; and what makes it fail."""

import json
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from nodewright import broker, image
from nodewright.broker import Kind
from nodewright.data import firmware_dir
from nodewright.demo import fleet as demo_fleet
from nodewright.demo.fleet import FleetOptions, Interrupted, VirtualFleet
from nodewright.demo.record import open_record
from nodewright.demo.result import DemoResult
from nodewright.demo.run import DemoOptions, run_demo
from nodewright.demo.tally import Tally
from nodewright.image import Image, compiler, files
from system.demo_rig import command
from wire import chips

NO_MOSQUITTO = broker.mosquitto_version() is None
KINDS = [
    pytest.param("mosquitto", marks=pytest.mark.skipif(NO_MOSQUITTO, reason="no mosquitto")),
    "embedded",
]
Build = Callable[..., Image]


class Eye:
    """A view that can act when the broker runs, and ask for the end."""

    def __init__(self, on_running: Callable[[VirtualFleet], None] = lambda _fleet: None) -> None:
        self._on_running = on_running
        self.asked = threading.Event()
        self.fleet: VirtualFleet | None = None

    def running(self, fleet: VirtualFleet) -> None:
        self.fleet = fleet
        self._on_running(fleet)

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        pass


def play(eye: Eye | None = None, cycles: int = 2, **fleet: Any) -> DemoResult:
    eye = eye or Eye()
    options = DemoOptions(FleetOptions(interval_s=1.6, **fleet), cycles)
    return run_demo(options, eye, eye.asked)


def node(result: DemoResult, name: str) -> dict[str, Any]:
    (found,) = [node for node in result.as_dict()["nodes"] if node["node"] == name]
    return found


def test_demo__every_sensor__one_node_each_and_all_values_right():
    result = play(every_sensor=True)
    assert result.ok, result.failures
    told = result.as_dict()["nodes"]
    assert [node["node"] for node in told] == [*chips.of_kind("accelerometer"), "drive"]
    *told, clamped = told
    assert [node["sensor"]["chip"] for node in told] == chips.of_kind("accelerometer")
    assert clamped["story"] and clamped["sensor"]["inputs"] == 3
    for node in told:
        rates_hz = chips.ROWS[node["node"]]["rates_hz"]
        assert node["sensor"]["odr_hz"] == rates_hz[0], "carried at its highest rate"


@pytest.mark.parametrize("kind", KINDS)
def test_demo__either_broker__every_value_within_tolerance(kind: Kind) -> None:
    result = play(broker=kind)
    assert result.ok, result.failures
    told = result.as_dict()
    assert told["broker"]["kind"] == kind
    assert [n["node"] for n in told["nodes"]] == ["pump-1", "fan-1", "motor-1"]
    for n in told["nodes"]:
        assert (n["sent"], n["received"], n["lost"]) == (2, 2, 0)
        assert len(n["points"]) >= 2 * 3 * 5
        assert all(point["ok"] for point in n["points"])


def test_demo__machines__are_told_apart_by_their_values() -> None:
    result = play(cycles=1)
    rms = {
        n["node"]: max(p["value"] for p in n["points"] if p["feature"] == "acc_rms_g")
        for n in result.as_dict()["nodes"]
    }
    assert rms["pump-1"] < rms["fan-1"] < rms["motor-1"]


def test_demo_json__three_nodes__one_object_and_nothing_else(tmp_path: Path) -> None:
    with command(tmp_path, "demo", "--cycles", "1", "--json") as run:
        code, told = run.json()
        run.assert_nothing_left()
    assert code == 0
    assert told["ok"]
    assert told["runtime"]["kind"] == "micropython"
    for n in told["nodes"]:
        assert {"node", "sent", "received", "lost", "duplicates", "points"} <= set(n)
        for point in n["points"]:
            assert {
                "channel",
                "feature",
                "value",
                "reference",
                "deviation",
                "tolerance",
                "ok",
            } <= (set(point))


def test_demo__plain_output__says_what_runs_and_ends_with_a_line_per_node(
    tmp_path: Path,
) -> None:
    with command(tmp_path, "demo", "--cycles", "1", "--nodes", "2") as run:
        code, out, err = run.end()
    assert (code, err) == (0, "")
    assert "broker: " in out
    assert "runtime: MicroPython" in out
    for name in ("pump-1", "fan-1"):
        assert f"{name}: sent 1, received 1, lost 0, doubled on the wire 0: ok" in out
    assert "\x1b" not in out


def test_demo_record__a_sine__comes_out_as_it_went_in(tmp_path: Path) -> None:
    rate_hz, tone_hz, amplitude_g = 10_000, 100, 2.0
    t = np.arange(4 * rate_hz) / rate_hz
    path = tmp_path / "sine.npy"
    np.save(path, np.round(amplitude_g * 1000 * np.sin(2 * np.pi * tone_hz * t)).astype("i2"))
    source = open_record(path, rate_hz=rate_hz, scale=0.001)
    fleet = FleetOptions(nodes=3, interval_s=1.6)
    eye = Eye()
    result = run_demo(DemoOptions(fleet, 1, source, source.about), eye, eye.asked)
    assert result.ok, result.failures
    for n in result.as_dict()["nodes"]:
        rms = [p["value"] for p in n["points"] if p["feature"] == "acc_rms_g"]
        assert rms == pytest.approx([amplitude_g / 2**0.5] * 3, rel=0.02)
    assert result.as_dict()["source"]["kind"] == "record"


class Forger(Eye):
    """Says fan-1's second report before fan-1 does: the first one again, one value changed."""

    def __init__(self) -> None:
        super().__init__()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda *_: self._client.subscribe("nodewright/demo/fan-1/report")
        self._client.on_message = self._on_message

    def running(self, fleet: VirtualFleet) -> None:
        self._client.connect(fleet.hub.host, fleet.hub.port)
        self._client.loop_start()

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        report = json.loads(message.payload)
        if report["seq"] == 0:
            report["seq"] = 1
            report["channels"]["y"]["acc_rms_g"] = 5.0
            self._client.publish(message.topic, json.dumps(report), 1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_demo__forged_report__fails_and_says_which() -> None:
    forger = Forger()
    result = play(forger, nodes=2)
    forger.close()
    assert not result.ok
    assert all(text.startswith("fan-1: report 1:1: ") for text in result.failures)
    assert "acc_rms_g of y is 5" in result.failures[0]
    fan = node(result, "fan-1")
    assert (fan["ok"], fan["duplicates"], fan["lost"]) == (False, 1, 0)
    assert node(result, "pump-1")["ok"]


# Appended to the firmware's own module.
_WORSE = """

_build = Reporter.build


def _worse(self, uptime_ms, dropped, result):
    for channel in result.channels.values():
        if "acc_peak_g" in channel:
            channel["acc_peak_g"] *= 1.01
    return _build(self, uptime_ms, dropped, result)


Reporter.build = _worse
"""


def test_demo__value_one_percent_off__fails_and_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    firmware = tmp_path / "firmware"
    shutil.copytree(firmware_dir(), firmware)
    with (firmware / "node" / "report.py").open("a") as source:
        source.write(_WORSE)
    for module in (compiler, files):
        monkeypatch.setattr(module, "firmware_dir", lambda: firmware)
    result = play(nodes=1, cycles=1)
    bad = {p["feature"] for p in node(result, "pump-1")["points"] if not p["ok"]}
    assert bad == {"acc_peak_g"}, result.failures
    assert "acc_peak_g" in result.failures[0]


def test_demo__settings_that_the_node_refuses__did_not_boot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build: Build = image.build_image

    def spoil(board: Any, settings: dict[str, Any], **more: Any) -> Image:
        if settings["node"] == "fan-1":
            settings = settings | {"watchdog_ms": 1}
        return build(board, settings, **more)

    monkeypatch.setattr(demo_fleet, "build_image", spoil)
    result = play(cycles=1)
    assert result.failures[0] == "fan-1: did not boot"
    assert "watchdog_ms" in result.failures[1]
    assert node(result, "pump-1")["ok"]
    assert node(result, "motor-1")["ok"]


def test_demo__empty_flash__did_not_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    build: Build = image.build_image

    def wipe(board: Any, settings: dict[str, Any], **more: Any) -> Image:
        made = build(board, settings, **more)
        return Image(b"\xff" * len(made.data), {}) if settings["node"] == "pump-1" else made

    monkeypatch.setattr(demo_fleet, "build_image", wipe)
    result = play(cycles=1, nodes=2)
    assert "pump-1: did not boot" in result.failures
    assert node(result, "fan-1")["ok"]


def test_demo__broker_dies_in_mid_run__fails_in_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nodewright.demo.run._BOOT_S", 2.0)
    monkeypatch.setattr("nodewright.demo.run._SLACK_S", 1.0)

    class Killer(Eye):
        def changed(self, tallies: Mapping[str, Tally]) -> None:
            assert self.fleet is not None
            if self.fleet.hub.running and tallies["pump-1"].booted:
                self.fleet.hub.kill()

    result = play(Killer(), nodes=1)
    assert not result.ok
    assert any("lost" in text for text in result.failures)


def test_demo__end_asked_for__raises_and_cleans() -> None:
    eye = Eye()
    eye.asked.set()
    with pytest.raises(Interrupted):
        play(eye)
    assert eye.fleet is not None
    assert not eye.fleet.hub.running
    assert not eye.fleet.boards
