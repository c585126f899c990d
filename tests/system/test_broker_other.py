"""The same doors at another broker, where one is installed: the check is no mirror of mosquitto.

NATS takes certificates of the fleet's CA and knows neither its list nor rights by name, when it is
set up as here: the check has to say just that.
"""

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from host.pki_rig import kept
from host.test_watch import report
from nodewright.image.node import identity_files
from nodewright.pki.identity import load_identity
from nodewright.ports import free_port
from nodewright.watch import Address, Collector
from system.broker_rig import address, connect, doors, make_fleet, written
from system.mqtt_rig import HOST, LIMIT_S, node, wait_until

_NATS = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin")
pytestmark = pytest.mark.skipif(_NATS is None, reason="no nats-server installed")

_TRIES = 4

_CONF = """\
server_name: "north"
host: "127.0.0.1"
port: {plain}
jetstream {{ store_dir: "{folder}/data" }}
mqtt {{
  host: "127.0.0.1"
  port: {port}
  tls {{
    cert_file: "{broker}/broker.pem"
    key_file: "{broker}/broker.key"
    ca_file: "{broker}/ca.pem"
    verify: true
  }}
}}
"""


@contextlib.contextmanager
def nats(fleet: Path, folder: Path) -> Iterator[int]:
    """NATS with the certificates of the fleet's own broker; its MQTT port."""
    port = free_port()
    conf = _CONF.format(
        port=port, plain=free_port(), folder=folder, broker=written(fleet).folder.resolve()
    )
    (folder / "nats.conf").write_text(conf)
    log = folder / "log"
    process = subprocess.Popen([str(_NATS), "-c", folder / "nats.conf", "-l", log])
    try:
        wait_until(lambda: log.exists() and "Server is ready" in log.read_text(), "NATS is up")
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    return make_fleet(tmp_path_factory.mktemp("other") / "north")


def test_doors__of_nats__the_certificates_count_and_the_rest_is_told_as_open(
    fleet, tmp_path
) -> None:
    with nats(fleet, tmp_path) as port:
        # NATS bars a client id for a second that comes again before the last is cleared away: what
        # could not be told is asked again.
        for _ in range(_TRIES):
            told = doors(fleet, port)
            found = {name: door.verdict for name, door in told.items()}
            if "unknown" not in found.values():
                break
    for name in ("a node comes in", "a host hears a node", "a host commands a node"):
        assert found[name] == "works", name
    for name in ("no certificate", "a foreign CA's", "an expired one", "one not yet valid"):
        assert found[name] == "shut", name
    for name in ("a revoked one", "writes as another node", "hears another node"):
        assert found[name] == "open", told[name]
    for name in ("takes another's session", "forges another's will"):
        assert found[name] == "open", told[name]


def test_client__at_nats__reports_and_commands_go_both_ways_and_the_session_is_kept(
    fleet, tmp_path
) -> None:
    """The node's own client, on MicroPython, with another broker than the one it grew up with."""
    identity = tmp_path / "identity"
    identity.mkdir()
    for path, data in identity_files(load_identity(fleet, "pump-1", kept(fleet))).items():
        (identity / Path(path).name).write_bytes(data)
    topic, command = "nodewright/north/pump-1/report", "nodewright/north/pump-1/command"
    plan = {"identity": str(identity), "client_id": "pump-1", "subscribe": command}
    with nats(fleet, tmp_path) as port:
        tls = address(fleet).tls
        with Collector(Address(HOST, port, tls=tls), fleet="north") as source:
            with node(port=port, count=100, topic=topic, **plan) as talker:
                result = talker.result()
            assert (result["acked"], result["errors"]) == (list(range(100)), {})
            source.send(command, b"meanwhile")
            with node(port=port, count=0, until_received=1, **plan) as talker:
                assert talker.wait_for("connected") == "connected True"
                result = talker.result()
            assert (result["received"], result["errors"]) == ([[command, "meanwhile"]], {})


def test_collector__at_nats__hears_a_node_over_tls(fleet, tmp_path) -> None:
    with nats(fleet, tmp_path) as port:
        tls = address(fleet).tls
        with (
            Collector(Address(HOST, port, tls=tls), fleet="north") as source,
            connect(fleet, port, "pump-1") as node,
        ):
            node.publish("nodewright/north/pump-1/report", report(1, 5))
            event = source.get(LIMIT_S)
    assert event is not None
    assert (event.node, event.message["seq"]) == ("pump-1", 5)
