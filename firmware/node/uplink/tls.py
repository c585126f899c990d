"""TLS 1.2 with the node's certificate, the fleet's CA and the broker's name, without blocking.

A read or write of MicroPython's TLS socket does a step of the handshake and returns None until it
is through.  It is waited for at the socket below: MicroPython polls a TLS socket every
millisecond, but leaves a plain one to the system.
"""

import asyncio
import binascii
import gc
import hashlib

from micropython import const

from node import dates
from node.uplink.causes import Lost, cause_of
from node.uplink.link import Link, readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.renewal import Trial

CA, CERTIFICATE, KEY = "/identity/ca.der", "/identity/certificate.der", "/identity/key.der"

_ALERT = b"\x15\x03\x03\x00\x02"  # RFC 5246, 7.2: then level and description
_FINGERPRINT = const(16)  # hex digits
_STEP_MS = const(10)  # between two tries to write
# What mbedTLS says of a certificate (mbedtls/x509_crt.h, MBEDTLS_X509_CRT_ERROR_INFO_LIST), in the
# order in which it counts: a foreign certificate's dates say nothing.
_VERIFY = (
    ("not correctly signed", "tls_foreign"),
    ("revoked", "tls_revoked"),
    ("does not match", "tls_wrong_host"),
    ("starts in the future", "tls_not_yet_valid"),
    ("has expired", "tls_expired"),
    ("", "tls_certificate"),
)
# mbedTLS 3.6: mbedtls/ssl.h, x509.h, ecp.h, pk.h, bignum.h, md.h
_NUMBERS = {
    -0x7780: "tls_alert",  # the broker refuses us, and says so
    -0x7700: "tls_unexpected",
    -0x7300: "tls_malformed",
    -0x7200: "tls_malformed",
    -0x7100: "tls_malformed",
    -0x7180: "tls_tampered",  # a record's code does not fit
    -0x6E80: "tls_version",
    -0x6E00: "tls_handshake",
    -0x7A00: "tls_certificate",  # one that is for another use, a node's for example
    -0x7280: "eof",
    -0x7F00: "memory",
    -0x2880: "memory",
    -0x4D80: "memory",
    -0x3F80: "memory",
    -0x5180: "memory",
    -0x0010: "memory",
}


class Identity:
    """What a node proves itself with, and what it believes in: a TLS context of its own."""

    trial: "Trial | None" = None  # of a new one that no broker has let in yet

    def __init__(self, ca: bytes, certificate: bytes, key: bytes) -> None:
        """All in DER.  Raises Lost: tls_identity (they do not fit), tls_missing (no TLS here)."""
        try:
            import tls
        except ImportError:
            raise Lost("tls_missing")
        try:
            self._context = context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            context.verify_mode = tls.CERT_REQUIRED  # type: ignore[attr-defined]
            context.load_verify_locations(ca)
            context.load_cert_chain(certificate, key)
        except (ValueError, OSError) as error:
            raise Lost("tls_identity", error)
        digest = binascii.hexlify(hashlib.sha256(certificate).digest()).decode()
        # By which the host knows which certificate is in use.
        self.fingerprint = digest[:_FINGERPRINT]

    def wrap(self, sock: "Any", host: str) -> "Any":
        """A TLS socket over a connected one.  host: what the broker's certificate must name."""
        gc.collect()  # boards: a record of 16 KB is to come out of this heap in one piece
        return self._context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)

    def link(self, host: str) -> "TlsLink":
        """A link that is open to host only."""
        return TlsLink(self, host)


def load(ca: str = CA, certificate: str = CERTIFICATE, key: str = KEY) -> Identity:
    """The identity in three files.  Raises Lost: tls_no_identity, and as Identity."""
    data = []
    for path in (ca, certificate, key):
        try:
            with open(path, "rb") as file:
                data.append(file.read())
        except OSError as error:
            raise Lost("tls_no_identity", error)
    return Identity(*data)


def begin_of_certificate(path: str = CERTIFICATE) -> "int | None":
    """Since when the node's own certificate holds, epoch_s; None where there is none."""
    try:
        with open(path, "rb") as file:
            return dates.begin_of(file.read())
    except OSError:
        return None


class TlsLink(Link):
    """A link whose bytes are sealed; the handshake is done by the first `flush`."""

    secure = True

    def __init__(self, identity: Identity, name: str) -> None:
        """name: what the broker's certificate must be for."""
        Link.__init__(self)
        self._identity = identity
        self._name = name
        self._tls: "Any" = None
        self._rest: "Any" = b""  # what has not gone out

    async def open(self, address: str, port: int) -> None:
        await Link.open(self, address, port)
        try:
            self._tls = self._identity.wrap(self._sock, self._name)
        except (ValueError, OSError) as error:
            raise _lost(error)

    @property
    def busy(self) -> bool:
        return len(self._rest) > 0

    def send(self, packet: "bytes | bytearray") -> None:
        try:
            taken = self._tls.write(packet)
        except (ValueError, OSError) as error:
            raise self._alert() or _lost(error)
        if taken is None:
            self._rest = packet  # mbedTLS wants the very same bytes again
        elif taken < len(packet):
            self._rest = memoryview(packet)[taken:]

    async def flush(self) -> None:
        while self._rest:
            await asyncio.sleep_ms(_STEP_MS)
            rest, self._rest = self._rest, b""
            self.send(rest)

    async def receive_into(self, view: memoryview) -> int:
        while True:
            try:
                count: "int | None" = self._tls.readinto(view)
            except (ValueError, OSError) as error:
                raise _lost(error)
            if count is not None:
                await asyncio.sleep_ms(0)  # others, too, while records wait in mbedTLS
                return count
            await readable(self._sock)  # type: ignore[misc]

    def _alert(self) -> "Lost | None":
        """What the broker said before it closed, where mbedTLS met the closing while it wrote.

        That is how a broker refuses a node's certificate.
        """
        try:
            record = self._sock.recv(7)
        except OSError:
            return None
        if len(record) == 7 and record[:5] == _ALERT:
            return Lost("tls_alert", record[6])
        return None

    def close(self) -> None:
        self._rest = b""
        if self._tls is not None:
            self._tls.close()
            self._tls = None
            # It has closed the socket below, unless the handshake failed: then it has let go of
            # it.  A second close of the unix port would hit whoever has that number by then.
            try:
                self._sock.setblocking(False)
            except OSError:
                self._sock = None
        Link.close(self)


def _lost(error: Exception) -> Lost:
    """The end of a connection in our words."""
    if isinstance(error, ValueError):  # the broker's certificate; all that is wrong with it
        text = str(error)
        for part, cause in _VERIFY:
            if part in text:
                return Lost(cause, text.strip())
    number = getattr(error, "errno", None) or 0
    if number > 0:
        return Lost(*cause_of(error))
    # Lower levels add their own number to that of a higher one.
    named = _NUMBERS.get(number) or _NUMBERS.get(-(-number & 0xFF80))
    return Lost(named or "tls_%x" % -number, error)
