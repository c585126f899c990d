"""The fleet's own CA: ECDSA P-256, made once, trusted by its nodes and their broker."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from nodewright import audit
from nodewright.fleet.secret import Secrets
from nodewright.pki import clock, keys
from nodewright.pki.errors import AuthorityExpired, AuthorityMissing, AuthorityUnusable

CERTIFICATE = "pki/ca.pem"
KEY = "ca.key"  # in secrets/
# Nodes sit on machines for decades, and a new CA means a visit to each of them.
LIFE = timedelta(days=30 * 365)
_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True)
class Authority:
    """The CA of a fleet: its certificate, and the key that signs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def make(fleet: str, now: datetime) -> Authority:
    """A new CA for a fleet's name.  Raises ClockOff."""
    clock.check(now, {})
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, fleet),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{fleet} fleet CA"),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - clock.SKEW)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def load_certificate(folder: Path, fleet: str, now: datetime) -> x509.Certificate:
    """The CA's certificate, judged.

    Raises AuthorityMissing, AuthorityUnusable, AuthorityExpired, ClockOff, AuditDamaged.
    """
    try:
        certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
        owners = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
        may = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        certificate.verify_directly_issued_by(certificate)
        good_key = keys.is_p256(certificate.public_key())
    except FileNotFoundError:
        raise AuthorityMissing(CERTIFICATE) from None
    except OSError as error:
        raise AuthorityUnusable(CERTIFICATE, error.strerror or "unreadable") from None
    except x509.ExtensionNotFound:
        raise AuthorityUnusable(CERTIFICATE, "it is no CA's certificate") from None
    except keys.UNREADABLE:
        raise AuthorityUnusable(CERTIFICATE, "it is no self-signed certificate") from None
    if not constraints.value.ca or not may.key_cert_sign or not may.crl_sign:
        raise AuthorityUnusable(CERTIFICATE, "it is no CA's certificate")
    if not good_key:
        raise AuthorityUnusable(CERTIFICATE, "its key is not of ECDSA P-256")
    if [owner.value for owner in owners] != [fleet]:
        whose = ", ".join(str(owner.value) for owner in owners) or "nobody"
        raise AuthorityUnusable(CERTIFICATE, f"it is the CA of {whose!r:.60}, not of {fleet!r}")
    if now > certificate.not_valid_after_utc:
        raise AuthorityExpired(certificate.not_valid_after_utc, now)
    made, last = certificate.not_valid_before_utc + clock.SKEW, audit.last_time(folder)
    clock.check(now, {"the fleet's CA was made": made, "the last line of its audit log": last})
    return certificate


def load(folder: Path, fleet: str, secrets: Secrets, now: datetime) -> Authority:
    """The CA with its key.

    Raises as `load_certificate`; SecretMissing, SecretUnusable, WrongPassphrase.
    """
    certificate = load_certificate(folder, fleet, now)
    if secrets.path(KEY) is None:
        raise AuthorityMissing(f"secrets/{KEY}")
    try:
        key = keys.from_text(secrets.read(KEY))
    except keys.NoKey:
        raise AuthorityUnusable(f"secrets/{KEY}", "it holds no private key") from None
    if key.public_key() != certificate.public_key():
        raise AuthorityUnusable(f"secrets/{KEY}", f"it is not the key of {CERTIFICATE}")
    return Authority(certificate, key)


def usage(**allowed: bool) -> x509.KeyUsage:
    """What a key may be used for: nothing but what is named."""
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in _USES})
