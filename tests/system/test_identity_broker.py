"""Identities at a real mosquitto: who is let in, as whom, and who is no more."""

import base64
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import paho.mqtt.client as paho
import pytest

from host.pki_rig import kept
from nodewright.interpreter import find_interpreter
from nodewright.pki import certificate
from nodewright.pki.identity import load_identity
from nodewright.provision import provision, renew
from nodewright.revoke import revoke
from system.identity_rig import SecureBroker, client_context, make, needs_mosquitto, pair
from system.mqtt_rig import HOST, wait_until

pytestmark = needs_mosquitto
LIMIT_S = 20.0


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    folder = make(tmp_path / "north")
    for node in ("pump-1", "pump-2"):
        provision(folder, node, kept(folder))
    return folder


class Client:
    """A node of paho's: connected with a certificate, it hears its own topics."""

    def __init__(self, port: int, fleet: Path, node: str) -> None:
        self.heard: list[str] = []
        self._subscribed = threading.Event()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="anything")
        self.client.tls_set_context(client_context(*pair(fleet, node), fleet / "pki" / "ca.pem"))
        self.client.on_connect = lambda client, *_: client.subscribe("nodewright/#", 1)
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_message = lambda _client, _data, message: self.heard.append(
            f"{message.topic} {message.payload.decode()}"
        )
        self.client.connect(HOST, port)
        self.client.loop_start()
        assert self._subscribed.wait(LIMIT_S)

    def say(self, topic: str, text: str) -> None:
        sent = self.client.publish(topic, text, 1)
        sent.wait_for_publish(LIMIT_S)
        assert sent.is_published()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_broker__two_nodes__each_speaks_and_hears_under_its_own_name(fleet, tmp_path) -> None:
    with (
        SecureBroker(fleet, tmp_path / "broker") as broker,
        Client(broker.port, fleet, "pump-1") as first,
        Client(broker.port, fleet, "pump-2") as second,
    ):
        first.say("nodewright/north/pump-2/report", "forged")
        first.say("nodewright/south/pump-1/report", "of another fleet")
        first.say("nodewright/north/pump-1/report", "mine")
        second.say("nodewright/north/pump-2/report", "mine too")
        wait_until(lambda: bool(first.heard and second.heard), "both heard", LIMIT_S)
        assert first.heard == ["nodewright/north/pump-1/report mine"]
        assert second.heard == ["nodewright/north/pump-2/report mine too"]
        log = broker.log.read_text()
        assert "as pump-1 (p2, c1, k60, u'pump-1')" in log
        assert "anything" not in log


def test_broker__foreign_expired_or_no_certificate__refused(fleet, tmp_path, monkeypatch) -> None:
    ca = fleet / "pki" / "ca.pem"
    foreign = make(tmp_path / "foreign")  # of the same name: another CA
    provision(foreign, "pump-1", kept(foreign))
    expired = make(tmp_path / "expired", nodes=3)
    for file in ("pki/ca.pem", "pki/crl.pem", "secrets/ca.key"):
        (expired / file).write_bytes((fleet / file).read_bytes())
    monkeypatch.setattr(certificate, "LIFE", timedelta(hours=-1))
    provision(expired, "pump-3", kept(expired))
    with SecureBroker(fleet, tmp_path / "broker") as broker:
        assert broker.answer(*pair(fleet, "pump-1"), ca) == "accepted"
        assert broker.answer(None, None, ca).startswith("refused")
        assert broker.answer(*pair(foreign, "pump-1"), ca).startswith("refused")
        assert broker.answer(*pair(expired, "pump-3"), ca).startswith("refused")
        assert broker.answer(*pair(fleet, "pump-2"), ca) == "accepted"
        log = broker.log.read_text()
    assert "peer did not return a certificate" in log
    assert log.count("certificate verify failed") == 2


def test_broker__revoked__refused_once_it_reads_the_list_again_and_others_stay(
    fleet, tmp_path
) -> None:
    ca = fleet / "pki" / "ca.pem"
    old = tmp_path / "old.pem", tmp_path / "old.key"
    for source, target in zip(pair(fleet, "pump-1"), old, strict=True):
        target.write_bytes(source.read_bytes())
    with SecureBroker(fleet, tmp_path / "broker") as broker:
        renew(fleet, "pump-1", kept(fleet))
        assert broker.answer(*old, ca) == "accepted"  # until it is revoked
        assert broker.answer(*pair(fleet, "pump-1"), ca) == "accepted"
        revoke(fleet, "pump-1", kept(fleet), "superseded", "replaced")
        broker.reload()
        wait_until(
            lambda: broker.answer(*old, ca).startswith("refused"), "the old is refused", LIMIT_S
        )
        assert broker.answer(*pair(fleet, "pump-1"), ca) == "accepted"
        assert broker.answer(*pair(fleet, "pump-2"), ca) == "accepted"
    with SecureBroker(fleet, tmp_path / "anew") as broker:
        assert broker.answer(*old, ca).startswith("refused")
        assert broker.answer(*pair(fleet, "pump-2"), ca) == "accepted"


_NODE = """
import binascii, socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations(cadata=binascii.a2b_base64("{ca}"))
context.load_cert_chain(binascii.a2b_base64("{certificate}"), binascii.a2b_base64("{key}"))
plain = socket.socket()
plain.connect(socket.getaddrinfo("127.0.0.1", {port})[0][-1])
line = context.wrap_socket(plain, server_hostname="broker")
line.write(b"\\x10\\x0d\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x01x")
print("answer", line.read(4))
"""


def test_micropython__with_the_identity_in_der__is_let_in_and_knows_its_broker(
    fleet, tmp_path
) -> None:
    """What an image carries, on the runtime of the virtual boards: mbedTLS and its own rules."""
    found = load_identity(fleet, "pump-1", kept(fleet))
    other = make(tmp_path / "other")
    strange = (other / "pki" / "ca.pem").read_text().split("-----")[2].replace("\n", "")
    ours = base64.b64encode(found.ca_der).decode()
    with SecureBroker(fleet, tmp_path / "broker") as broker:
        for ca, said in ((ours, "answer b' \\x02\\x00\\x00'"), (strange, "not correctly signed")):
            program = tmp_path / "node.py"
            program.write_text(
                _NODE.format(
                    ca=ca,
                    certificate=base64.b64encode(found.certificate_der).decode(),
                    key=base64.b64encode(found.key_der.get_secret_value()).decode(),
                    port=broker.port,
                )
            )
            told = subprocess.run(
                [*find_interpreter().command, program],
                capture_output=True,
                text=True,
                timeout=LIMIT_S,
                check=False,
            )
            assert said in told.stdout + told.stderr
        assert "u'pump-1'" in broker.log.read_text()
