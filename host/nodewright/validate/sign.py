"""A page and its seal: the signature is over every byte of the file but its own digits.

    … the page, to </html> and a line's end
    <!-- nodewright seal 1
    ca BASE64 of the CA's certificate, DER
    certificate BASE64 of the signer's certificate, DER
    signature 128 hex digits
    -->

What is signed is all that stands before those digits, the certificates among it; what stands
after them is always the same.  So no byte can be changed, put in or taken away unseen, and the
seal is a comment of HTML that no browser shows.  Signatures are r and s, 64 hex digits each, s the
lower of the two that would do: a second form of one signature is none (decision 0027).
"""

import base64
import re
import warnings
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding

from nodewright.fleet.secret import Secrets
from nodewright.pki import endpoint, keys, subject
from nodewright.pki.errors import IdentityEnded, KeyUnusable, NoIdentity
from nodewright.validate.refused import Changed, NoCertificate

BENCH = "bench"  # who signs where nobody says which of several
MOST_BYTES = 8 << 20
MARK = b"<!-- nodewright seal "
_HEAD = MARK + b"1\n"
_TAIL = b"\n-->\n"
_DIGITS = 128
_SEAL = re.compile(
    re.escape(_HEAD)
    + rb"ca ([A-Za-z0-9+/]+={0,2})\ncertificate ([A-Za-z0-9+/]+={0,2})\nsignature "
)
_ODD: tuple[type[Exception], ...] = (Warning, *keys.UNREADABLE)
# SEC 2, 2.4.2: the order of the group of P-256.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True)
class Signer:
    """Who signs: common name, its certificate with key, and the fleet's CA."""

    name: str
    certificate: x509.Certificate
    ca: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


@dataclass(frozen=True)
class Sealed:
    """A page whose seal is whole.  page: all before the seal; who it is from is judged apart."""

    page: bytes
    certificate: x509.Certificate
    ca: x509.Certificate


def signer(
    folder: Path, secrets: Secrets, bench: str = BENCH, now: datetime | None = None
) -> Signer:
    """A bench's identity, made where there is none that counts; only then the CA's key is read.

    Raises BadInput and its kinds in `pki.errors`, FleetLocked, WriteFailed, WrongPassphrase.
    """
    common = subject.of_signer(bench)
    try:
        pair = endpoint.load_pair(folder, common, secrets, now)
    except (NoIdentity, IdentityEnded, KeyUnusable):
        endpoint.make_signer(folder, bench, secrets, now)
        pair = endpoint.load_pair(folder, common, secrets, now)
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    ca = x509.load_pem_x509_certificate(pair.ca.encode())
    return Signer(common, certificate, ca, keys.from_text(pair.key))


def seal(page: bytes, by: Signer) -> bytes:
    """The page with its seal, as it goes into a file."""
    assert page.endswith(b"\n"), "the seal begins a line of its own"
    assert MARK not in page, "a page without a seal is wanted"
    body = page + _HEAD
    for name, certificate in (("ca", by.ca), ("certificate", by.certificate)):
        data = base64.b64encode(certificate.public_bytes(Encoding.DER))
        body += name.encode() + b" " + data + b"\n"
    body += b"signature "
    r, s = utils.decode_dss_signature(by.key.sign(body, ec.ECDSA(hashes.SHA256())))
    whole = body + f"{r:064x}{min(s, _ORDER - s):064x}".encode() + _TAIL
    assert len(whole) <= MOST_BYTES, "nobody would read it again"
    return whole


def unseal(data: bytes, name: str) -> Sealed:
    """The page in a file's bytes, every one of which is as it was signed.

    name: of the file, for messages.  Raises NoCertificate where it is nothing of ours at all,
    Changed where it was.
    """
    if len(data) > MOST_BYTES:
        raise NoCertificate(name, f"it has more than {MOST_BYTES >> 20} MB")
    if not data.startswith(b"<!DOCTYPE html>"):
        raise NoCertificate(name, "it is no HTML of ours")
    seals = data.count(MARK)
    if seals != 1:
        how = "it bears no signature" if not seals else f"it bears {seals} signatures"
        raise NoCertificate(name, how)
    start = data.index(MARK)
    found = _SEAL.match(data, start)
    end = len(data) - len(_TAIL)
    if found is None or found.end() != end - _DIGITS or data[end:] != _TAIL:
        raise Changed(name, "its seal is not as seals are")
    try:
        with warnings.catch_warnings():
            # Certificates that the library only frowns at are none of ours.
            warnings.simplefilter("error")
            ca, certificate = (
                x509.load_der_x509_certificate(base64.b64decode(part, validate=True))
                for part in found.groups()
            )
            key = certificate.public_key()
    except _ODD:
        raise Changed(name, "the certificates in its seal cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not keys.is_p256(key):
        raise Changed(name, "the key in its seal is none of ours")
    _check(data[: found.end()], data[found.end() : end], key, name)
    return Sealed(data[:start], certificate, ca)


def _check(body: bytes, digits: bytes, key: ec.EllipticCurvePublicKey, name: str) -> None:
    if not re.fullmatch(rb"[0-9a-f]{128}", digits):
        raise Changed(name, "its signature is not 128 hex digits")
    r, s = int(digits[:64], 16), int(digits[64:], 16)
    if not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise Changed(name, "its signature is out of range")
    try:
        key.verify(utils.encode_dss_signature(r, s), body, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Changed(name, "its signature is of other bytes") from None
