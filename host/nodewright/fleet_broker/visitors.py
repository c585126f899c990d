"""Throw-away identities with which a broker is tested.

The fleet's CA signs them for a quarter of an hour; their keys are never written down, but for
the moment in which TLS reads them.  Their names are those of no node, and that the CA has signed
them stands in the audit log.
"""

import secrets as random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from nodewright.fleet.lock import locked
from nodewright.fleet.secret import Secrets
from nodewright.fleet_broker.layout import REVOKED
from nodewright.pki import authority, clock, endpoint, keys
from nodewright.pki.authority import Authority
from nodewright.pki.certificate import Wanted, serial_of, sign, to_pem
from nodewright.pki.deed import Deed
from nodewright.pki.endpoint import Pair
from nodewright.pki.identity import fleet_name

_LIFE = timedelta(minutes=15)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Visitors:
    """Who comes to the door.

    first, second: as two nodes would be; host: a program that hears and commands; the others are
    not to be let in.  ca: PEM, of the fleet.
    """

    fleet: str
    ca: str
    first: Pair
    second: Pair
    host: Pair
    foreign: Pair
    expired: Pair
    early: Pair
    revoked: Pair


def make(folder: Path, secrets: Secrets, now: datetime | None = None) -> Visitors:
    """All of them, and the line in the log.

    The one who is revoked is made once and stays.  Raises as `endpoint.make_revoked`.
    """
    moment = now or clock.utc_now()
    fleet, mark = fleet_name(folder), random.token_hex(4)
    endpoint.make_revoked(folder, REVOKED, secrets, moment)
    endpoint.make_host(folder, "check", "ask", secrets, moment)
    with locked(folder):
        ca = authority.load(folder, fleet, secrets, moment)
        signed: list[x509.Certificate] = []

        def visitor(name: str, begins: datetime, ends: datetime) -> Pair:
            pair, certificate = _sign(ca, fleet, f"check-{mark}-{name}", begins, ends)
            signed.append(certificate)
            return pair

        first = visitor("a", moment - clock.SKEW, moment + _LIFE)
        second = visitor("b", moment - clock.SKEW, moment + _LIFE)
        expired = visitor("old", moment - 2 * _HOUR, moment - _HOUR)
        early = visitor("early", moment + _HOUR, moment + 2 * _HOUR)
        facts = {"serials": [serial_of(one) for one in signed], "ends": "within 2 hours"}
        Deed(folder, secrets).commit("check", None, facts, moment)
    stranger = authority.make(fleet, moment)  # a CA of the same name: anybody can make one
    foreign, _ = _sign(stranger, fleet, first.name, moment - clock.SKEW, moment + _LIFE)
    host = endpoint.load_pair(folder, "host.check", secrets, moment)
    revoked = endpoint.load_revoked(folder, REVOKED, secrets)
    return Visitors(fleet, host.ca, first, second, host, foreign, expired, early, revoked)


def successor(folder: Path, secrets: Secrets, name: str, now: datetime | None = None) -> Pair:
    """Somebody of a name whose certificate was revoked, so that its open session can be taken.

    Raises as `make`.
    """
    moment = now or clock.utc_now()
    fleet = fleet_name(folder)
    with locked(folder):
        ca = authority.load(folder, fleet, secrets, moment)
        pair, certificate = _sign(ca, fleet, name, moment - clock.SKEW, moment + _LIFE)
        facts = {"serials": [serial_of(certificate)], "why": "to end its session"}
        Deed(folder, secrets).commit("check", name, facts, moment)
    return pair


def _sign(
    ca: Authority, fleet: str, name: str, begins: datetime, ends: datetime
) -> tuple[Pair, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    uri = x509.UniformResourceIdentifier(f"nodewright://{fleet}/{name}")
    wanted = Wanted(fleet, name, ExtendedKeyUsageOID.CLIENT_AUTH, (uri,))
    certificate = sign(ca, wanted, key.public_key(), begins, ends)
    pem = to_pem(certificate)
    return Pair(name, pem, to_pem(ca.certificate), keys.to_text(key)), certificate
