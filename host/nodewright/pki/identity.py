"""What goes onto a node's board so that a broker knows it: for whoever packs its image."""

import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretBytes, SecretStr

from nodewright.errors import BadInput
from nodewright.fleet.finding import FleetErrors
from nodewright.fleet.load import NotText, load, read_text
from nodewright.fleet.secret import Secrets
from nodewright.fleet.values import NAME_ALLOWED
from nodewright.pki import authority, clock, keys, record
from nodewright.pki.errors import NodeRetired, NoIdentity
from nodewright.pki.subject import is_subject
from wire.topics import is_name


@dataclass(frozen=True)
class Identity:
    """A node's identity in the forms that MicroPython's TLS takes (DER: boards lack PEM).

    key_der: PKCS #8, a secret; unique_id: hex digits of the chip it is for, None for any;
    lorawan: (dev_eui or None, join_eui) and app_key, where the node reports over it.
    """

    node: str
    serial: str
    ends: datetime
    certificate_der: bytes
    ca_der: bytes
    key_der: SecretBytes
    unique_id: str | None
    lorawan: tuple[str | None, str] | None = None
    app_key: SecretStr | None = field(default=None, repr=False)


def load_identity(
    folder: Path, node: str, secrets: Secrets, now: datetime | None = None
) -> Identity:
    """The identity that a node is to have, proven: its key is that of its certificate, which this
    fleet's CA has signed.

    Raises NoIdentity, NodeRetired, IdentityEnded, KeyUnusable, RecordDamaged, and as
    `authority.load_certificate` and `Secrets.read`.
    """
    check_name(node)
    moment = now or clock.utc_now()
    ca = authority.load_certificate(folder, fleet_name(folder), moment)
    known = record.read(folder, node)
    if known is not None and known.retired is not None:
        raise NodeRetired(node)
    if known is None or known.current is None:
        raise NoIdentity(node)
    current = known.current
    record.check_counts(current, node, ca, moment)
    key = keys.of_certificate(secrets, node, current.serial, current.certificate)
    data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    lorawan = None if known.join_eui is None else (known.dev_eui, known.join_eui)
    return Identity(
        node,
        current.serial,
        current.certificate.not_valid_after_utc,
        current.certificate.public_bytes(Encoding.DER),
        ca.public_bytes(Encoding.DER),
        SecretBytes(data),
        known.unique_id,
        lorawan,
        None if lorawan is None else secrets.read(keys.app_key_name(node)),
    )


def check_name(node: str) -> None:
    """Raise BadInput for what cannot be the name of a node."""
    if not is_name(node):
        raise BadInput(f"{node[:60]!r} is no name of a node: {NAME_ALLOWED}")


def check_subject(name: str) -> None:
    """Raise BadInput for what cannot be the common name of a node, host, broker or signer."""
    if not is_subject(name):
        raise BadInput(
            f"{name[:60]!r} is no name of a node ({NAME_ALLOWED}), a host (host.NAME), a broker "
            "(broker.NAME) or a bench that signs (signer.NAME)"
        )


def fleet_name(folder: Path) -> str:
    """The name of a fleet, whatever else may be wrong with its file.

    Raises FleetErrors where it has none; FleetNotFound.
    """
    with suppress(NotText):
        name = _name_in(read_text(folder))
        if name is not None:
            return name
    raise FleetErrors(load(folder).findings)


@lru_cache(maxsize=8)  # it is asked for again and again, and judging a whole file takes a while
def _name_in(text: str) -> str | None:
    try:
        table = tomllib.loads(text).get("fleet")
    except (RecursionError, ValueError):
        return None
    name = table.get("name") if isinstance(table, dict) else None
    return name if isinstance(name, str) and is_name(name) else None
