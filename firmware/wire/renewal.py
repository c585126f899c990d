"""A new key and certificate on their way to a node: sealed with the key that it has, in parts.

The way is TLS already.  But every program that may listen hears a node's commands, and a broker
writes down what waits for a node that is away: neither is to learn the key, and nobody who may
command a node, but does not hold its present key, is to give it another.

sealed: nonce (16 bytes), HMAC-SHA-256 of nonce and rest (32), the rest: certificate and key in
DER, one behind the other, each byte XORed with the stream HMAC(k, 0), HMAC(k, 1), …  Both keys
are HMACs of the nonce under the node's present private key (encrypt-then-MAC; RFC 2104).
"""

import binascii
import hashlib

from wire.message import ReportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NONCE_BYTES = 16
PART_BYTES = 264  # 352 characters of base64: with all else below command.MAX_BYTES
MOST_PARTS = 8
_MAC_BYTES = 32
_BLOCK_BYTES = 64  # of SHA-256
_ALLOWED = "sealed with the key that the node has"


def seal(present_key: bytes, certificate: bytes, key: bytes, nonce: bytes) -> bytes:
    """Certificate and key, both in DER, for who has present_key.

    nonce: 16 random bytes, never twice.
    """
    hidden = _xor(_derive(present_key, b"stream", nonce), certificate + key)
    return nonce + _mac(_derive(present_key, b"mac", nonce), nonce + hidden) + hidden


def open_sealed(present_key: bytes, sealed: bytes) -> "tuple[bytes, bytes]":
    """(certificate, key) of what `seal` made.  Raises ReportError: it is none, or not for us."""
    nonce = sealed[:NONCE_BYTES]
    told = sealed[NONCE_BYTES : NONCE_BYTES + _MAC_BYTES]
    hidden = sealed[NONCE_BYTES + _MAC_BYTES :]
    if not _same(told, _mac(_derive(present_key, b"mac", nonce), nonce + hidden)):
        raise ReportError("data", len(sealed), _ALLOWED)
    return split(_xor(_derive(present_key, b"stream", nonce), hidden))


def split(both: bytes) -> "tuple[bytes, bytes]":
    """(certificate, key), both in DER, of one behind the other.  Raises ReportError."""
    first = _length(both, 0)
    if first + _length(both, first) != len(both):
        raise ReportError("data", len(both), "a certificate and a key in DER")
    return both[:first], both[first:]


def parts(sealed: bytes) -> "list[str]":
    """As base64, each short enough for one command."""
    found = []
    for at in range(0, len(sealed), PART_BYTES):
        piece = sealed[at : at + PART_BYTES]
        found.append(binascii.b2a_base64(piece).decode().strip())
    return found


def joined(told: "Sequence[str]") -> bytes:
    """What `parts` cut.  Raises ReportError."""
    try:
        return b"".join([binascii.a2b_base64(part) for part in told])
    except ValueError:
        raise ReportError("data", None, "base64")


def _length(data: bytes, at: int) -> int:
    """Of a SEQUENCE in DER with its head (X.690, 8.1).  Raises ReportError."""
    if len(data) >= at + 4 and data[at] == 0x30:
        short = data[at + 1]
        if short < 0x80:
            return 2 + short
        if short == 0x81:
            return 3 + data[at + 2]
        if short == 0x82:
            return 4 + (data[at + 2] << 8 | data[at + 3])
    raise ReportError("data", len(data), "a certificate and a key in DER")


def _derive(present_key: bytes, what: bytes, nonce: bytes) -> bytes:
    return _mac(present_key, b"nodewright renewal " + what + nonce)


def _mac(key: bytes, data: bytes) -> bytes:
    """HMAC-SHA-256, which MicroPython lacks (RFC 2104)."""
    if len(key) > _BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key + bytes(_BLOCK_BYTES - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]))
    inner.update(data)
    outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in key]))
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


def _xor(key: bytes, data: bytes) -> bytes:
    out = bytearray(data)
    for block in range((len(data) + _MAC_BYTES - 1) // _MAC_BYTES):
        stream = _mac(key, bytes([block >> 8, block & 255]))
        for i in range(min(_MAC_BYTES, len(out) - block * _MAC_BYTES)):
            out[block * _MAC_BYTES + i] ^= stream[i]
    return bytes(out)


def _same(one: bytes, other: bytes) -> bool:
    """In a time that does not tell where they differ."""
    found = len(one) ^ len(other)
    for i in range(min(len(one), len(other))):
        found |= one[i] ^ other[i]
    return found == 0
