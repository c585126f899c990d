"""The broker of virtual nodes: their fleet's own, over TLS, where mosquitto is; else a plain one.

Over TLS it is what `nodewright broker` writes and runs for the demo's fleet folder, and each node
has a certificate of its own in that fleet.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nodewright import broker
from nodewright.broker import Broker, Kind
from nodewright.demo.fleet_folder import FLEET
from nodewright.fleet.secret import Secrets
from nodewright.fleet_broker.layout import Wish, write
from nodewright.fleet_broker.run import FleetBroker
from nodewright.image.node import CA, CERTIFICATE, KEY
from nodewright.offline import Runtime
from nodewright.pki import authority, certificate, clock, endpoint, subject
from nodewright.pki.create import create_ca
from nodewright.ports import on_free_port
from nodewright.tls import client_context
from nodewright.watch import Address

_WATCHER = "watch"


@dataclass(frozen=True)
class Hub:
    """A broker that runs, and what it takes to reach it.

    plain_because: why it does not speak TLS, "" where it does; address: for a collector;
    identities: what each node has on its flash, by its name.
    """

    broker: Broker
    address: Address
    plain_because: str
    identities: dict[str, dict[str, bytes]] = field(default_factory=dict, repr=False)


def why_plain(kind: Kind | Literal["auto"], runtime: Runtime) -> str:
    """What stands against TLS here; "" where nothing does."""
    if runtime.interpreter is None:
        return "the nodes run on CPython, which has no MicroPython TLS"
    if kind == "embedded":
        return "the embedded broker was asked for"
    if broker.usable_mosquitto() is None:
        return "mosquitto 2 is not installed, and the embedded broker knows no certificates"
    return ""


def open_plain(kind: Kind | Literal["auto"], port: int | None, because: str) -> Hub:
    """A broker that lets anybody in.  Raises as `broker.start`."""
    hub = broker.start(kind, port)
    return Hub(hub, Address(hub.host, hub.port), because)


def open_sealed(folder: Path, nodes: Iterable[str], port: int | None) -> Hub:
    """The broker of a fleet's folder that is written already but for its identities.

    Raises PortInUse, BrokerFailed, and as `layout.write`.
    """
    create_ca(folder, FLEET)
    secrets = Secrets(folder)
    hub = _start(folder, secrets, port)
    try:
        pair = endpoint.load_pair(folder, subject.of_host(_WATCHER), secrets)
        where = Address(hub.host, hub.port, tls=client_context(pair.ca, pair))
        return Hub(hub, where, "", _identities(folder, nodes, secrets))
    except BaseException:
        hub.stop()
        raise


def _start(folder: Path, secrets: Secrets, port: int | None) -> FleetBroker:
    if port is not None:
        return _start_at(folder, secrets, port)
    return on_free_port(lambda free: _start_at(folder, secrets, free))


def _start_at(folder: Path, secrets: Secrets, port: int) -> FleetBroker:
    hub = FleetBroker(folder, write(folder, Wish(port=port), secrets), secrets)
    hub.start()
    return hub


def _identities(
    folder: Path, nodes: Iterable[str], secrets: Secrets
) -> dict[str, dict[str, bytes]]:
    """A key and a certificate of each node.  The folder goes with the demo: no record is kept."""
    now = clock.utc_now()
    ca = authority.load(folder, FLEET, secrets, now)
    made = {}
    for node in nodes:
        key = ec.generate_private_key(ec.SECP256R1())
        issued = certificate.issue(ca, FLEET, node, key.public_key(), now)
        made[node] = {
            CA: ca.certificate.public_bytes(Encoding.DER),
            CERTIFICATE: issued.public_bytes(Encoding.DER),
            KEY: key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        }
    return made
