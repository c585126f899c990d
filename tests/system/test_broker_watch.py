"""Hosts at a fleet's broker: watch, ask and retire over TLS, over its restarts."""

import itertools
import json
import os
import pty
import pwd
import select
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from host.pki_rig import kept
from host.test_watch import report, status
from nodewright.errors import BrokerDistrusted
from nodewright.fleet_broker.line import Line
from nodewright.fleet_broker.run import FleetBroker
from nodewright.pki import endpoint
from nodewright.revoke import retire, revoke
from nodewright.tls import client_context
from nodewright.watch import Address, Collector
from system.broker_rig import (
    NODEWRIGHT,
    address,
    connect,
    make_fleet,
    run,
    running,
    start,
    written,
)
from system.identity_rig import needs_mosquitto
from system.mqtt_rig import HOST, wait_until

pytestmark = needs_mosquitto
LIMIT_S = 30.0
TOPIC = "nodewright/north/pump-1/"


@pytest.fixture
def fleet(tmp_path_factory):
    # Of each test alone: brokers keep what one has left, and lists whom one has revoked.
    folder = make_fleet(tmp_path_factory.mktemp("watch") / "north")
    written(folder)  # with the identities of watch and ask
    return folder


def until_one(source: Collector, hub: FleetBroker, fleet, boot: int) -> int:
    """Publish until one is heard: the collector may still be on its way back; its seq."""
    for seq in range(400):
        with connect(fleet, hub.port, "pump-1") as node:
            node.publish(TOPIC + "report", report(boot, seq))
        event = source.get(0.05)
        if event is not None:
            return seq
    raise AssertionError("nothing is heard")


def test_collector__fleets_folder__hears_over_tls_and_after_a_kill(fleet) -> None:
    with running(fleet) as hub, Collector(address(fleet), fleet="north") as source:
        assert str(source.address) == f"mqtts://{HOST}:{hub.port}"
        assert until_one(source, hub, fleet, 1) == 0
        hub.kill()
        wait_until(lambda: not source.connected, "it is gone")
        hub.restart()
        until_one(source, hub, fleet, 2)
        assert source.lost == 1


def test_collector__broker_of_a_foreign_fleet__is_not_believed(fleet, tmp_path) -> None:
    other = make_fleet(tmp_path / "north", nodes=1)
    with running(other) as hub:
        mine = endpoint.load_pair(fleet, "host.watch", kept(fleet))
        wrong = Address(HOST, hub.port, tls=client_context(mine.ca, mine))
        with pytest.raises(BrokerDistrusted, match="TLS"):
            Collector(wrong).start()


def test_collector__brokers_certificate_for_another_address__is_not_believed(fleet) -> None:
    with running(fleet, listen="0.0.0.0") as hub:
        pair = endpoint.load_pair(fleet, "host.watch", kept(fleet))
        with pytest.raises(BrokerDistrusted, match="IP address mismatch"):
            Collector(Address("127.0.0.2", hub.port, tls=client_context(pair.ca, pair))).start()


def test_collector__host_revoked__is_out(tmp_path) -> None:
    folder = make_fleet(tmp_path / "north", nodes=1)
    with running(folder) as hub:
        before = address(folder)
        Collector(before).__enter__().stop()
        revoke(folder, "host.watch", kept(folder))
        assert hub.refresh() == ["host.watch"]
        with pytest.raises(BrokerDistrusted, match="revoked"):
            Collector(before).start()


def test_retire__over_tls__clears_what_the_broker_kept(tmp_path) -> None:
    folder = make_fleet(tmp_path / "north")
    with running(folder) as hub:
        with Collector(address(folder, "retire")) as keeper:
            keeper._client.publish(TOPIC + "status", status(), 1, retain=True)
            assert keeper.get(LIMIT_S) is not None
        done = retire(folder, "pump-1", kept(folder))
        assert done.cleared == (TOPIC + "status",)
        assert hub.refresh() is not None
        with Collector(address(folder)) as late:
            assert late.get(0.3) is None


def test_watch__broker_killed_and_back__goes_on_and_says_so(fleet) -> None:
    with running(fleet) as hub:
        watch = start("watch", "--fleet", fleet, "--lines")
        try:
            assert watch.stderr is not None
            assert watch.stdout is not None
            assert f"watching mqtts://{HOST}:{hub.port}" in watch.stderr.readline()
            hub.kill()
            assert "gone" in watch.stderr.readline()
            hub.restart()
            assert "back" in watch.stderr.readline()
            with connect(fleet, hub.port, "pump-1") as node:
                deadline = time.monotonic() + LIMIT_S
                seq = 0
                while time.monotonic() < deadline:  # it may not have subscribed yet
                    node.publish(TOPIC + "report", report(7, seq))
                    seq += 1
                    if select.select([watch.stdout], [], [], 0.1)[0]:
                        break
            assert "north/pump-1 report 7:" in watch.stdout.readline()
        finally:
            watch.send_signal(2)
            rest = watch.communicate(timeout=LIMIT_S)
        assert watch.returncode == 0
        assert "north/pump-1: " in rest[1]


def test_watch__json__is_a_stream_of_objects_with_gaps_and_what_the_link_did(tmp_path) -> None:
    fleet = make_fleet(tmp_path / "north")  # a broker that keeps nothing of other tests
    seqs = itertools.count(0, 2)  # every second one is missing
    with running(fleet) as hub:
        watch = start("watch", "--fleet", fleet, "--json")
        try:
            first, second = (until_heard(fleet, hub, watch, seqs) for _ in range(2))
            hub.kill()
            lost = next_of("link", watch)
            hub.restart()
            returned = next_of("link", watch)
            third = until_heard(fleet, hub, watch, seqs)
        finally:
            watch.send_signal(2)
            rest, err = watch.communicate(timeout=LIMIT_S)
    last = json.loads(rest.splitlines()[-1])
    assert (last["kind"], last["refused"], last["last_refused"]) == ("summary", {}, None)
    assert [node["node"] for node in last["nodes"]] == ["pump-1"]
    assert last["nodes"][0]["missing"] >= third["missing"]
    assert (first["kind"], first["missing"], first["gaps"]) == ("report", 0, [])
    begin, then = first["message"]["seq"], second["message"]["seq"]
    assert second["gaps"][0] == [7, begin + 1, begin + 1]
    assert second["missing"] == len(second["gaps"]) == (then - begin) // 2
    where = f"mqtts://{HOST}:{hub.port}"
    assert lost == {"kind": "link", "state": "lost", "broker": where, "lost": 1}
    assert returned == {"kind": "link", "state": "returned", "broker": where, "lost": 1}
    assert third["message"]["seq"] - 1 == third["gaps"][-1][2]
    assert len(third["gaps"]) <= 16
    assert (err, watch.returncode) == ("", 0)


def until_heard(fleet, hub: FleetBroker, watch, seqs) -> dict[str, Any]:
    """The next object, for which reports are sent until it comes."""
    deadline = time.monotonic() + LIMIT_S
    with connect(fleet, hub.port, "pump-1") as node:
        while time.monotonic() < deadline:
            node.publish(TOPIC + "report", report(7, next(seqs)))
            if select.select([watch.stdout], [], [], 0.2)[0]:
                break
    return next_of("report", watch)


def next_of(kind: str, watch) -> dict[str, Any]:
    """The next object of a kind; a busy host may have sent more reports than were waited for."""
    while True:
        found: dict[str, Any] = json.loads(watch.stdout.readline())
        if found["kind"] == kind:
            return found


def test_watch__on_a_terminal__shows_a_table(fleet) -> None:
    with running(fleet) as hub, connect(fleet, hub.port, "pump-1") as node:
        ours, theirs = pty.openpty()
        watch = subprocess.Popen(
            [*NODEWRIGHT, "watch", "--fleet", str(fleet)],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "160", "LINES": "40"},
        )
        os.close(theirs)
        shown = b""
        deadline = time.monotonic() + LIMIT_S
        try:
            while b"pump-1" not in shown or b"online" not in shown:
                assert time.monotonic() < deadline, shown
                node.publish(TOPIC + "status", status())
                if select.select([ours], [], [], 0.2)[0]:
                    shown += os.read(ours, 65536)
        finally:
            watch.send_signal(2)
            while watch.poll() is None:
                if select.select([ours], [], [], 0.05)[0]:
                    try:
                        os.read(ours, 65536)
                    except OSError:  # the other end is gone
                        break
            watch.wait(LIMIT_S)
            os.close(ours)
    assert b"last fault" in shown
    assert watch.returncode == 0


def test_ask__over_tls__commands_the_node(fleet) -> None:
    with running(fleet) as hub, connect(fleet, hub.port, "pump-1") as node:
        asked = start("ask", "north/pump-1", "severity", "--fleet", fleet, "--timeout", "30")
        assert asked.stderr is not None and "is asked for" in asked.stderr.readline()
        node.subscribe(TOPIC + "command")  # only now: it is not asked before it is online
        node.publish(TOPIC + "status", status())
        deadline = time.monotonic() + LIMIT_S
        while not node.heard and time.monotonic() < deadline:
            node.until(TOPIC + "command", b"", 0.1)
        assert node.heard
        command = json.loads(node.heard[0][1])
        reply = {"v": 1, "id": command["id"], "boot": 1, "ok": True, "seq": 5, "error": None}
        node.publish(TOPIC + "reply", json.dumps(reply).encode())
        node.publish(TOPIC + "report", report(1, 5))
        out, err = asked.communicate(timeout=LIMIT_S)
    assert asked.returncode == 0, err
    assert "report 1:5" in out


def test_ask__of_another_fleet__is_refused(fleet) -> None:
    told = run("ask", "south/pump-1", "severity", "--fleet", fleet)
    assert told.returncode == 2
    assert "is the fleet north" in told.stderr


def test_virtual__fleets_broker_runs_here__a_real_node_reports_over_tls(fleet) -> None:
    with running(fleet), Collector(address(fleet), fleet="north") as source:
        told = run("virtual", "pump-2", "--fleet", fleet, "--reports", "1")
        assert told.returncode == 0, told.stderr
        assert "pump-2 acked boot=1 seq=0" in told.stdout
        kinds = {event.kind for _ in range(2) if (event := source.get(LIMIT_S))}
        assert source.connected  # nobody took its name
        assert source.lost == 0
    assert kinds == {"status", "report"}


def test_watch__two_with_one_identity__the_second_needs_its_own(fleet) -> None:
    with running(fleet) as hub:
        assert run("broker", "--fleet", fleet, "--host-identity", "hall").returncode == 0
        assert hub.refresh() is not None
        with Collector(address(fleet)) as first, Collector(address(fleet, "hall")) as second:
            assert first.connected
            assert second.connected
            assert (first.lost, second.lost) == (0, 0)


def test_broker__ctrl_c__leaves_no_process_and_its_folder(fleet) -> None:
    hub = start("broker", "--fleet", fleet, "--json")
    assert hub.stdout is not None
    told = json.loads(hub.stdout.readline())
    with connect(fleet, told["port"], "pump-1") as node:
        assert node.alive()
        hub.send_signal(2)
        hub.communicate(timeout=LIMIT_S)
        assert hub.returncode == 0
        assert not node.alive()
    assert (fleet / "broker" / "data" / "mosquitto.db").stat().st_mode & 0o077 == 0


def test_broker__port_taken__says_so(fleet) -> None:
    with running(fleet):
        told = run("broker", "--fleet", fleet)
    assert told.returncode == 2
    assert "is in use" in told.stderr


def test_broker__running__follows_the_list_by_itself(fleet) -> None:
    made = endpoint.make_host(fleet, "guest", "read", kept(fleet))
    assert made.files
    hub = start("broker", "--fleet", fleet, "--json")
    try:
        assert hub.stdout is not None
        assert hub.stderr is not None
        port = json.loads(hub.stdout.readline())["port"]
        pair = endpoint.load_pair(fleet, "host.guest", kept(fleet))
        with Line(HOST, port, "x", client_context(pair.ca, pair)):
            pass
        assert run("revoke", "host.guest", "--dir", fleet).returncode == 0
        assert "session of host.guest ended" in hub.stderr.readline()
        with pytest.raises(Exception, match="revoked"):
            Line(HOST, port, "x", client_context(pair.ca, pair))
    finally:
        hub.send_signal(2)
        hub.communicate(timeout=LIMIT_S)


def test_broker__wishes_that_exclude_each_other__are_refused(fleet) -> None:
    for words in (
        ("--check", "mqtts://127.0.0.1", "--write-only"),
        ("--export", "x"),
        ("--install", "/x"),
        ("--host-identity", "a", "--check", "mqtts://127.0.0.1"),
        ("--host-identity", "a", "--may", "all"),
        ("--check", "mqtt://127.0.0.1"),
    ):
        assert run("broker", "--fleet", fleet, *words).returncode == 2, words


def test_written__for_root_where_mosquitto_may_enter__is_its_own(fleet) -> None:
    found = written(fleet)
    if os.geteuid() != 0:
        assert "\nuser " not in found.conf.read_text()
        return
    # A test's folder is closed to others: then it stays root, and says so.
    assert "\nuser root\n" in found.conf.read_text()
    assert any("runs as root" in note for note in found.notes)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone starts it as another user")
def test_broker__started_by_root__is_another_user_and_reads_its_files_again() -> None:
    try:
        user = pwd.getpwnam("mosquitto")
    except KeyError:
        pytest.skip("no user mosquitto")
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        folder = make_fleet(Path(open_to_all) / "north", nodes=1)
        with running(folder) as hub:
            assert hub.written.notes == ()
            assert Path(f"/proc/{hub.pid}").stat().st_uid == user.pw_uid
            for path in (hub.written.folder, *hub.written.folder.rglob("*")):
                assert path.stat().st_uid == user.pw_uid, path
                assert path.stat().st_mode & 0o077 == 0, path
            endpoint.make_host(folder, "late", "read", kept(folder))
            assert hub.refresh() == []
            wait_until(lambda: _hears(folder, hub.port, "host.late"), "it has its rights")
            revoke(folder, "pump-1", kept(folder))
            assert hub.refresh() == ["pump-1"]
            assert any("Reloading config" in line for line in hub.log)


def _hears(folder: Path, port: int, name: str) -> bool:
    """Whether a host hears what a node of a test's says."""
    with (
        connect(folder, port, name) as host,
        connect(folder, port, "host.retire") as keeper,
    ):
        host.subscribe(TOPIC + "report")
        keeper.publish(TOPIC + "report", b"x")
        return host.until(TOPIC + "report", b"x", 0.2)
