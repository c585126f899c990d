"""Private keys: ECDSA P-256 as PKCS #8, text among the fleet's secrets and nowhere else."""

import secrets as random

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from pydantic import SecretStr

from nodewright.fleet.secret import SecretMissing, Secrets
from nodewright.pki.errors import KeyUnusable

_APP_KEY_BYTES = 16  # LoRaWAN 1.0.4, 6.1.1.3: AES-128


# What the library raises for bytes that are no certificate, list or key, or none that it knows.
UNREADABLE: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


class NoKey(ValueError):
    """A text holds no private key of ours."""


def name_of(node: str, serial: str) -> str:
    """Which secret is the key of a node's certificate.

    It has eight digits of the serial: a new key never lies over one that still counts.
    """
    return f"{node}.{serial[:8]}.key"


def app_key_name(node: str) -> str:
    """Which secret is a node's AppKey."""
    return f"{node}.app-key"


def new_app_key() -> SecretStr:
    """An AppKey: 32 hex digits."""
    return SecretStr(random.token_hex(_APP_KEY_BYTES))


def is_p256(key: object) -> bool:
    """Whether a public or private key is of ECDSA P-256."""
    kinds = (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)
    return isinstance(key, kinds) and isinstance(key.curve, ec.SECP256R1)


def to_text(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> SecretStr:
    """A private key as PEM; whether it is encrypted is for `fleet.secret` to say."""
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return SecretStr(data.decode().rstrip("\n"))


def from_text(text: SecretStr) -> ec.EllipticCurvePrivateKey:
    """The private key in a text.  Raises NoKey."""
    try:
        key = serialization.load_pem_private_key(text.get_secret_value().encode(), None)
    except UNREADABLE:
        # From nothing: what it comes from may show what the text holds.
        raise NoKey("no private key") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_p256(key):
        raise NoKey("no key of ECDSA P-256")
    return key


def of_certificate(
    secrets: Secrets, node: str, serial: str, certificate: x509.Certificate
) -> ec.EllipticCurvePrivateKey:
    """The key of a node's certificate.

    Raises KeyUnusable where it is missing or another one; SecretUnusable, WrongPassphrase.
    """
    try:
        key = from_text(secrets.read(name_of(node, serial)))
    except SecretMissing:
        raise KeyUnusable(node, "is missing from secrets/") from None
    except NoKey:
        raise KeyUnusable(node, "is no private key") from None
    if key.public_key() != certificate.public_key():
        raise KeyUnusable(node, "is not that of its certificate")
    return key
