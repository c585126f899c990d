"""Several measurement sets on one node: by interval, on demand, of samples or single values."""

import itertools
import json
import subprocess
import sys
import time

import paho.mqtt.client as paho
import pytest

from nodewright import broker
from nodewright.fleet.model import Asset
from nodewright.watch import Collector, Event
from system.node_rig import WAIT_S, NodeRig, listen
from wire import command, topics

THERMOMETERS = {
    "t1": {"chip": "tmp117", "bus": {"kind": "i2c", "rate_hz": 400_000, "address": 0x48}},
    "t2": {"chip": "ds18b20", "bus": {"kind": "onewire", "pin": 22, "rom": None}},
}
CELSIUS = {"t1": 61.5, "t2": -12.25}
ROM = "28ff641d8fdf18c1"


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def add_set(rig: NodeRig, name: str, **changed: object) -> None:
    """One more set of the same sensor."""
    rig.settings["sets"].append({**rig.measured, "name": name, **changed})


def add_thermometer(rig: NodeRig, name: str) -> None:
    bus = dict(THERMOMETERS[name]["bus"])
    place = {"chip": THERMOMETERS[name]["chip"], "name": name, "source": CELSIUS[name]}
    if bus["kind"] == "i2c":
        shared = rig.sensor["bus"]
        bus = {**{key: shared[key] for key in ("id", "sda", "scl")}, **bus}
        rig.buses[0]["chips"].append({**place, "address": bus["address"]})
    else:
        rig.buses.append({"kind": "onewire", "pin": bus["pin"], "chips": [{**place, "rom": ROM}]})
    rig.settings["sensors"].append(
        {
            "kind": "temperature",
            "name": name,
            "chip": place["chip"],
            "bus": bus,
            "channels": ["housing"],
        }
    )
    rig.settings["sets"].append(
        {
            "kind": "value",
            "name": name,
            "sensor": name,
            "features": ["temp_c"],
            "schedule": {"kind": "interval", "interval_ms": 4000},
        }
    )


def events(heard: Collector, kind: str, enough: int) -> list[Event]:
    """The next events of a kind."""
    deadline_s = time.monotonic() + WAIT_S
    found: list[Event] = []
    while len(found) < enough:
        assert time.monotonic() < deadline_s, f"{len(found)} of {enough} {kind}s"
        event = heard.get(1)
        if event is not None and event.kind == kind and not event.double:
            found.append(event)
    return found


class Asker:
    """Sends commands to a node as any MQTT client can."""

    def __init__(self, hub: broker.Broker, rig: NodeRig) -> None:
        self._rig = rig
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.connect(hub.host, hub.port)
        self._client.loop_start()

    def send(self, payload: bytes) -> None:
        names = (self._rig.settings["fleet"], self._rig.settings["node"])
        self._client.publish(topics.topic(*names, "command"), payload, 1).wait_for_publish(WAIT_S)

    def ask(self, sender: str, what: str, name: str) -> None:
        self.send(command.encode({"v": 1, "id": sender, "command": what, "set": name}))

    def measure(self, sender: str, name: str, spectrum: str | None = None) -> None:
        self.send(
            command.encode(
                {"v": 1, "id": sender, "command": "measure", "set": name, "spectrum": spectrum}
            )
        )

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_sets__two_of_one_sensor__each_by_its_own_interval_and_rate(hub):
    rig = NodeRig(hub.port)
    add_set(
        rig,
        "slow",
        odr_hz=400,
        samples=512,
        features=["vel_rms_mm_s"],
        schedule={"kind": "interval", "interval_ms": 4000},
    )
    rig.every_ms(2000)
    with listen(hub) as heard, rig.board():
        got = [event.message for event in events(heard, "report", 6)]
    assert [message["record"]["set"] for message in got] == [
        "vibration",
        "slow",
        "vibration",
        "vibration",
        "slow",
        "vibration",
    ]
    for message in got:
        record = message["record"]
        assert record["valid"] and record["sensor"] == "acc"
        wanted = (400, 512) if record["set"] == "slow" else (800, 256)
        assert (record["nominal_hz"], record["samples"]) == wanted
        assert abs(record["rate_hz"] / record["nominal_hz"] - 1.012) < 0.001
        keys = ["vel_rms_mm_s"] if record["set"] == "slow" else rig.measured["features"]
        for channel in "xyz":
            told = {**message["channels"][channel], **message["withheld"][channel]}
            assert sorted(told) == sorted(keys)


def test_sets__thermometers_beside_an_accelerometer__their_values(hub):
    rig = NodeRig(hub.port)
    rig.every_ms(2000)
    for name in THERMOMETERS:
        add_thermometer(rig, name)
    with listen(hub) as heard, rig.board():
        got = [event.message for event in events(heard, "report", 6)]
    values = {
        message["record"]["sensor"]: message["channels"]["housing"]["temp_c"]
        for message in got
        if message["record"] is not None and "samples" not in message["record"]
    }
    assert values == CELSIUS
    assert all(message["record"]["valid"] for message in got)
    assert sum("samples" in message["record"] for message in got) >= 2


def test_sets__thermometer_that_is_not_there__fault_and_the_rest_goes_on(hub):
    rig = NodeRig(hub.port)
    rig.every_ms(2000)
    for name in THERMOMETERS:
        add_thermometer(rig, name)
    rig.buses[1]["chips"] = []
    rig.buses[0]["chips"].pop()
    with listen(hub) as heard, rig.board():
        got = [event.message for event in events(heard, "report", 6)]
    faults = {fault["sensor"]: fault["fault"] for message in got for fault in message["faults"]}
    assert faults == {"t1": "no_answer", "t2": "no_answer"}
    assert [m["record"]["valid"] for m in got if m["record"] is not None].count(True) >= 2


def test_command__measure_a_set_on_demand__record_spectra_and_reply(hub):
    rig = NodeRig(hub.port)
    add_set(rig, "look", samples=512, schedule={"kind": "demand"})
    rig.every_ms(60_000)
    with listen(hub) as heard, Asker(hub, rig) as asker, rig.board():
        (first,) = events(heard, "report", 1)
        assert first.message["record"]["set"] == "vibration"
        asker.measure("q-1", "look", "full")
        got: dict[str, list[Event]] = {"report": [], "reply": [], "spectrum": []}
        deadline_s = time.monotonic() + WAIT_S
        while [len(found) for found in got.values()] != [1, 1, 3]:
            assert time.monotonic() < deadline_s, got
            event = heard.get(1)
            if event is not None and event.kind in got:
                got[event.kind].append(event)
    (report,), (reply,) = got["report"], got["reply"]
    assert report.message["record"]["set"] == "look" and report.message["record"]["valid"]
    assert reply.message["id"] == "q-1" and reply.message["ok"] is True
    assert reply.message["seq"] == report.message["seq"]
    assert {event.message["seq"] for event in got["spectrum"]} == {report.message["seq"]}
    for event in got["spectrum"]:
        assert event.message["kind"] == "full" and event.message["set"] == "look"
        assert event.message["samples"] == 512


def test_command__none_that_the_node_knows__refused_by_name_and_the_node_goes_on(hub):
    rig = NodeRig(hub.port)
    rig.every_ms(2000)
    with listen(hub) as heard, Asker(hub, rig) as asker, rig.board():
        events(heard, "report", 1)
        asker.send(b"\xff not even JSON")
        asker.measure("q-1", "nothing")
        asker.send(json.dumps({"v": 1, "id": "q-2", "command": "explode"}).encode())
        replies = {event.message["id"]: event.message for event in events(heard, "reply", 2)}
        errors: dict[str, int] = {}
        while errors.get("command_refused") != 3:
            (health,) = events(heard, "health", 1)
            errors = health.message["errors"]
    assert "vibration" in replies["q-1"]["error"] and replies["q-1"]["ok"] is False
    assert "measure" in replies["q-2"]["error"] and replies["q-2"]["seq"] is None


def test_motion__machine_that_runs__measured_as_often_as_allowed_and_no_oftener(hub):
    rig = NodeRig(hub.port, index=1)  # out of balance: 0.25 g
    rig.measured["schedule"] = {"kind": "motion", "threshold_g": 0.125, "least_ms": 3000}
    with listen(hub) as heard, rig.board():
        got = [event.message for event in events(heard, "report", 4)]
    assert all(message["record"]["valid"] for message in got)
    spans_ms = [b["uptime_ms"] - a["uptime_ms"] for a, b in itertools.pairwise(got)]
    assert all(3000 <= span_ms <= 4600 for span_ms in spans_ms), spans_ms


def test_motion__less_than_the_threshold__nothing_is_measured(hub):
    rig = NodeRig(hub.port, index=1)
    quiet = {"kind": "motion", "threshold_g": 4, "least_ms": 1000}
    add_set(rig, "struck", schedule=quiet)
    rig.every_ms(2000)
    with listen(hub) as heard, rig.board():
        got = [event.message["record"]["set"] for event in events(heard, "report", 4)]
    assert got == ["vibration"] * 4


def test_motion__threshold_that_the_chip_has_not__fault_with_what_is_allowed(hub):
    rig = NodeRig(hub.port)
    rig.measured["schedule"] = {"kind": "motion", "threshold_g": 0.01, "least_ms": 3000}
    with listen(hub) as heard, rig.board():
        (event,) = events(heard, "report", 1)
    (fault,) = event.message["faults"]
    assert (fault["fault"], fault["path"]) == ("bad_setting", "sets[0].schedule.threshold_g")
    assert "0.09" in fault["allowed"]  # seven times its noise


def test_self_test__sound_and_broken_chip__reply_or_a_report_of_the_axis(hub):
    rig = NodeRig(hub.port)
    rig.every_ms(60_000)
    with listen(hub) as heard, Asker(hub, rig) as asker, rig.board():
        events(heard, "report", 1)
        asker.ask("q-1", "self_test", "vibration")
        (reply,) = events(heard, "reply", 1)
        assert reply.message["ok"] and reply.message["seq"] is None
    rig.faults = [{"kind": "self_test", "chip": "acc", "axis": "y", "from_ms": 0, "to_ms": 60_000}]
    with listen(hub) as heard, Asker(hub, rig) as asker, rig.board():
        events(heard, "report", 1)
        asker.ask("q-2", "self_test", "vibration")
        (event,) = events(heard, "report", 1)
    assert event.message["record"] is None
    (fault,) = event.message["faults"]
    assert (fault["fault"], fault["axis"], fault["sensor"]) == ("self_test", "y", "acc")
    assert not fault["least_g"] <= fault["change_g"] <= fault["most_g"]


BEARING = {"bpfo": 3.58, "bpfi": 5.42, "bsf": 2.36, "ftf": 0.398}
SCORES = ["env_bpfo_g", "env_bpfo_snr", "env_bpfi_snr", "bearing_fault"]


def test_bearing__outer_race_in_blocks_of_a_fast_sensor__named(hub):
    rig = NodeRig(hub.port, index=2)  # a motor whose outer race is damaged
    # Of a fleet that says nothing else: the most that a bearing allows.
    error_pct = Asset.model_fields["speed_error"].default
    rig.sensor.update(
        chip="kx134", shaft_hz=49.5, shaft_error_pct=error_pct, bearing={**BEARING, "bpfi": 4.42}
    )
    rig.chip["chip"] = "kx134"
    rig.measured.update(odr_hz=25600, samples=2048, blocks=4, features=[*SCORES, "acc_rms_g"])
    rig.every_ms(4000)
    with listen(hub) as heard, rig.board():
        (event,) = events(heard, "report", 1)
    record = event.message["record"]
    assert record["valid"] and record["blocks"] == 4 and record["samples"] == 2048
    told = {
        name: values.get("bearing_fault") for name, values in event.message["channels"].items()
    }
    assert 1.0 in told.values(), event.message
    assert 2.0 not in told.values()
    # What the rate of each turn may be off by is another matter, of which as much is allowed.
    assert 0 < record["rate_ppm"] < 5000
    assert set(map(tuple, record["speed"].values())) == {(49.5, error_pct, "settings")}
    assert sorted(record["speed"]) == ["x", "y", "z"]


def test_bearing__speed_by_a_tachometer__named_and_not_marked_for_the_speed(hub):
    rig = NodeRig(hub.port, index=2)
    rig.sensor.update(
        chip="kx134", tacho={"pin": 20, "pulses": 1}, bearing={**BEARING, "bpfi": 4.42}
    )
    rig.chip["chip"] = "kx134"
    rig.tachos = [{"pin": 20, "hz": 49.5, "pulses": 1}]
    rig.measured.update(
        odr_hz=25600, samples=4096, blocks=2, features=[*SCORES, "shaft_hz", "shaft_confidence"]
    )
    rig.every_ms(4000)
    with listen(hub) as heard, rig.board():
        (event,) = events(heard, "report", 1)
    channels, marked = event.message["channels"], event.message["marked"]
    assert 1.0 in [values.get("bearing_fault") for values in channels.values()], event.message
    speeds = event.message["record"]["speed"]
    for name, values in channels.items():
        assert abs(values["shaft_hz"] / 49.5 - 1) < 0.001 and values["shaft_confidence"] == 1
        shaft_hz, error_pct, source = speeds[name]
        assert abs(shaft_hz / 49.5 - 1) < error_pct / 100 < 0.005 and source == "tacho"
        assert marked[name].get("bearing_fault") not in ("speed_unproven", "speed_off")


def test_bearing__learned_and_frozen__kept_over_a_reset(hub):
    rig = NodeRig(hub.port, index=2)
    rig.sensor.update(
        chip="kx134", shaft_hz=49.5, shaft_error_pct=0.1, bearing={**BEARING, "bpfi": 4.42}
    )
    rig.chip["chip"] = "kx134"
    rig.measured.update(odr_hz=25600, samples=2048, blocks=1, features=SCORES)
    rig.every_ms(250)
    with listen(hub) as heard, Asker(hub, rig) as asker, rig.board() as board:
        events(heard, "report", 1)
        asker.ask("early", "freeze", "vibration")
        (early,) = events(heard, "reply", 1)
        late = early
        for _ in range(8):  # a record that speaks against the speed teaches nothing
            events(heard, "report", 8)
            asker.ask("late", "freeze", "vibration")
            (late,) = events(heard, "reply", 1)
            if late.message["ok"]:
                break
        board.reset()
        (event,) = events(heard, "report", 1)
        while event.message["boot"] == 1:
            (event,) = events(heard, "report", 1)
    assert early.message["ok"] is False and "8" in early.message["error"]
    assert late.message["ok"] is True
    # The damaged race is what this point has learned to be its own: it is above it no more.
    for channel in "xyz":
        assert event.message["channels"][channel].get("bearing_fault") != 1.0
        marks = event.message["marked"][channel]
        assert marks.get("bearing_fault") != "threshold_unproven"


def test_rates__many_short_records__the_next_boot_knows_the_rate_better(hub):
    rig = NodeRig(hub.port)
    rig.sensor["int1"] = None  # polled: a stamp is no better than the bus is fast
    with listen(hub) as heard, rig.board() as board:
        first = events(heard, "report", 9)[0].message["record"]
        board.reset()
        (event,) = events(heard, "report", 1)
        while event.message["boot"] == 1:
            (event,) = events(heard, "report", 1)
    record = event.message["record"]
    assert record["rate_ppm"] < first["rate_ppm"]
    true_hz = 800 * (1 + rig.chip["clock_error_ppm"] * 1e-6)
    assert abs(record["rate_hz"] / true_hz - 1) * 1e6 <= record["rate_ppm"]


def test_decimate__sensor_of_one_fixed_rate__slow_record_with_its_own_rate(hub):
    rig = NodeRig(hub.port, index=2)
    rig.sensor.update(chip="iis3dwb")
    rig.chip["chip"] = "iis3dwb"
    rig.measured.update(odr_hz=26667, decimate=8, samples=2048, features=["vel_rms_mm_s"])
    rig.every_ms(4000)
    with listen(hub) as heard, rig.board():
        (event,) = events(heard, "report", 1)
    record = event.message["record"]
    assert record["valid"] and record["decimate"] == 8
    clock_hz = 26667 * (1 + rig.chip["clock_error_ppm"] * 1e-6) / 8
    assert abs(record["rate_hz"] / clock_hz - 1) < 0.001
    assert record["rate_ppm"] < 1000
    assert all("vel_rms_mm_s" in values for values in event.message["channels"].values())


def nodewright(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nodewright", *words],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )


def test_ask__node_on_a_broker__shows_its_values_or_why_not(hub):
    rig = NodeRig(hub.port)
    rig.every_ms(60_000)
    where = ("--broker", f"mqtt://{hub.host}:{hub.port}")
    with listen(hub) as heard, rig.board():
        events(heard, "report", 1)
        name = f"{rig.settings['fleet']}/{rig.settings['node']}"
        shown = nodewright("ask", name, "vibration", "--spectrum", "compressed", *where)
        told = nodewright("ask", name, "vibration", "--json", *where)
        refused = nodewright("ask", name, "nothing", *where)
        tested = nodewright("ask", name, "vibration", "--do", "self-test", *where)
        early = nodewright("ask", name, "vibration", "--do", "freeze", *where)
        wrong = nodewright("ask", name, "vibration", "--do", "dance", *where)
        silent = nodewright("ask", "demo/nobody", "vibration", "--timeout", "1", *where)
    assert shown.returncode == 0, shown.stderr
    assert "acc_rms_g" in shown.stdout and shown.stdout.count("compressed spectrum") == 3
    answer = json.loads(told.stdout)
    assert answer["reply"]["seq"] == answer["report"]["seq"] and answer["spectra"] == []
    assert refused.returncode == 1 and "vibration" in refused.stderr
    assert tested.returncode == 0 and "nothing outside its limits" in tested.stdout
    assert early.returncode == 1 and "bearing" in early.stderr
    assert wrong.returncode == 2 and "self-test" in wrong.stderr
    assert silent.returncode == 1 and "nobody has never been heard of" in silent.stderr
