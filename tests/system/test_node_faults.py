"""What goes wrong around a node, and what it says of it: the firmware on virtual boards."""

import json
import subprocess
import sys
import time

import pytest

from nodewright import broker
from nodewright.link.repl import Repl
from nodewright.virtual import VirtualBoard
from system.node_rig import WAIT_S, NodeRig, listen, reports
from wire import features


@pytest.fixture
def hub():
    with broker.start() as started:
        yield started


def mpremote(board: VirtualBoard, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", board.port, "resume", *words],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def second_sensor(rig: NodeRig, port: int) -> None:
    """Give the node of an I2C sensor one on SPI too."""
    other = NodeRig(port, index=2)
    other.sensor["name"] = "far"
    other.sensor["int1"] = other.chip["int1"] = 22
    other.chip["name"] = "far"
    other.measured.update(name="far", sensor="far", schedule=rig.measured["schedule"])
    rig.settings["sensors"].append(other.sensor)
    rig.settings["sets"].append(other.measured)
    rig.buses.append(other.buses[0])


def test_node__sensor_does_not_answer__fault_reported_and_other_sensor_goes_on(hub):
    rig = NodeRig(hub.port)
    second_sensor(rig, hub.port)
    rig.buses[0]["chips"] = []
    with listen(hub) as heard, rig.board():
        got = [event.message for event in reports(heard, 6)]
    silent = [message for message in got if message["record"] is None]
    measured = [message for message in got if message["record"] is not None]
    assert len(silent) == len(measured) == 3  # tried again each cycle
    for message in silent:
        assert [fault["fault"] for fault in message["faults"]] == ["no_answer"]
        assert message["faults"][0]["sensor"] == "acc"
        assert message["channels"] == {}
    for message in measured:
        assert message["record"]["sensor"] == "far" and message["record"]["valid"]
        assert sorted(message["channels"]) == ["x", "y", "z"]


def test_node__setting_that_only_the_chip_can_judge__fault_names_path_and_allowed(hub):
    rig = NodeRig(hub.port)
    rig.measured["odr_hz"] = 3200  # I2C at 400 kHz carries 800 Hz at most
    with listen(hub) as heard, rig.board():
        (event,) = reports(heard, 1)
    (fault,) = event.message["faults"]
    assert fault["fault"] == "bad_setting"
    assert fault["path"] == "sets[0].odr_hz"
    assert fault["got"] == 3200 and "800" in fault["allowed"]


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (lambda good: b"{", "/settings.json"),
        (lambda good: b"", "/settings.json"),
        (lambda good: b"\xff\xfe", "/settings.json"),
        (lambda good: json.dumps({**good, "watchdog_ms": 1}).encode(), "watchdog_ms"),
        (lambda good: json.dumps({**good, "extra": 1}).encode(), "extra"),
    ],
    ids=["cut", "empty", "no text", "out of range", "unknown"],
)
def test_node__broken_settings__says_so_and_stays_reachable(hub, spoil, path):
    rig = NodeRig(hub.port)
    with rig.board({"/settings.json": spoil(rig.settings)}) as board:
        event = board.wait_for("settings", WAIT_S)
        assert event.facts["path"] == path
        assert event.facts["allowed"]
        assert "settings.json" in mpremote(board, "fs", "ls")
        mend = (
            f"import json\nwith open('/settings.json', 'w') as file:"
            f"\n    json.dump({rig.settings!r}, file)"
        )
        mpremote(board, "exec", mend)
        board.reset()
        board.wait_for("acked", WAIT_S)


def test_node__broker_absent_at_boot__reports_when_it_comes(hub):
    hub.kill()
    rig = NodeRig(hub.port)
    with rig.board() as board:
        board.wait_for("report", WAIT_S, lambda event: event.facts["seq"] == "3")
        hub.restart()
        with listen(hub) as heard:
            # What the node publishes before we listen is not kept for us: take from its own word.
            board.wait_for("acked", WAIT_S, lambda event: event.facts["seq"] == "3")
            (event,) = reports(heard, 1)
        assert event.message["dropped"] == 0
        acked = [int(line.split("seq=")[1]) for line in board.lines if ": acked" in line]
        assert acked[:4] == [0, 1, 2, 3]


def test_node__broker_gone_for_20_s__nothing_lost(hub):
    rig = NodeRig(hub.port)
    rig.every_ms(1000)
    heard = listen(hub)
    with heard, rig.board() as board:
        board.wait_for("acked", WAIT_S)
        hub.kill()
        time.sleep(20)
        hub.restart()
        seen = {event.message["seq"] for event in reports(heard, 22, 60.0)}
        last = max(seen)
        assert last >= 20  # as many as the outage lasted, and those around it
        # The listener's own session was lost with the broker: ask the node what had arrived.
        acked = {int(line.split("seq=")[1]) for line in board.lines if ": acked" in line}
        assert set(range(last)) <= acked
        assert not any(": stuck" in line for line in board.lines)


def test_node__outbox_full__oldest_dropped_counted_and_reported(hub):
    hub.kill()
    rig = NodeRig(hub.port)
    rig.settings["report"]["outbox_reports"] = 4
    with rig.board() as board:
        board.wait_for("report", WAIT_S, lambda event: event.facts["seq"] == "9")
        hub.restart()
        with listen(hub) as heard:
            got = [event.message for event in reports(heard, 8)]
        dropped = max(message["dropped"] for message in got)
        acked = [int(line.split("seq=")[1]) for line in board.lines if ": acked" in line]
        assert dropped >= 6
        # Each report was acknowledged, or dropped and counted, or is on its way still.
        missing = set(range(acked[-1] + 1)) - set(acked)
        assert len(missing) == dropped
        assert missing == set(range(min(missing), min(missing) + dropped))


def test_node__every_feature_and_no_broker__memory_bounds_the_outbox(hub):
    hub.kill()
    rig = NodeRig(hub.port)
    rig.measured["features"] = [
        key for key in features.WAVEFORM_KEYS if key not in features.BEARING_KEYS
    ]
    rig.measured["bands"] = [{"low_hz": 10 * i, "high_hz": 10 * i + 50} for i in range(1, 5)]
    rig.measured["samples"] = 1024
    rig.every_ms(1300)
    rig.settings["report"] = {"outbox_reports": 4096}
    with rig.board() as board:
        board.wait_for("report", 2 * WAIT_S, lambda event: event.facts["seq"] == "40")
        assert not any("MemoryError" in line for line in board.lines)
        hub.restart()
        with listen(hub) as heard:
            # Those that waited longest were written before the first had to go.
            got = [event.message for event in reports(heard, 20)]
        assert max(message["dropped"] for message in got) > 0
        assert board.boots == 1


def test_node__interrupted_at_the_port__repl_reachable_and_watchdog_held(hub):
    rig = NodeRig(hub.port)
    with rig.board() as board:
        board.wait_for("acked", WAIT_S)
        # Longer in the node's time than the watchdog has patience.
        out = mpremote(board, "exec", "import time; time.sleep_ms(20000); print('still here')")
        assert "still here" in out
        assert board.boots == 1


def test_node__spread_of_its_settings__is_its_clients(hub):
    rig = NodeRig(hub.port)
    rig.settings["mqtt"]["spread_ms"] = 45_000
    with rig.board() as virtual:
        virtual.wait_for("boot", WAIT_S)
        with Repl(virtual.port) as repl:
            repl.fresh()
            told = repl.ask(
                "import json\nfrom node.app import Node\n"
                "print(Node(json.load(open('/settings.json')), '')._client._lost_ms)"
            )
    assert told.split()[-1] == b"45000"


def test_node__static_address__taken_by_the_radio_and_kept(hub):
    rig = NodeRig(hub.port)
    static = {"address": "10.0.0.7", "mask": "255.255.255.0", "gateway": "10.0.0.1"}
    rig.settings["network"]["static"] = static
    with rig.board() as board:
        board.wait_for("acked", WAIT_S)
        out = mpremote(board, "exec", "import network; print(network.WLAN(0).ifconfig())")
    assert str(("10.0.0.7", "255.255.255.0", "10.0.0.1", "10.0.0.1")) in out


def test_node__reset_in_mid_run__boot_counted_and_seq_from_zero(hub):
    rig = NodeRig(hub.port)
    with listen(hub) as heard, rig.board() as board:
        reports(heard, 2)
        board.reset()
        while True:
            (event,) = reports(heard, 1)
            if event.message["boot"] == 2:
                break
        assert event.message["seq"] == 0
