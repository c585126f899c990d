"""The certificate revocation list: what the CA has signed and what counts no more.

A broker with a list refuses everybody once the list's own time is over.  It is no news service
here: whoever revokes carries the new list to the broker.  So a list ends with its CA, and a fleet
that nobody touches for years stays connected (docs/decisions/0015-identities.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from nodewright.pki import clock, keys
from nodewright.pki.authority import Authority
from nodewright.pki.errors import AuthorityMissing, AuthorityUnusable

FILE = "pki/crl.pem"
# RFC 5280, 5.3.1; "unspecified" is not written.
REASONS: dict[str, ReasonFlags] = {
    "unspecified": ReasonFlags.unspecified,
    "key-compromise": ReasonFlags.key_compromise,
    "superseded": ReasonFlags.superseded,
    "cessation": ReasonFlags.cessation_of_operation,
}


@dataclass(frozen=True)
class Revoked:
    """One certificate that counts no more.  serial: 40 hex digits; reason: one of REASONS."""

    serial: str
    when: datetime
    reason: str


@dataclass(frozen=True)
class RevocationList:
    """A list as it was read: its number, and what is on it by serial."""

    number: int
    revoked: Mapping[str, Revoked]


def build(authority: Authority, number: int, revoked: Mapping[str, Revoked], now: datetime) -> str:
    """A signed list as PEM."""
    ca = authority.certificate
    signer = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(max(now - clock.SKEW, ca.not_valid_before_utc))
        .next_update(ca.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer),
            critical=False,
        )
    )
    for one in revoked.values():
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(int(one.serial, 16))
            .revocation_date(one.when)
        )
        if one.reason != "unspecified":
            entry = entry.add_extension(x509.CRLReason(REASONS[one.reason]), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def read(folder: Path, ca: x509.Certificate) -> RevocationList:
    """The fleet's list.

    ca: the CA's certificate.  Raises AuthorityMissing; AuthorityUnusable where it has not signed
    the list.
    """
    try:
        found = x509.load_pem_x509_crl((folder / FILE).read_bytes())
        signed = found.is_signature_valid(ca.public_key())  # type: ignore[arg-type]
        entries = [_entry(one) for one in found]
        number = found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except FileNotFoundError:
        raise AuthorityMissing(FILE) from None
    except OSError as error:
        raise AuthorityUnusable(FILE, error.strerror or "unreadable") from None
    except keys.UNREADABLE:
        raise AuthorityUnusable(FILE, "it is no numbered revocation list") from None
    if not signed:
        raise AuthorityUnusable(FILE, "the fleet's CA has not signed it")
    return RevocationList(number, {entry.serial: entry for entry in entries})


def _entry(found: x509.RevokedCertificate) -> Revoked:
    try:
        flag = found.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        flag = ReasonFlags.unspecified
    names = [name for name, reason in REASONS.items() if reason is flag]
    reason = names[0] if names else "unspecified"
    return Revoked(f"{found.serial_number:040x}", found.revocation_date_utc, reason)
