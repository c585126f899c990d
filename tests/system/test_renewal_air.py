"""`nodewright renew --over-the-air`: real mosquitto over TLS, the whole firmware on boards."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host.pki_rig import kept
from nodewright import ask, audit, renew_air
from nodewright.fleet import edit
from nodewright.image.node import CERTIFICATE, KEY, identity_files
from nodewright.offline import choose_runtime
from nodewright.pki import authority, clock, record, revocation
from nodewright.pki.identity import load_identity
from nodewright.provision import renew
from nodewright.virtual import VirtualBoard
from nodewright.virtual_node import VirtualNode
from nodewright.watch import Address, Collector
from system import broker_rig
from system.broker_rig import address, make_fleet, running
from system.identity_rig import needs_mosquitto
from system.node_rig import WAIT_S, NodeRig
from wire import renewal

pytestmark = needs_mosquitto

NODE = "pump-1"
NEW, TEMPORARY, PROVEN = "/identity/new.der", "/identity/new.tmp", "/identity/proven.der"


class Pair:
    """The identity of a node, as bytes."""

    def __init__(self, folder: Path, node: str = NODE) -> None:
        self.files = identity_files(load_identity(folder, node, kept(folder)))
        known = record.read(folder, node)
        assert known is not None and known.current is not None
        self.print = known.current.fingerprint[:16]
        self.certificate, self.key = self.files[CERTIFICATE], self.files[KEY]


@contextmanager
def online(folder: Path) -> Iterator[tuple[VirtualBoard, VirtualNode]]:
    """The node on a virtual board, connected to the fleet's broker, which runs."""
    node = VirtualNode(folder, NODE, kept(folder), choose_runtime(), fleet_broker=True)
    with node:
        board = node.boot(lambda _event: None)
        board.wait_for("connected", WAIT_S)
        yield board, node


def send(folder: Path, sealed: bytes, order: Callable[[list[str]], list[str]] = list) -> None:
    """As `renew_air` sends it, with the identity of `nodewright ask`."""
    with Collector(address(folder, "ask"), fleet="north") as source:
        parts = order(renewal.parts(sealed))
        for part, data in enumerate(parts):
            wanted = {"command": "renew", "part": part, "parts": len(parts), "data": data}
            ask.request(source, "north", NODE, wanted, 20.0)


def until_online(fingerprint: str, since: Collector, boot: int = 0) -> None:
    """It says that it is online with this certificate, of this boot or a later one."""
    while True:
        event = since.get(WAIT_S)
        assert event is not None, f"never online with {fingerprint}"
        told = event.message
        if event.kind == "status" and told["state"] == "online":
            found = told["certificate"], told["boot"] >= boot
            if found == (fingerprint, True):
                return


def test_renew__over_the_air__connects_with_the_new_and_only_then_the_old_are_revoked(
    tmp_path: Path,
) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    old = Pair(folder)
    with running(folder) as hub, online(folder) as (board, _):
        done = renew_air.renew(folder, NODE, kept(folder), WAIT_S)
        new = Pair(folder)
        assert done.now.fingerprint[:16] == new.print != old.print
        assert done.before.fingerprint[:16] == old.print
        assert done.revoked.serials == (done.before.serial,)
        assert [line for line in board.lines if ": renewal" in line][-1].endswith("state=done")
        assert hub.refresh() == [NODE]  # its session is ended, and it comes back with the new
        with Collector(address(folder), fleet="north") as source:
            until_online(new.print, source)
            board.reset()
            until_online(new.print, source, boot=2)
    entries, problems = audit.read(folder)
    assert not problems
    assert [entry.what for entry in entries if entry.node == NODE] == [
        "provision",
        "renew",
        "deliver",
        "revoke",
        "check",  # who ended its session
    ]
    assert entries[-3].facts["before"] == done.before.serial
    listed = revocation.read(folder, authority.load_certificate(folder, "north", clock.utc_now()))
    assert listed.revoked[done.before.serial].reason == "superseded"
    # The key has been seen by nobody: not by who hears commands, nor by the broker's file.
    secret = new.key[-100:]
    for path in folder.rglob("*"):
        if path.is_file() and "secrets" not in path.parts:
            assert secret not in path.read_bytes(), path


def test_renew__command_line__twice_each_time_another(tmp_path: Path) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    with running(folder), online(folder):
        serials = []
        for _ in range(2):
            ran = broker_rig.run("renew", NODE, "--over-the-air", "--json", cwd=folder)
            assert ran.returncode == 0, ran.stderr
            told = json.loads(ran.stdout)
            assert told["delivered"] and told["revoked"] == [told["before"]]
            serials += [told["before"], told["serial"]]
    assert serials[1] == serials[2] and len(set(serials)) == 3
    for word in ("--port", "--unique-id"):
        ran = broker_rig.run("renew", NODE, "--over-the-air", word, "x", cwd=folder)
        assert ran.returncode == 2


def test_renew__earlier_one_that_did_not_arrive__is_sent_again(tmp_path: Path) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    with running(folder), online(folder):
        renew(folder, NODE, kept(folder))  # and whoever did it was cut off
        made = Pair(folder)
        done = renew_air.renew(folder, NODE, kept(folder), WAIT_S)
        assert done.made is None
        assert done.now.fingerprint[:16] == made.print


def test_renewal__new_certificate_of_a_foreign_ca__node_goes_back_to_the_old(
    tmp_path: Path,
) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    foreign = make_fleet(tmp_path / "other", 1)
    old, spoiled = Pair(folder), Pair(foreign)
    with running(folder), online(folder) as (board, _):
        send(folder, renewal.seal(old.key, spoiled.certificate, spoiled.key, bytes(16)))
        board.wait_for("renewal", WAIT_S, lambda event: event.facts["state"] == "gone_back")
        board.wait_for("connected", WAIT_S)
        with Collector(address(folder), fleet="north") as source:
            until_online(old.print, source)
            while True:
                event = source.get(WAIT_S)
                assert event is not None
                if event.kind == "health":
                    break
            errors = event.message["errors"]
            assert errors["renewal_refused"] == 1
            assert errors["mqtt_tls_alert"] == 4
        # And takes a good one after that.
        done = renew_air.renew(folder, NODE, kept(folder), WAIT_S)
        assert done.before.fingerprint[:16] == old.print


def test_renewal__what_is_not_for_it__refused_with_the_reason_and_nothing_kept(
    tmp_path: Path,
) -> None:
    folder = make_fleet(tmp_path / "north", 2)
    mine, other = Pair(folder), Pair(folder, "pump-2")
    good = renewal.seal(mine.key, mine.certificate, mine.key, bytes(16))
    no_key = b"\x30\x10" + bytes(16)
    with running(folder), online(folder) as (board, _):
        for sealed, order, why in (
            (renewal.seal(other.key, mine.certificate, mine.key, bytes(16)), list, "sealed with"),
            (good[:-1] + bytes([good[-1] ^ 1]), list, "sealed with"),
            (renewal.seal(mine.key, other.certificate, other.key, bytes(16)), list, "another"),
            (renewal.seal(mine.key, mine.certificate, no_key, bytes(16)), list, "cannot be used"),
            (good, lambda parts: [parts[1], parts[0], *parts[2:]], "sealed with"),
            (good, lambda parts: parts * 5, "part 0 next"),
        ):
            with pytest.raises(ask.NodeRefused, match=why):
                send(folder, sealed, order)
        board.reset()
        board.wait_for("boot", WAIT_S, lambda event: event.facts["boot"] == "2")
        assert not [line for line in board.lines if ": renewal" in line]


def test_renew__plain_link_offline_or_unknown__refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    before = record.read(folder, NODE)
    with running(folder):
        with pytest.raises(renew_air.NotOverTheAir, match="never heard of it"):
            renew_air.renew(folder, NODE, kept(folder), 1.0)
        with online(folder) as (board, _):
            board.cut_power()
            with Collector(address(folder), fleet="north") as source:
                while True:
                    event = source.get(4 * WAIT_S)
                    assert event is not None
                    if event.kind == "status" and event.message["state"] == "offline":
                        break
            with pytest.raises(renew_air.NotOverTheAir, match="offline"):
                renew_air.renew(folder, NODE, kept(folder), 1.0)
    edit.set_value(folder, ("brokers", "main", "tls"), False)
    with pytest.raises(renew_air.NotOverTheAir, match="not TLS"):
        renew_air.renew(folder, NODE, kept(folder), 1.0)
    assert record.read(folder, NODE) == before


def test_renewal__node_on_a_plain_link__refuses(tmp_path: Path) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    mine = Pair(folder)
    with VirtualNode(folder, NODE, kept(folder), choose_runtime(), port=None) as node:
        board = node.boot(lambda _event: None)
        board.wait_for("connected", WAIT_S)
        assert node.hub is not None
        with Collector(Address(node.hub.host, node.hub.port), fleet="north") as source:
            part = renewal.parts(renewal.seal(mine.key, mine.certificate, mine.key, bytes(16)))[0]
            wanted = {"command": "renew", "part": 0, "parts": 3, "data": part}
            with pytest.raises(ask.NodeRefused, match="over TLS only"):
                ask.request(source, "north", NODE, wanted, 20.0)


def test_node__power_was_cut_at_each_step_of_a_renewal__connects_with_one_of_both(
    tmp_path: Path,
) -> None:
    folder = make_fleet(tmp_path / "north", 1)
    old = Pair(folder)
    renew(folder, NODE, kept(folder))
    new = Pair(folder)
    both = new.certificate + new.key
    states: list[tuple[str, dict[str, bytes], str]] = [
        ("being written", {TEMPORARY: both[:300]}, old.print),
        ("stored", {NEW: both}, new.print),
        ("proven", {PROVEN: both}, new.print),
        ("half installed", {PROVEN: both, CERTIFICATE: new.certificate}, new.print),
        (
            "key being written",
            {PROVEN: both, CERTIFICATE: new.certificate, TEMPORARY: b"0"},
            new.print,
        ),
        ("installed", {PROVEN: both, CERTIFICATE: new.certificate, KEY: new.key}, new.print),
        ("spoiled on flash", {NEW: both[:-30]}, old.print),
        ("spoiled within", {NEW: bytes(len(both))}, old.print),
        ("for another ca", {NEW: _foreign(tmp_path)}, old.print),
    ]
    with running(folder) as hub, Collector(address(folder), fleet="north") as source:
        rig = NodeRig(hub.port)
        rig.settings.update(fleet="north", node=NODE)
        rig.settings["mqtt"].update(host=hub.host, port=hub.port, tls=True)
        for name, files, fingerprint in states:
            with rig.board({**old.files, **files}) as board:
                board.wait_for("connected", WAIT_S)
                until_online(fingerprint, source)
                assert board.failure is None, name


def _foreign(tmp_path: Path) -> bytes:
    foreign = Pair(make_fleet(tmp_path / "foreign", 1))
    return foreign.certificate + foreign.key
