"""The certificate of a node, in its own name: what a broker takes for its user name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from nodewright.pki import clock
from nodewright.pki.authority import Authority, usage

# Ten years: no clock in the field tells a node that its time runs out, and a fleet whose
# certificates end unnoticed goes dark at once.  What is lost is revoked.
LIFE = timedelta(days=3650)


def issue(
    authority: Authority, fleet: str, node: str, key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    """A certificate for a node's public key.

    Its common name is the node's, which mosquitto's use_identity_as_username makes its user;
    the fleet stands beside it.  It begins a day early, and ends no later than the CA's.
    """
    uri = x509.UniformResourceIdentifier(f"nodewright://{fleet}/{node}")
    wanted = Wanted(fleet, node, ExtendedKeyUsageOID.CLIENT_AUTH, (uri,))
    return sign(authority, wanted, key, now - clock.SKEW, now + LIFE)


@dataclass(frozen=True)
class Wanted:
    """What a certificate is to say.

    name: its common name; use: who shows it, client or server; others: its alternative names;
    unit: organizational unit, of hosts only: what they may do.
    """

    fleet: str
    name: str
    use: x509.ObjectIdentifier
    others: tuple[x509.GeneralName, ...]
    unit: str | None = None


def sign(
    authority: Authority,
    wanted: Wanted,
    key: ec.EllipticCurvePublicKey,
    begins: datetime,
    ends: datetime,
) -> x509.Certificate:
    """A certificate by the fleet's CA, within the CA's own time."""
    ca = authority.certificate
    names = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, wanted.fleet)]
    if wanted.unit is not None:
        names.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, wanted.unit))
    names.append(x509.NameAttribute(NameOID.COMMON_NAME, wanted.name))
    signer = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(names))
        .issuer_name(ca.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(begins, ca.not_valid_before_utc))
        .not_valid_after(min(ends, ca.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([wanted.use]), critical=False)
        .add_extension(x509.SubjectAlternativeName(wanted.others), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )


def serial_of(certificate: x509.Certificate) -> str:
    """The serial number as 40 hex digits."""
    return f"{certificate.serial_number:040x}"


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, hex digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def to_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
