"""What is known in public of a node's identity: identities/NODE.toml, one file a node.

It holds the certificates of the node with their history, newest first, so that
`openssl x509 -in identities/pump-1.toml` shows the one that counts.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from nodewright.errors import BadInput
from nodewright.pki import chip, keys, revocation
from nodewright.pki.certificate import fingerprint, serial_of, to_pem
from nodewright.pki.errors import IdentityEnded, RecordDamaged
from nodewright.pki.subject import is_subject
from wire.topics import is_name

FOLDER = "identities"
VERSION = 1
STATES = ("current", "replaced", "revoked")
_HEAD = """\
# Written by nodewright provision, renew, revoke, retire and broker: not by hand.
# The private keys are in secrets/; what was done when is in audit.jsonl.
"""


@dataclass(frozen=True)
class Issued:
    """A certificate of a node.

    state: current (at most one), replaced (still counts) or revoked; ended, reason: of a revoked
    one.
    """

    made: datetime
    state: str
    certificate: x509.Certificate = field(repr=False)
    ended: datetime | None = None
    reason: str | None = None

    @property
    def serial(self) -> str:
        """40 hex digits."""
        return serial_of(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256, hex digits."""
        return fingerprint(self.certificate)


@dataclass(frozen=True)
class Record:
    """A node's identity.

    unique_id: hex digits of its chip, None until it is known; dev_eui, join_eui: of LoRaWAN.
    """

    node: str
    unique_id: str | None = None
    retired: datetime | None = None
    dev_eui: str | None = None
    join_eui: str | None = None
    issued: tuple[Issued, ...] = ()

    @property
    def current(self) -> Issued | None:
        """The certificate that the node is to have."""
        return next((one for one in self.issued if one.state == "current"), None)

    def with_new(self, issued: Issued) -> "Record":
        """With a new current certificate; the one before is replaced."""
        older = (
            replace(one, state="replaced") if one.state == "current" else one
            for one in self.issued
        )
        return replace(self, issued=(issued, *older))

    def with_revoked(self, serials: set[str], when: datetime, reason: str) -> "Record":
        """With these certificates revoked."""
        issued = (
            replace(one, state="revoked", ended=when, reason=reason)
            if one.serial in serials
            else one
            for one in self.issued
        )
        return replace(self, issued=tuple(issued))


def file_of(node: str) -> str:
    """Where the record of a node lies, relative to the fleet's folder."""
    return f"{FOLDER}/{node}.toml"


def read(folder: Path, node: str) -> Record | None:
    """The record of a node; None where there is none.  Raises RecordDamaged."""
    file = file_of(node)
    try:
        raw = tomllib.loads((folder / file).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordDamaged(file, error.strerror or "unreadable") from None
    except (ValueError, RecursionError):
        raise RecordDamaged(file, "no TOML") from None
    try:
        record = _parse(raw)
    except BadInput as error:
        raise RecordDamaged(file, str(error)) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = str(error) if type(error) is ValueError else "a key is missing or wrong"
        raise RecordDamaged(file, reason[:120]) from None
    if record.node != node:
        raise RecordDamaged(file, f"it is that of {record.node}")
    return record


def names(folder: Path) -> list[str]:
    """The nodes, hosts and brokers that have a record, sorted."""
    found = (file.stem for file in (folder / FOLDER).glob("*.toml"))
    return sorted(name for name in found if is_subject(name))


def read_all(folder: Path) -> Iterator[Record]:
    """All records.  Raises RecordDamaged."""
    for name in names(folder):
        found = read(folder, name)
        if found is not None:
            yield found


def owner_of(folder: Path, unique_id: str) -> str | None:
    """Which node in service has a chip.

    Only files that name it are read wholly: a fleet may have many.  Raises RecordDamaged.
    """
    for name in names(folder):
        try:
            text = (folder / file_of(name)).read_text(encoding="utf-8")
        except (OSError, ValueError):
            text = unique_id  # let `read` say what is wrong
        if unique_id in text:
            found = read(folder, name)
            if found is not None and found.unique_id == unique_id and found.retired is None:
                return name
    return None


def check_counts(one: Issued, node: str, ca: x509.Certificate, now: datetime) -> None:
    """As `check_signed`, and raise IdentityEnded for one whose time is over."""
    check_signed(one, node, ca)
    if now > one.certificate.not_valid_after_utc:
        raise IdentityEnded(node, one.certificate.not_valid_after_utc)


def check_signed(one: Issued, node: str, ca: x509.Certificate) -> None:
    """Raise RecordDamaged for a certificate that is not this node's by this CA."""
    names = one.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    try:
        one.certificate.verify_directly_issued_by(ca)
        good = [name.value for name in names] == [node]
    except keys.UNREADABLE:
        good = False
    if not good:
        reason = f"certificate {one.serial[:8]} is not of {node} by this fleet's CA"
        raise RecordDamaged(file_of(node), reason)


def to_text(record: Record) -> str:
    """A record as it stands in its file.

    Every text in it is of hex digits, dates or our own words: none needs to be quoted.
    """
    lines = [_HEAD, f"version = {VERSION}", f'node = "{record.node}"']
    if record.unique_id is not None:
        lines.append(f'unique_id = "{record.unique_id}"')
    elif is_name(record.node):
        lines.append("# unique_id: not known yet; nodewright provision NODE --port PORT binds it")
    if record.retired is not None:
        lines.append(f"retired = {_date(record.retired)}")
    if record.join_eui is not None:
        dev_eui = f'"{record.dev_eui}"' if record.dev_eui else '""  # follows from the unique_id'
        lines += ["", "[lorawan]", f"dev_eui = {dev_eui}", f'join_eui = "{record.join_eui}"']
    for one in record.issued:
        lines += ["", "[[certificates]]", f'state = "{one.state}"', f"made = {_date(one.made)}"]
        if one.ended is not None:
            lines += [f"revoked = {_date(one.ended)}", f'reason = "{one.reason}"']
        lines += [
            f"ends = {_date(one.certificate.not_valid_after_utc)}",
            f'serial = "{one.serial}"',
            f'sha256 = "{one.fingerprint}"',
            f'pem = """\n{to_pem(one.certificate)}"""',
        ]
    return "\n".join(lines) + "\n"


def _date(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _parse(raw: dict[str, Any]) -> Record:
    if raw["version"] != VERSION:
        raise ValueError("of another version of nodewright")
    unique_id = raw.get("unique_id")
    lorawan = raw.get("lorawan", {})
    record = Record(
        str(raw["node"]),
        None if unique_id is None else chip.parse(unique_id),
        _moment(raw["retired"]) if "retired" in raw else None,
        _eui(lorawan["dev_eui"]) if lorawan.get("dev_eui") else None,
        _eui(lorawan["join_eui"]) if lorawan else None,
        tuple(_issued(one) for one in raw.get("certificates", ())),
    )
    if sum(one.state == "current" for one in record.issued) > 1:
        raise ValueError("two certificates are current")
    return record


def _issued(raw: dict[str, Any]) -> Issued:
    try:
        certificate = x509.load_pem_x509_certificate(raw["pem"].encode())
        if not keys.is_p256(certificate.public_key()):
            raise ValueError("a certificate's key is not of ECDSA P-256")
    except keys.UNREADABLE:
        raise ValueError("a certificate cannot be read") from None
    state, revoked = raw["state"], raw["state"] == "revoked"
    if state not in STATES or (revoked and raw["reason"] not in revocation.REASONS):
        raise ValueError("a certificate's state is none")
    if raw["serial"] != serial_of(certificate) or raw["sha256"] != fingerprint(certificate):
        raise ValueError("a certificate is not the one of its serial and hash")
    return Issued(
        _moment(raw["made"]),
        state,
        certificate,
        _moment(raw["revoked"]) if revoked else None,
        str(raw["reason"]) if revoked else None,
    )


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("a date is none")
    return value.astimezone(UTC)


def _eui(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{16}", value):
        raise ValueError("an EUI is not of 16 hex digits")
    return value
