"""A real mosquitto that asks for certificates, and clients that have or lack them."""

import contextlib
import ipaddress
import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from host.pki_rig import kept, key_file
from nodewright.fleet import template
from nodewright.fleet.load import FILE
from nodewright.pki import authority, clock, keys
from nodewright.pki.certificate import to_pem
from nodewright.pki.create import create_ca
from nodewright.ports import on_free_port
from system.mqtt_rig import HOST, accepts, wait_until

_PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_mosquitto = pytest.mark.skipif(_PROGRAM is None, reason="no mosquitto installed")
# MQTT 3.1.1, 3.1: a clean session of the client id "x", a minute of keepalive.
_CONNECT = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01x"
_ACCEPTED = b"\x20\x02\x00\x00"
_WAIT_S = 10.0


def make(folder: Path, nodes: int = 2) -> Path:
    """A fleet "north" of today with so many nodes."""
    template.create(folder, "north", lambda at: create_ca(at, "north"))
    text = (folder / FILE).read_text(encoding="utf-8")
    node = text[text.index("[nodes.pump-1]") :]
    more = (node.replace("nodes.pump-1", f"nodes.pump-{n}") for n in range(2, nodes + 1))
    (folder / FILE).write_text("\n".join([text, *more]), encoding="utf-8")
    return folder


@contextlib.contextmanager
def mosquitto(conf: str, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """mosquitto with these settings, its log in folder/log, when it accepts at the port."""
    # As root it would drop to a user who cannot read a test's folder.
    user = "user root\n" if hasattr(os, "getuid") and os.getuid() == 0 else ""
    (folder / "mosquitto.conf").write_text(user + "persistence false\n" + conf)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(_PROGRAM), "-c", folder / "mosquitto.conf"], stdout=subprocess.DEVNULL, stderr=log
        )
    try:
        wait_until(lambda: accepts(process, port), "mosquitto accepts", _WAIT_S)
        yield process
    finally:
        process.kill()
        process.wait()


class SecureBroker:
    """mosquitto with a certificate of the fleet's CA, as a plant's would be set up."""

    def __init__(self, fleet: Path, folder: Path) -> None:
        self.port = 0
        self._fleet, self._folder = fleet, folder
        folder.mkdir()
        _server_certificate(fleet, folder)
        (folder / "acl").write_text("pattern readwrite nodewright/north/%u/#\n")
        self.log = folder / "log"

    def _start(self, port: int) -> None:
        fleet, folder, self.port = self._fleet, self._folder, port
        self._running = mosquitto(
            f"listener {port} {HOST}\ncafile {fleet}/pki/ca.pem\n"
            f"crlfile {fleet}/pki/crl.pem\ncertfile {folder}/broker.pem\n"
            f"keyfile {folder}/broker.key\nrequire_certificate true\n"
            "use_identity_as_username true\nuse_username_as_clientid true\n"
            f"allow_anonymous false\nacl_file {folder}/acl\n",
            folder,
            port,
        )
        self._process = self._running.__enter__()

    def __enter__(self) -> "SecureBroker":
        on_free_port(self._start)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)

    def reload(self) -> None:
        """Have it read its files again: a connection soon after meets the new ones."""
        self._process.send_signal(signal.SIGHUP)

    def answer(self, certificate: Path | None, key: Path | None, ca: Path) -> str:
        """Whether a client is let in: "accepted", or "refused" and in which words."""
        try:
            with self.connect(client_context(certificate, key, ca)) as line:
                line.sendall(_CONNECT)
                said = line.recv(4)
        except (ssl.SSLError, OSError) as error:
            return f"refused {error}"
        return "accepted" if said == _ACCEPTED else f"refused {said!r}"

    @contextlib.contextmanager
    def connect(self, context: ssl.SSLContext):
        with (
            socket.create_connection((HOST, self.port), _WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as line,
        ):
            yield line


def client_context(certificate: Path | None, key: Path | None, ca: Path) -> ssl.SSLContext:
    """A client that knows the fleet's CA and has these."""
    context = ssl.create_default_context(cafile=str(ca))
    if certificate is not None:
        context.load_cert_chain(str(certificate), str(key))
    return context


def pair(folder: Path, node: str) -> tuple[Path, Path]:
    """The files of a node's certificate and key."""
    return folder / "identities" / f"{node}.toml", key_file(folder, node)


def _server_certificate(fleet: Path, folder: Path) -> None:
    """The broker's own: not by our code but by the library, as a plant's IT would make it."""
    now = clock.utc_now()
    ca = authority.load(fleet, "north", kept(fleet), now)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("broker"), x509.IPAddress(ipaddress.ip_address(HOST))]
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    (folder / "broker.pem").write_text(to_pem(made))
    (folder / "broker.key").write_text(keys.to_text(key).get_secret_value())
