"""A new key and certificate over the air: on flash beside the old ones until they have connected.

Files in /identity, by the order in which they come to be; a cut between any two leaves a node
that connects:

new.tmp     being written; forgotten at the next start
new.der     certificate and key, whole: tried first, the old ones after a few refusals
proven.der  the same, once a broker has let it in: certificate.der and key.der are made from it,
            again after a cut in between
"""

import hashlib
import os

from micropython import const

from node.console import event
from node.uplink.causes import Lost
from node.uplink.tls import Identity
from wire import renewal
from wire.message import ReportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = "/identity"
_CA, _CERTIFICATE, _KEY = "/ca.der", "/certificate.der", "/key.der"
_TEMPORARY, _NEW, _PROVEN = "/new.tmp", "/new.der", "/proven.der"
_MOST_TRIES = const(4)  # connections that came to no session
_COMMON_NAME = b"\x06\x03\x55\x04\x03\x0c"  # RFC 5280, A.1: 2.5.4.3, as UTF8String


class Renewal:
    """Takes a new identity in parts, as commands bring it."""

    def __init__(self, node: str, folder: str = FOLDER) -> None:
        """node: its name, which the certificate must bear."""
        self._name = node.encode()
        self._folder = folder
        self._parts: "list[str]" = []

    def take(self, part: int, parts: int, data: str) -> bool:
        """One part of several, from 0; True where that was the last and all of it is on flash.

        Raises ValueError for what is not to be used, OSError of the flash; then nothing has
        changed.
        """
        if part == 0:
            self._parts = []
        if not part == len(self._parts) < parts <= renewal.MOST_PARTS:
            found = "part %d of %d" % (part, parts)
            raise ReportError("part", found, "part %d next" % len(self._parts))
        self._parts.append(data)
        if len(self._parts) < parts:
            return False
        told, self._parts = self._parts, []
        if _NEW[1:] in os.listdir(self._folder):
            raise ValueError("another renewal is on trial: wait until it is over")
        present = _read(self._folder + _KEY)
        certificate, key = renewal.open_sealed(present, renewal.joined(told))
        if _COMMON_NAME + bytes([len(self._name)]) + self._name not in certificate:
            raise ValueError("the certificate is for another node")
        try:
            Identity(_read(self._folder + _CA), certificate, key)
        except Lost as lost:
            raise ValueError("key and certificate cannot be used: %s" % lost.cause)
        _put(self._folder, _TEMPORARY, certificate + key)
        os.rename(self._folder + _TEMPORARY, self._folder + _NEW)
        event("renewal", state="stored")
        return True


class Trial:
    """What becomes of a new identity: a broker lets it in, or refuses it too often."""

    def __init__(
        self, identity: Identity, count: "Callable[[str], None]", folder: str = FOLDER
    ) -> None:
        self._identity = identity
        self._count = count
        self._folder = folder
        self._left = _MOST_TRIES

    def over(self, cause: str) -> bool:
        """A connection came to a session (""), or to none, for this cause.

        True where it was refused too often, and the old one is to be used again.
        """
        if not cause:
            self._accepted()
            return False
        # Who does not come to the broker has not been refused by it.
        if cause[:4] == "tls_" or cause[:8] == "refused_" or cause in ("eof", "reset", "memory"):
            self._left -= 1
        if self._left:
            return False
        self._count("renewal_refused")
        _drop(self._folder, self._count)
        return True

    def _accepted(self) -> None:
        """From now on it is the node's own."""
        self._identity.trial = None
        try:
            os.rename(self._folder + _NEW, self._folder + _PROVEN)
            _install(self._folder)
        except OSError:
            self._count("flash")  # the next start goes on where this one ended
        event("renewal", state="done")


def begin(count: "Callable[[str], None]", folder: str = FOLDER) -> "Identity | None":
    """The new identity, on trial, where there is one; what a cut has left undone is done.

    Raises OSError.
    """
    names, wanted = os.listdir(folder), _NEW
    try:
        if _TEMPORARY[1:] in names:
            os.remove(folder + _TEMPORARY)
        if _PROVEN[1:] in names:
            _install(folder)
    except OSError:  # of a flash that takes nothing more: what it has must do
        count("flash")
        if _PROVEN[1:] in names:
            wanted = _PROVEN
    if wanted[1:] not in names:
        return None
    try:
        found = _identity(folder, wanted)
    except (ReportError, OSError):  # Lost among them; the old one still works
        count("renewal_spoiled")
        _drop(folder, count, wanted)
        return None
    if wanted == _NEW:
        found.trial = Trial(found, count, folder)
    return found


def _identity(folder: str, name: str) -> Identity:
    """Of a file that has both.  Raises ReportError, Lost, OSError."""
    certificate, key = renewal.split(_read(folder + name))
    return Identity(_read(folder + _CA), certificate, key)


def _install(folder: str) -> None:
    """From proven.der, which goes when all is done.  Raises OSError."""
    try:
        both = renewal.split(_read(folder + _PROVEN))
    except ReportError:
        os.remove(folder + _PROVEN)
        return
    for path, data in zip((_CERTIFICATE, _KEY), both):  # noqa: B905  MicroPython's has no strict
        _put(folder, _TEMPORARY, data)
        os.rename(folder + _TEMPORARY, folder + path)
    os.remove(folder + _PROVEN)


def _put(folder: str, name: str, data: bytes) -> None:
    """Write a file, and see that it says what it should.  Raises OSError."""
    with open(folder + name, "wb") as file:
        file.write(data)
    written = _read(folder + name)
    if hashlib.sha256(written).digest() != hashlib.sha256(data).digest():
        os.remove(folder + name)
        raise OSError(5, "the flash does not keep what is written")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        data: bytes = file.read()
        return data


def _drop(folder: str, count: "Callable[[str], None]", name: str = _NEW) -> None:
    try:
        os.remove(folder + name)
    except OSError:
        count("flash")
    event("renewal", state="gone_back")
