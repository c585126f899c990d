"""The certificate of a node, in its own name: what a broker takes for its user name."""

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
    ca = authority.certificate
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, fleet),
            x509.NameAttribute(NameOID.COMMON_NAME, node),
        ]
    )
    uri = x509.UniformResourceIdentifier(f"nodewright://{fleet}/{node}")
    signer = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(ca.subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - clock.SKEW, ca.not_valid_before_utc))
        .not_valid_after(min(now + LIFE, ca.not_valid_after_utc))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
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
