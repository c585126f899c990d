"""The demo's broker: the fleet's own over TLS where mosquitto is; said where it is not."""

import ssl
import threading
from pathlib import Path

import pytest

from nodewright import broker
from nodewright.demo.fleet import FleetOptions, VirtualFleet
from nodewright.demo.hub import why_plain
from nodewright.fleet_broker.line import Line, Shut
from nodewright.image.node import CA, CERTIFICATE, KEY
from nodewright.offline import Runtime, choose_runtime
from nodewright.pki import endpoint
from system.demo_rig import command
from system.identity_rig import needs_mosquitto


@needs_mosquitto
def test_demo__mosquitto_installed__nodes_report_over_tls_with_faults_and_without(
    tmp_path: Path,
) -> None:
    words = ("--cycles", "1", "--interval", "1.6", "--faults", "broker", "--json")
    with command(tmp_path, "demo", *words) as run:
        code, told = run.json()
        run.assert_nothing_left()
    assert code == 0, told["failures"]
    assert told["broker"]["kind"] == "mosquitto"
    assert (told["broker"]["tls"], told["broker"]["plain_because"]) == (True, None)
    assert [node["lost"] for node in told["nodes"]] == [0, 0, 0]


@needs_mosquitto
def test_virtual_fleet__tls__only_its_own_nodes_and_programs_come_in() -> None:
    options = FleetOptions(nodes=2, interval_s=1.6, tls=True)
    with VirtualFleet(options, threading.Event()) as fleet:
        hub = fleet.hub
        assert [sorted(held) for held in fleet.site.identities.values()] == 2 * [
            sorted((CA, CERTIFICATE, KEY))
        ]
        keys = {held[KEY] for held in fleet.site.identities.values()}
        assert len(keys) == 2
        assert all(plan.settings["mqtt"]["tls"] for plan in fleet.plans)
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        nobody.check_hostname, nobody.verify_mode = False, ssl.CERT_NONE
        for context in (None, nobody):
            with pytest.raises(Shut), Line(hub.host, hub.port, "pump-1", context):
                pass
        assert (hub.host, hub.port) == (fleet.site.address.host, fleet.site.address.port)


def test_demo__embedded_broker__says_that_it_is_plain_and_why(tmp_path: Path) -> None:
    words = ("--cycles", "1", "--interval", "1.6", "--nodes", "1", "--broker", "embedded")
    with command(tmp_path, "demo", *words) as run:
        line = run.until("broker:")
        code, _, _ = run.end()
    assert code == 0
    assert "plain MQTT: the embedded broker was asked for" in line


def test_why_plain__without_mosquitto_or_micropython__says_which(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "CPython" in why_plain("auto", Runtime(None))
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    assert "mosquitto 2 is not installed" in why_plain("auto", choose_runtime())


@needs_mosquitto
def test_open_sealed__its_port_is_taken__the_next_free_one() -> None:
    options = FleetOptions(nodes=1, interval_s=1.6, tls=True)
    with VirtualFleet(options, threading.Event()) as first:
        taken = FleetOptions(nodes=1, interval_s=1.6, tls=True, port=first.hub.port)
        with (
            pytest.raises(broker.PortInUse),
            VirtualFleet(taken, threading.Event()),
        ):
            pass
        with VirtualFleet(options, threading.Event()) as second:
            assert second.hub.port != first.hub.port
            folder = second.hub.written.folder.parent  # type: ignore[attr-defined]
            assert set(endpoint.hosts(folder)) >= {"host.watch", "host.check"}
        assert not folder.exists()
