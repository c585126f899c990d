"""Identities of what is no node: the fleet's broker, programs that hear or ask its nodes, and
benches that sign certificates of nodes.

They are kept as those of nodes: a record in identities/, a key in secrets/, a line in the log.
What a host may do stands in its certificate, as its organizational unit.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import SecretStr

from nodewright.errors import BadInput
from nodewright.fleet.lock import locked
from nodewright.fleet.secret import Secrets
from nodewright.pki import authority, clock, keys, record, revocation, subject
from nodewright.pki.certificate import LIFE, Wanted, sign, to_pem
from nodewright.pki.deed import Deed
from nodewright.pki.errors import NoIdentity
from nodewright.pki.identity import check_subject, fleet_name
from nodewright.pki.record import Issued, Record
from wire.topics import is_name

# read: hear every node; ask: and command them; keep: and clear what a broker retains of them.
May = Literal["read", "ask", "keep"]
MAY: tuple[May, ...] = get_args(May)
# id-kp-documentSigning, RFC 9336: no broker takes it for a client's.
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, both as PEM, and the CA that signed it."""

    name: str
    certificate: str
    ca: str
    key: SecretStr = field(repr=False)


@dataclass(frozen=True)
class Made:
    """An identity that is there now.  files: written, relative to the fleet's folder."""

    record: Record
    files: tuple[str, ...] = ()


def make_host(
    folder: Path, name: str, may: May, secrets: Secrets, now: datetime | None = None
) -> Made:
    """The identity of a program, made where there is none that may do just this.

    name: of the program or its host.  Raises BadInput and its kinds in `pki.errors`, FleetLocked,
    WriteFailed.
    """
    if not is_name(name) or may not in MAY:
        raise BadInput(f"{name[:60]!r} with {may!r} is no host's identity: a-z, 0-9 and -")
    fleet, common = fleet_name(folder), subject.of_host(name)
    uri = x509.UniformResourceIdentifier(f"nodewright://{fleet}/{common}")
    wanted = Wanted(fleet, common, ExtendedKeyUsageOID.CLIENT_AUTH, (uri,), may)
    return _ensure(folder, wanted, secrets, now or clock.utc_now(), {"may": may})


def make_broker(
    folder: Path,
    name: str,
    addresses: Iterable[str],
    secrets: Secrets,
    now: datetime | None = None,
) -> Made:
    """The certificate of a broker, made where there is none for all these addresses.

    addresses: IP addresses and DNS names under which nodes and hosts look for it.  Raises as
    `make_host`.
    """
    if not is_name(name):
        raise BadInput(f"{name[:60]!r} is no name of a broker: a-z, 0-9 and -")
    named = sorted(set(addresses))
    others = tuple(map(_general_name, named))
    if not others:
        raise BadInput("a broker's certificate is for an address: none was given")
    fleet, common = fleet_name(folder), subject.of_broker(name)
    wanted = Wanted(fleet, common, ExtendedKeyUsageOID.SERVER_AUTH, others)
    return _ensure(folder, wanted, secrets, now or clock.utc_now(), {"addresses": named})


def make_signer(folder: Path, name: str, secrets: Secrets, now: datetime | None = None) -> Made:
    """The identity with which a bench signs what it found, made where there is none.

    Raises as `make_host`.
    """
    if not is_name(name):
        raise BadInput(f"{name[:60]!r} is no name of a bench: a-z, 0-9 and -")
    fleet, common = fleet_name(folder), subject.of_signer(name)
    uri = x509.UniformResourceIdentifier(f"nodewright://{fleet}/{common}")
    wanted = Wanted(fleet, common, DOCUMENT_SIGNING, (uri,))
    return _ensure(folder, wanted, secrets, now or clock.utc_now(), {})


def make_revoked(folder: Path, name: str, secrets: Secrets, now: datetime | None = None) -> Made:
    """An identity that is on the revocation list, and whose key is kept all the same.

    With it a broker is asked whether it minds the list; one that is let in by it is open to
    whoever stole a node.  Raises as `make_host`.
    """
    moment, common = now or clock.utc_now(), subject.of_host(name)
    known = record.read(folder, common)
    newest = known.issued[0] if known is not None and known.issued else None
    if (
        known is not None
        and newest is not None
        and newest.state == "revoked"
        and secrets.path(keys.name_of(common, newest.serial)) is not None
    ):
        return Made(known)
    made = make_host(folder, name, "read", secrets, moment)
    with locked(folder):
        fleet = fleet_name(folder)
        ca = authority.load(folder, fleet, secrets, moment)
        old = revocation.read(folder, ca.certificate)
        assert made.record.current is not None
        serial = made.record.current.serial
        after = made.record.with_revoked({serial}, moment, "cessation")
        listed = dict(old.revoked)
        listed[serial] = revocation.Revoked(serial, moment, "cessation")
        deed = Deed(folder, secrets)
        deed.public(revocation.FILE, revocation.build(ca, old.number + 1, listed, moment))
        deed.public(record.file_of(common), record.to_text(after))
        facts = {"serials": [serial], "reason": "cessation", "crl_number": old.number + 1}
        files = deed.commit("revoke", common, facts, moment)
    return Made(after, (*made.files, *files))


def load_pair(folder: Path, common: str, secrets: Secrets, now: datetime | None = None) -> Pair:
    """The identity of a node, host or broker, proven: key, certificate and CA belong together.

    Raises NoIdentity, IdentityEnded, KeyUnusable, RecordDamaged, and as
    `authority.load_certificate` and `Secrets.read`.
    """
    check_subject(common)
    moment = now or clock.utc_now()
    ca = authority.load_certificate(folder, fleet_name(folder), moment)
    known = record.read(folder, common)
    if known is None or known.current is None:
        raise NoIdentity(common)
    record.check_counts(known.current, common, ca, moment)
    return _pair(known.current, common, secrets, ca)


def load_revoked(folder: Path, name: str, secrets: Secrets) -> Pair:
    """What `make_revoked` has made.  Raises as `load_pair`."""
    common = subject.of_host(name)
    ca = authority.load_certificate(folder, fleet_name(folder), clock.utc_now())
    known = record.read(folder, common)
    if known is None or not known.issued:
        raise NoIdentity(common)
    return _pair(known.issued[0], common, secrets, ca)


def hosts(folder: Path) -> dict[str, May]:
    """What each host that has an identity may do, by its common name.  Raises RecordDamaged."""
    found: dict[str, May] = {}
    for common in record.names(folder):
        if not common.startswith(subject.HOST + "."):
            continue
        known = record.read(folder, common)
        may = None if known is None or known.current is None else may_of(known.current)
        if may is not None:
            found[common] = may
    return found


def may_of(issued: Issued) -> May | None:
    """What a host's certificate lets it do; None for one that says nothing of it."""
    units = issued.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    told = [unit.value for unit in units]
    return next((may for may in MAY if told == [may]), None)


def addresses_of(issued: Issued) -> tuple[str, ...]:
    """For which addresses a broker's certificate is, sorted."""
    try:
        found = issued.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(sorted(str(one.value) for one in found.value))


def _ensure(
    folder: Path, wanted: Wanted, secrets: Secrets, now: datetime, facts: Mapping[str, Any]
) -> Made:
    """The identity, made where it is not there as it is wanted."""
    with locked(folder):
        known = record.read(folder, wanted.name) or Record(wanted.name)
        certificate = authority.load_certificate(folder, wanted.fleet, now)
        if known.current is not None:
            record.check_signed(known.current, wanted.name, certificate)
            if _is_as(known.current, wanted, secrets, now):
                return Made(known)
        ca = authority.load(folder, wanted.fleet, secrets, now)
        key = ec.generate_private_key(ec.SECP256R1())
        made = sign(ca, wanted, key.public_key(), now - clock.SKEW, now + LIFE)
        issued = Issued(now, "current", made)
        what = "provision" if known.current is None else "renew"
        after = known.with_new(issued)
        deed = Deed(folder, secrets)
        deed.public(record.file_of(wanted.name), record.to_text(after))
        deed.secret(keys.name_of(wanted.name, issued.serial), keys.to_text(key))
        ends = f"{made.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        told = {"serial": issued.serial, "sha256": issued.fingerprint, "ends": ends, **facts}
        return Made(after, tuple(deed.commit(what, wanted.name, told, now)))


def _is_as(one: Issued, wanted: Wanted, secrets: Secrets, now: datetime) -> bool:
    """Whether an identity counts, has its key, and says what is wanted (or more addresses)."""
    names = one.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return (
        now <= one.certificate.not_valid_after_utc
        and secrets.path(keys.name_of(wanted.name, one.serial)) is not None
        and set(wanted.others) <= set(names.value)
        and (wanted.unit is None or may_of(one) == wanted.unit)
    )


def _pair(one: Issued, common: str, secrets: Secrets, ca: x509.Certificate) -> Pair:
    key = keys.of_certificate(secrets, common, one.serial, one.certificate)
    return Pair(common, to_pem(one.certificate), to_pem(ca), keys.to_text(key))


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        pass
    if not text or len(text) > 253 or not all(map(_is_label, text.split("."))):
        raise BadInput(f"{text[:60]!r} is no address: an IP address or a DNS name")
    return x509.DNSName(text)


def _is_label(text: str) -> bool:
    plain = text.replace("-", "").isascii() and text.replace("-", "").isalnum()
    return plain and len(text) <= 63 and text[0] != "-" and text[-1] != "-"
