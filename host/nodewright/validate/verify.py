"""Whether a file is the certificate of a node by a fleet that one trusts; without any network.

In this order: its bytes are as they were signed; who signed may sign such things in that fleet;
that fleet is the one that is trusted; what is signed can be read; the signer's certificate
counted.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from nodewright.errors import BadInput
from nodewright.pki import authority, clock, keys, revocation, subject
from nodewright.pki.certificate import fingerprint, serial_of
from nodewright.pki.endpoint import DOCUMENT_SIGNING
from nodewright.pki.identity import fleet_name
from nodewright.pki.revocation import Revoked
from nodewright.validate.refused import (
    Changed,
    Foreign,
    NoCertificate,
    SignerRevoked,
    SignerUnfit,
    Unproven,
)
from nodewright.validate.sign import MOST_BYTES, Sealed, unseal
from nodewright.validate.statement import NoStatement, Statement, find

# What was signed before a key was retired counts on; what a thief signs is dated as he likes.
_HARMLESS = ("superseded", "cessation")
_LIST_UNSEEN = "no revocation list was at hand: --fleet DIR has one"


@dataclass(frozen=True)
class Trust:
    """Whose certificates count.  revoked: by serial, None where nobody knows."""

    ca: x509.Certificate
    revoked: dict[str, Revoked] | None

    @property
    def fleet(self) -> str:
        return _organization(self.ca)


@dataclass(frozen=True)
class Verified:
    """A certificate that counts.  ca: SHA-256 of the CA's; notes: what could not be looked at."""

    file: str
    fleet: str
    ca: str
    serial: str
    statement: Statement
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        found = self.statement.validation
        return {
            "file": self.file,
            "genuine": True,
            "fleet": self.fleet,
            "ca_sha256": self.ca,
            "signer": self.statement.signer,
            "signer_serial": self.serial,
            "signed_at": f"{self.statement.signed_at:%Y-%m-%dT%H:%M:%SZ}",
            "node": found.node,
            "unique_id": found.unique_id,
            "board": found.board,
            "place": found.place,
            "passed": found.passed,
            "cases": {case.case: case.verdict for case in found.cases},
            "remarks": list(self.statement.remarks),
            "notes": list(self.notes),
        }


def of_fleet(folder: Path, now: datetime | None = None) -> Trust:
    """Trust in a fleet, by its folder.  Raises FleetNotFound, AuthorityMissing and its like."""
    ca = authority.load_certificate(folder, fleet_name(folder), now or clock.utc_now())
    return Trust(ca, dict(revocation.read(folder, ca).revoked))


def of_file(path: Path) -> Trust:
    """Trust in a CA, by its certificate, PEM or DER; of what it revoked nothing is known.

    Raises BadInput.
    """
    try:
        data = path.read_bytes()
        pem = data.lstrip().startswith(b"-----BEGIN")
        load = x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate
        ca = load(data)
        constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints)
        good = constraints.value.ca and keys.is_p256(ca.public_key())
    except OSError as error:
        raise BadInput(f"--ca {path} cannot be read: {error.strerror}") from None
    except keys.UNREADABLE:
        good = False
    if not good:
        raise BadInput(f"--ca {path} is no CA's certificate: a fleet's is its pki/ca.pem")
    return Trust(ca, None)


def read(path: Path) -> bytes:
    """A file, up to one byte more than a certificate may have.  Raises BadInput."""
    try:
        with path.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None


def verify(data: bytes, name: str, trust: Trust | None, now: datetime | None = None) -> Verified:
    """Judge the bytes of a file.

    name: for messages; trust: None where nobody said whom, which ends in Unproven.  Raises the
    kinds of `Refused`.
    """
    sealed = unseal(data, name)
    fleet, common = _chain(sealed, name)
    ca = fingerprint(sealed.ca)
    if trust is None:
        raise Unproven(name, fleet, ca)
    if ca != fingerprint(trust.ca):
        raise Foreign(name, fleet, ca, trust.fleet, fingerprint(trust.ca))
    try:
        statement = find(sealed.page)
    except NoStatement as error:
        raise NoCertificate(name, str(error)) from None
    serial = serial_of(sealed.certificate)
    _check_time(sealed.certificate, statement, now or clock.utc_now(), name)
    if statement.signer != common or statement.validation.fleet != fleet:
        raise Changed(name, "it names another signer or fleet than its seal")
    notes = [_LIST_UNSEEN] if trust.revoked is None else []
    ended = (trust.revoked or {}).get(serial)
    if ended is not None:
        if ended.reason not in _HARMLESS or statement.signed_at >= ended.when:
            raise SignerRevoked(name, common, ended.when, ended.reason)
        notes.append(f"{common} was retired on {ended.when:%Y-%m-%d} ({ended.reason}), after this")
    return Verified(name, fleet, ca, serial, statement, tuple(notes))


def _chain(sealed: Sealed, name: str) -> tuple[str, str]:
    """(fleet, signer) of a seal whose certificates belong together.  Raises SignerUnfit."""
    one, ca = sealed.certificate, sealed.ca
    try:
        one.verify_directly_issued_by(ca)
        ca.verify_directly_issued_by(ca)
        limits = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
        may = one.extensions.get_extension_for_class(x509.KeyUsage).value
        uses = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except keys.UNREADABLE:
        raise SignerUnfit(name, "no CA of its own has signed its certificate") from None
    if not limits.ca or not may.digital_signature or DOCUMENT_SIGNING not in uses:
        raise SignerUnfit(name, "its certificate is for something else")
    fleet, common = _organization(one), _text(one, NameOID.COMMON_NAME)
    if not common.startswith(subject.SIGNER + ".") or not subject.is_subject(common):
        raise SignerUnfit(name, "its certificate is for something else")
    if fleet != _organization(ca):
        raise SignerUnfit(name, "its certificate and its CA name two fleets")
    return fleet, common


def _check_time(one: x509.Certificate, said: Statement, now: datetime, name: str) -> None:
    if not one.not_valid_before_utc <= said.signed_at <= one.not_valid_after_utc:
        raise SignerUnfit(name, f"its certificate did not count on {said.signed_at:%Y-%m-%d}")
    if said.signed_at > now + clock.SKEW:
        reason = f"it is dated {said.signed_at:%Y-%m-%d}, and it is {now:%Y-%m-%d} here"
        raise SignerUnfit(name, reason)


def _organization(certificate: x509.Certificate) -> str:
    return _text(certificate, NameOID.ORGANIZATION_NAME)


def _text(certificate: x509.Certificate, what: x509.ObjectIdentifier) -> str:
    """One attribute of a subject, as a terminal may show it; "" where it is not there once."""
    found = certificate.subject.get_attributes_for_oid(what)
    text = str(found[0].value) if len(found) == 1 else ""
    return text if text.isprintable() and len(text) <= 80 else repr(text[:60])
