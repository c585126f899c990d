"""A node taken out of service: what a real broker kept of it is gone, and its history stays."""

from pathlib import Path

import paho.mqtt.client as paho
import pytest

from host.pki_rig import CHIP, kept
from nodewright import audit, broker
from nodewright.errors import BrokerUnreachable
from nodewright.fleet.load import FILE, load
from nodewright.pki import compare, record, retained
from nodewright.pki.clock import utc_now
from nodewright.pki.errors import NodeRetired, NoIdentity, RetainedStays
from nodewright.ports import free_port
from nodewright.provision import provision
from nodewright.revoke import retire, revoke
from nodewright.watch import Address
from system.identity_rig import make, mosquitto, needs_mosquitto
from system.mqtt_rig import HOST, wait_until

LIMIT_S = 20.0


def keep(port: int, topics: dict[str, bytes]) -> None:
    """Have a broker keep messages."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.connect(HOST, port)
    client.loop_start()
    for topic, payload in topics.items():
        client.publish(topic, payload, 1, retain=True).wait_for_publish(LIMIT_S)
    client.disconnect()
    client.loop_stop()


def kept_by(port: int) -> set[str]:
    """What a broker keeps under nodewright/, by a client that does not know how we ask."""
    found: set[str] = set()
    ready: list[bool] = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: (
        found.add(message.topic) if message.retain else ready.append(True)
    )
    client.connect(HOST, port)
    client.subscribe("nodewright/#")
    client.subscribe("marker")
    client.publish("marker", b"x")
    client.loop_start()
    wait_until(lambda: bool(ready), "the marker", LIMIT_S)
    client.disconnect()
    client.loop_stop()
    return found


@needs_mosquitto
def test_retire__with_its_broker__revoked_marked_forgotten_and_remembered(tmp_path: Path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    for node, chip in (("pump-1", CHIP), ("pump-2", None)):
        provision(folder, node, secrets, chip)
    before = (folder / FILE).read_text()
    with broker.start("mosquitto") as hub:
        mine = {"nodewright/north/pump-1/status": b"{}", "nodewright/north/pump-1/old/x": b"y"}
        others = {"nodewright/north/pump-2/status": b"{}", "nodewright/south/pump-1/status": b""}
        keep(hub.port, {**mine, **others, "nodewright/south/pump-1/status": b"{}"})
        done = retire(folder, "pump-1", secrets, Address(HOST, hub.port))
        assert set(done.cleared) == set(mine)
        assert kept_by(hub.port) == set(others)
        again = retire(folder, "pump-1", secrets, Address(HOST, hub.port))
    assert (done.again, done.marked, again.again, again.marked) == (False, True, True, False)
    assert (again.cleared, again.revocation.serials) == ((), ())
    after = (folder / FILE).read_text()
    assert set(after.splitlines()) - set(before.splitlines()) == {"retired = true"}
    assert load(folder).fleet.nodes["pump-1"].retired
    assert not load(folder).fleet.nodes["pump-2"].retired
    known = record.read(folder, "pump-1")
    assert [one.state for one in known.issued] == ["revoked"]
    assert known.retired is not None
    assert not list((folder / "secrets").glob("pump-1.*"))
    assert provision(folder, "pump-2", secrets, CHIP).what == "bind"  # its board is free again
    with pytest.raises(NodeRetired):
        provision(folder, "pump-1", secrets)
    entries, damages = audit.read(folder)
    assert [entry.what for entry in entries if entry.node == "pump-1"] == ["provision", "retire"]
    assert damages == ()
    assert list(compare.problems(folder, "north", entries, utc_now())) == []


@needs_mosquitto
def test_retire__broker_away__the_rest_is_done_and_again_does_what_is_left(tmp_path) -> None:
    folder = make(tmp_path / "f")
    secrets = kept(folder)
    provision(folder, "pump-1", secrets)
    away = retire(folder, "pump-1", secrets, Address(HOST, free_port()))
    assert (away.cleared, away.marked, len(away.revocation.serials)) == (None, True, 1)
    assert isinstance(away.error, BrokerUnreachable)
    assert record.read(folder, "pump-1").retired is not None
    assert load(folder).fleet.nodes["pump-1"].retired
    with broker.start("mosquitto") as hub:
        keep(hub.port, {"nodewright/north/pump-1/status": b"{}"})
        done = retire(folder, "pump-1", secrets, Address(HOST, hub.port))
        assert (done.cleared, done.error) == (("nodewright/north/pump-1/status",), None)
        assert kept_by(hub.port) == set()


@needs_mosquitto
def test_clear__where_it_may_not_write__told_though_the_broker_acknowledged(tmp_path) -> None:
    free, bound = free_port(), free_port()
    (tmp_path / "acl").write_text("topic read nodewright/#\n")
    conf = f"per_listener_settings true\nlistener {free} {HOST}\nallow_anonymous true\n"
    conf += f"listener {bound} {HOST}\nallow_anonymous true\nacl_file {tmp_path}/acl\n"
    with mosquitto(conf, tmp_path, bound):
        keep(free, {"nodewright/north/pump-1/status": b"{}"})
        with pytest.raises(RetainedStays, match="nodewright/north/pump-1/status"):
            retained.clear(Address(HOST, bound), "north", "pump-1")
        assert retained.clear(Address(HOST, free), "north", "pump-1") != []
        assert kept_by(free) == set()


def test_retire__without_an_identity_or_a_name__as_far_as_it_goes(tmp_path) -> None:
    folder = make(tmp_path / "f")
    with pytest.raises(NoIdentity):
        revoke(folder, "pump-2", kept(folder))
    done = retire(folder, "pump-2", kept(folder), Address(HOST, free_port()))
    assert isinstance(done.error, BrokerUnreachable)
    assert record.read(folder, "pump-2").retired is not None
    with pytest.raises(NodeRetired):
        provision(folder, "pump-2", kept(folder))
