"""A CA, brokers' certificates good and bad, nodes' identities, a mosquitto that has them all."""

import contextlib
import datetime
import ipaddress
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nodewright.ports import free_port, on_free_port
from system.mqtt_rig import HOST, LIMIT_S, accepts, node, wait_until

NAME = "broker.plant"
ALERT, HANDSHAKE, DATA = 0x15, 0x16, 0x17  # RFC 5246, 6.2.1
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """As mosquitto wants them: PEM."""
        paths = folder / f"{name}.pem", folder / f"{name}.key"
        paths[0].write_bytes(self.certificate.public_bytes(Encoding.PEM))
        paths[1].write_bytes(
            self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return paths


def make(
    name: str,
    issuer: Pair | None,
    hosts: tuple[str, ...] = (),
    begin_days: int = -1,
    end_days: int = 100,
    use: x509.ObjectIdentifier | None = None,
) -> Pair:
    """A certificate that holds from begin_days to end_days from now; issuer None: a CA.

    use: what alone it is for; None: for anything.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin_days * _DAY)
        .not_valid_after(now + end_days * _DAY)
        .add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
    )
    if use is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    if hosts:
        names: list[x509.GeneralName] = []
        for host in hosts:
            digits = host.replace(".", "").isdigit()
            names.append(
                x509.IPAddress(ipaddress.ip_address(host)) if digits else x509.DNSName(host)
            )
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Pair(builder.sign(key if issuer is None else issuer.key, hashes.SHA256()), key)


def write_identity(folder: Path, ca: Pair, own: Pair) -> str:
    """What lies on a node's flash, and the same as PEM for other clients; the folder."""
    folder.mkdir(exist_ok=True)
    own.write(folder, "own")
    ca.write(folder, "ca")
    (folder / "ca.der").write_bytes(ca.certificate.public_bytes(Encoding.DER))
    (folder / "certificate.der").write_bytes(own.certificate.public_bytes(Encoding.DER))
    (folder / "key.der").write_bytes(
        own.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )
    return str(folder)


def _list(folder: Path, ca: Pair, revoked: Pair) -> Path:
    """The CA's list of revoked certificates, with one on it."""
    now = datetime.datetime.now(datetime.UTC)
    one = x509.RevokedCertificateBuilder().serial_number(revoked.certificate.serial_number)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(now - _DAY)
        .next_update(now + _DAY)
        .add_revoked_certificate(one.revocation_date(now - _DAY).build())
        .sign(ca.key, hashes.SHA256())
    )
    path = folder / "crl.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return path


class TlsBroker:
    """mosquitto with a listener for each server certificate, and a plain one to listen at."""

    def __init__(self, folder: Path) -> None:
        self.ca = ca = make("fleet CA", None)
        other = make("fleet CA", None)  # the same name: only its key tells
        self.servers = {
            "good": make(NAME, ca, (HOST, NAME)),
            "expired": make(NAME, ca, (HOST, NAME), -10, -1),
            "not_yet_valid": make(NAME, ca, (HOST, NAME), 2, 10),
            "foreign": make(NAME, other, (HOST, NAME)),
            # A node's certificate, even one that bears the broker's name, is none for a broker.
            "for_a_node": make(NAME, ca, (HOST, NAME), use=ExtendedKeyUsageOID.CLIENT_AUTH),
            "wrong_host": make("else.plant", ca, ("127.0.0.9", "else.plant")),
        }
        self.good = write_identity(folder / "good", ca, make("talker", ca))
        self.peer = write_identity(folder / "peer", ca, make("peer", ca))
        self.expired = write_identity(folder / "old", ca, make("talker", ca, (), -10, -1))
        self.stranger = write_identity(folder / "stranger", ca, make("talker", other))
        self.early = write_identity(folder / "early", ca, make("talker", ca, (), 2, 10))
        revoked = make("talker", ca)
        self.revoked = write_identity(folder / "revoked", ca, revoked)
        self._list = _list(folder, ca, revoked)
        mixed = Pair(make("talker", ca).certificate, make("other", ca).key)
        self.mixed = write_identity(folder / "mixed", ca, mixed)
        self._folder = folder
        self._log = (folder / "log").open("wb")
        self.plain = 0
        on_free_port(self._start)

    def _start(self, plain: int) -> None:
        folder, self.plain = self._folder, plain
        self.ports = {name: free_port() for name in self.servers}
        ca_path, _ = self.ca.write(folder, "ca")
        # As root it would drop to a user who cannot read a test's folder.
        lines = ["user root"] if os.getuid() == 0 else []
        lines += ["per_listener_settings true", "persistence false", "set_tcp_nodelay true"]
        lines += [f"listener {self.plain} {HOST}", "allow_anonymous true"]
        for name, server in self.servers.items():
            certificate, key = server.write(folder, name)
            lines += [f"listener {self.ports[name]} {HOST}", f"cafile {ca_path}"]
            lines += [f"certfile {certificate}", f"keyfile {key}", "require_certificate true"]
            lines += [f"crlfile {self._list}"]
            lines += ["use_identity_as_username true", "use_username_as_clientid true"]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._process = process = subprocess.Popen(
            [program, "-c", folder / "mosquitto.conf"], stdout=self._log, stderr=self._log
        )
        wait_until(lambda: accepts(process, plain, *self.ports.values()), "mosquitto accepts")

    def log_text(self) -> str:
        """What mosquitto has written so far."""
        return (self._folder / "log").read_text()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._log.close()


@contextmanager
def tls_broker(folder: Path) -> Iterator[TlsBroker]:
    """One that does not outlive the test."""
    broker = TlsBroker(folder)
    try:
        yield broker
    finally:
        broker.stop()


def errors_of_any(
    port: int,
    identity: str,
    most_connects: int = 1 << 30,
    limit_s: float = LIMIT_S,
    **plan: object,
) -> dict[str, int]:
    """What a node counts until its plan ends; it runs on, has lost nothing, and has not grown."""
    with node(port=port, identity=identity, count=3, disconnect=False, **plan) as talker:
        result = talker.result(limit_s)
    assert result["running"], result
    assert (result["acked"], result["queued"]) == ([], 3), result
    assert result["connects"] <= most_connects
    # A TLS connection that was not let go of keeps 23 KB: 300 of them would keep 7 MB.
    assert result["grown_kb"] < 3000, result["grown_kb"]
    errors: dict[str, int] = result["errors"]
    return errors


@contextmanager
def answering(answer: Callable[[], bytes], context: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of somebody who reads once and answers with anything; context: inside TLS."""
    listener = socket.create_server((HOST, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(2)
                if context is not None:
                    connection = context.wrap_socket(connection, server_side=True)
                with connection:  # which is another one within TLS
                    connection.recv(4096)
                    connection.sendall(answer())
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def hostile_records(draw: random.Random) -> bytes:
    """One to three records of TLS, of wrong kind, length or body."""
    return b"".join(_record(draw) for _ in range(draw.randrange(1, 4)))


def _record(draw: random.Random) -> bytes:
    kind = draw.choice((ALERT, HANDSHAKE, DATA, draw.randrange(256)))
    body = draw.randbytes(draw.choice((0, 1, 2, 40, 400)))
    if kind == HANDSHAKE and len(body) > 4 and draw.random() < 0.7:
        body = b"\x02" + (len(body) - 4).to_bytes(3, "big") + b"\x03\x03" + body[6:]
    size = draw.choice((len(body), 0xFFFF, 16384, len(body) + 1))
    return bytes((kind, 3, draw.choice((1, 3, 4)))) + size.to_bytes(2, "big") + body
