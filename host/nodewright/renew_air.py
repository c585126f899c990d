"""A new key and certificate for a node that is out there, over the session of its old ones.

The old ones count until the node has connected with the new: only then they go onto the list of
the revoked.  What was cut short is done again, with the certificate that was made for it.
"""

import secrets as random
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nodewright import ask, audit, provision, reach, revoke
from nodewright.errors import BadInput, NodewrightError
from nodewright.fleet.lock import locked
from nodewright.fleet.secret import Secrets
from nodewright.pki import clock, keys, record
from nodewright.pki.errors import NoIdentity
from nodewright.pki.identity import check_name, load_identity
from nodewright.pki.record import Issued
from nodewright.revoke import Revocation
from nodewright.watch import Collector
from wire import renewal

_PROGRAM = "ask"
_STATUS_S = 5.0  # the broker has it and sends it at once
_REPLY_S = 20.0  # a node that measures replies when it is done
_POLL_S = 0.2
_TOLD = 16  # hex digits of a fingerprint, at least


class NotOverTheAir(BadInput):
    """A node, or the way to it, that cannot be renewed over the air.  node; reason."""

    def __init__(self, node: str, reason: str) -> None:
        self.node, self.reason = node, reason
        super().__init__(f"{node} cannot be renewed over the air: {reason}")


class RenewalFailed(NodewrightError):
    """A node has not come back with its new certificate.  node; waited_s."""

    def __init__(self, node: str, went_back: bool, waited_s: float) -> None:
        self.node, self.went_back, self.waited_s = node, went_back, waited_s
        how = (
            "uses its old certificate again: the broker did not take the new one"
            if went_back
            else f"has not come back with its new certificate in {waited_s:.0f} s"
        )
        super().__init__(f"{node} {how}; both count, and the same command tries again")


@dataclass(frozen=True)
class Delivered:
    """made: what `provision.renew` made; None where an earlier one was sent again; before: what
    the node had; revoked: what became of all that it replaces.
    """

    node: str
    made: provision.Provisioned | None
    now: Issued
    before: Issued
    revoked: Revocation


def renew(
    folder: Path, node: str, secrets: Secrets, timeout_s: float = 60.0, url: str | None = None
) -> Delivered:
    """Renew it, and revoke what it had once it has connected.

    url: another broker than fleet.toml's.  Raises NotOverTheAir, RenewalFailed, NodeRefused,
    NodeSilent, BrokerUnreachable, and as `provision.renew` and `revoke.revoke`.
    """
    check_name(node)
    fleet, address = reach.address(folder, _PROGRAM, secrets, url)
    if address.tls is None:
        raise NotOverTheAir(node, f"{address} is not TLS, and a key goes over nothing else")
    with Collector(address, fleet=fleet) as source:
        in_use = _in_use(source, folder, node)
        current = _record(folder, node).current
        made = None
        if current is None or current.serial == in_use.serial:
            made = provision.renew(folder, node, secrets)
        identity = load_identity(folder, node, secrets)
        key = keys.of_certificate(secrets, node, in_use.serial, in_use.certificate)
        sealed = renewal.seal(
            key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            identity.certificate_der,
            identity.key_der.get_secret_value(),
            random.token_bytes(renewal.NONCE_BYTES),
        )
        parts = renewal.parts(sealed)
        for part, data in enumerate(parts):
            wanted = {"command": "renew", "part": part, "parts": len(parts), "data": data}
            ask.request(source, fleet, node, wanted, _REPLY_S)
        new = _record(folder, node).current
        assert new is not None, "it was made, or was there"
        _wait(source, node, new, in_use, timeout_s)
    moment = clock.utc_now()
    with locked(folder):
        facts = {"serial": new.serial, "sha256": new.fingerprint, "before": in_use.serial}
        audit.append(folder, "deliver", node, facts, moment)
    revoked = revoke.revoke(folder, node, secrets, "superseded", "replaced")
    return Delivered(node, made, new, in_use, revoked)


def _record(folder: Path, node: str) -> record.Record:
    known = record.read(folder, node)
    if known is None:
        raise NoIdentity(node)
    return known


def _in_use(source: Collector, folder: Path, node: str) -> Issued:
    """With which certificate it is online, as it says; its key must be here."""
    deadline_s = time.monotonic() + _STATUS_S
    while (status := _status(source, node, deadline_s)) is None:
        if time.monotonic() > deadline_s:
            raise NotOverTheAir(node, "the broker has never heard of it")
    if status["state"] != "online":
        raise NotOverTheAir(node, f"it is {status['state']}")
    told = _certificate(status)
    if told is None:
        raise NotOverTheAir(node, "it does not say which certificate it has: update it first")
    for one in _record(folder, node).issued:
        if one.fingerprint.startswith(told):
            return one
    raise NotOverTheAir(node, f"its certificate {told} is none of its record here")


def _certificate(status: dict[str, object]) -> str | None:
    """The beginning of the fingerprint that a node tells; None where it tells none."""
    told = status.get("certificate")
    return told if isinstance(told, str) and len(told) >= _TOLD else None


def _wait(source: Collector, node: str, new: Issued, old: Issued, timeout_s: float) -> None:
    """Until it is online with the new one.  Raises RenewalFailed."""
    began_s = time.monotonic()
    went_back = False
    while time.monotonic() < began_s + timeout_s:
        status = _status(source, node, time.monotonic() + _POLL_S)
        if status is None or status["state"] != "online":
            continue
        told = _certificate(status)
        if told is None:
            continue
        if new.fingerprint.startswith(told):
            return
        went_back = old.fingerprint.startswith(told)
        if went_back:
            break
    raise RenewalFailed(node, went_back, time.monotonic() - began_s)


def _status(source: Collector, node: str, until_s: float) -> dict[str, object] | None:
    """The next status of a node until then; None where there is none."""
    while (left_s := until_s - time.monotonic()) > 0:
        event = source.get(left_s)
        if event is not None and (event.node, event.kind) == (node, "status"):
            return event.message
    return None
