"""Every door of a fleet's broker is as it should be; each one left open is found."""

import json
import re

import pytest

from host.pki_rig import kept
from host.test_watch import report
from nodewright.fleet_broker import config
from nodewright.fleet_broker.line import Line, Shut
from nodewright.pki import endpoint
from nodewright.ports import free_port
from nodewright.provision import renew
from nodewright.revoke import revoke
from nodewright.tls import client_context
from nodewright.watch import Collector
from system.broker_rig import address, connect, doors, make_fleet, run, running
from system.identity_rig import needs_mosquitto
from system.mqtt_rig import HOST, wait_until

pytestmark = needs_mosquitto
LIMIT_S = 20.0
PLAIN = free_port()

DOORS = {
    "a node comes in": "works",
    "no certificate": "shut",
    "a foreign CA's": "shut",
    "an expired one": "shut",
    "one not yet valid": "shut",
    "a revoked one": "shut",
    "plain MQTT": "shut",
    "a host hears a node": "works",
    "a host commands a node": "works",
    "writes as another node": "shut",
    "hears another node": "shut",
    "takes another's session": "shut",
    "forges another's will": "shut",
    "a message without end": "shut",
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    return make_fleet(tmp_path_factory.mktemp("doors") / "north")


def verdicts(found) -> dict[str, str]:
    return {name: door.verdict for name, door in found.items()}


def test_doors__as_written__all_are_as_they_should_be(fleet) -> None:
    with running(fleet) as hub:
        assert verdicts(doors(fleet, hub.port)) == DOORS


def _without(*keys: str):
    return lambda text: re.sub(rf"^({'|'.join(keys)}) .*\n", "", text, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("change", "opened"),
    [
        (_without("crlfile"), {"a revoked one"}),
        (_without("use_username_as_clientid"), {"takes another's session"}),
        (_without("max_packet_size"), {"a message without end"}),
        (
            _without("acl_file"),
            {"writes as another node", "hears another node", "forges another's will"},
        ),
        (
            lambda text: (
                text.replace("require_certificate true", "require_certificate false")
                .replace("use_identity_as_username true\nuse_username_as_clientid true\n", "")
                .replace("allow_anonymous false", "allow_anonymous true")
            ),
            {"no certificate"},
        ),
        (
            lambda text: (
                text.replace("allow_anonymous false", "allow_anonymous true")
                + f"listener {PLAIN} {HOST}\n"
            ),
            {"plain MQTT"},
        ),
    ],
    ids=["no list", "client ids free", "no limit", "no rights", "no certificates", "plain port"],
)
def test_doors__one_left_open__is_found(fleet, change, opened) -> None:
    with running(fleet, change) as hub:
        found = doors(fleet, hub.port, PLAIN)
    assert opened <= {name for name, door in found.items() if door.verdict == "open"}


@pytest.mark.parametrize(
    ("lines", "name", "verdict"),
    [
        ("pattern readwrite nodewright/#\n", "writes as another node", "open"),
        ("pattern read nodewright/north/+/report\n", "hears another node", "open"),
        ("pattern write nodewright/north/+/status\n", "forges another's will", "open"),
        ("pattern write nodewright/north/+/command\n", "writes as another node", "open"),
    ],
)
def test_doors__one_right_too_many__is_found(fleet, lines, name, verdict) -> None:
    def change(text: str) -> str:
        acl = fleet / "broker" / config.ACL
        acl.write_text(acl.read_text().replace("# Every node", lines + "# Every node"))
        return text + "\n"

    with running(fleet, change) as hub:
        assert doors(fleet, hub.port)[name].verdict == verdict


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("pattern write nodewright/north/%u/report\n", "a host hears a node"),
        ("pattern read nodewright/north/%u/command\n", "a host commands a node"),
    ],
)
def test_doors__a_right_too_few__is_no_safe_broker(fleet, line, name) -> None:
    def change(text: str) -> str:
        acl = fleet / "broker" / config.ACL
        acl.write_text(acl.read_text().replace(line, ""))
        return text + "\n"

    with running(fleet, change) as hub:
        assert doors(fleet, hub.port)[name].verdict == "fails"


def test_doors__nobody_there__is_no_safe_broker(fleet) -> None:
    found = doors(fleet, free_port())
    assert found["a node comes in"].verdict == "fails"
    assert not any(door.good for name, door in found.items() if name != "plain MQTT")


def test_check__of_a_running_broker__ends_by_what_it_found(fleet) -> None:
    url, plain = f"mqtts://{HOST}", free_port()
    with running(fleet) as hub:
        told = run(
            "broker", "--fleet", fleet, "--check", f"{url}:{hub.port}", "--plain-port", plain
        )
        assert told.returncode == 0, told.stdout + told.stderr
        assert "doors as they should be" in told.stdout
    with running(fleet, _without("crlfile")) as hub:
        told = run(
            *("broker", "--fleet", fleet, "--check", f"{url}:{hub.port}"),
            *("--plain-port", plain, "--json"),
        )
    assert told.returncode == 1
    found = json.loads(told.stdout)
    assert not found["good"]
    assert [door["door"] for door in found["doors"] if door["verdict"] != DOORS[door["door"]]] == [
        "a revoked one"
    ]


def test_running__a_node_revoked__is_out_at_once_and_others_stay(fleet) -> None:
    with running(fleet) as hub, connect(fleet, hub.port, "pump-2") as other:
        old = endpoint.load_pair(fleet, "pump-1", kept(fleet))
        renew(fleet, "pump-1", kept(fleet))
        session = Line(HOST, hub.port, "pump-1", client_context(old.ca, old))
        assert session.alive()  # until it is revoked, it counts
        revoke(fleet, "pump-1", kept(fleet), "superseded", "replaced")
        assert hub.refresh() == ["pump-1"]
        assert not session.alive()  # it was ended, and what has its certificate stays out
        assert other.alive()
        with pytest.raises(Shut, match="revoked"):
            Line(HOST, hub.port, "pump-1", client_context(old.ca, old))
        with connect(fleet, hub.port, "pump-1") as renewed:
            assert renewed.alive()


def test_running__killed_with_messages_waiting__has_all_that_it_acknowledged(fleet) -> None:
    with running(fleet) as hub:
        Collector(address(fleet), fleet="north", session="kept").__enter__().stop()
        with connect(fleet, hub.port, "pump-1") as node:
            for seq in range(20):
                node.publish("nodewright/north/pump-1/report", report(1, seq))
            # mosquitto acknowledges some milliseconds before it saves (docs/reliability.md).
            saved = fleet / "broker" / "data" / "mosquitto.db"
            last = b'"seq": 19'
            wait_until(lambda: saved.is_file() and last in saved.read_bytes(), "it has saved")
        hub.kill()
        hub.restart()
        with Collector(address(fleet), fleet="north", session="kept") as source:
            events = [source.get(LIMIT_S) for _ in range(20)]
        seqs = [event.message["seq"] for event in events if event is not None]
        assert seqs == list(range(20))
