"""Take identities back: certificates that count no more, and nodes that are out of service."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from nodewright import reach
from nodewright.errors import BadInput, BrokerUnreachable
from nodewright.fleet import edit
from nodewright.fleet.check import UnknownNode
from nodewright.fleet.load import load
from nodewright.fleet.lock import locked
from nodewright.fleet.secret import Secrets
from nodewright.pki import authority, clock, keys, record, retained, revocation
from nodewright.pki.deed import Deed
from nodewright.pki.errors import NoIdentity, RetainedStays
from nodewright.pki.identity import check_name, check_subject, fleet_name
from nodewright.pki.record import Record
from nodewright.watch import Address

Which = Literal["all", "replaced"]


@dataclass(frozen=True)
class Revocation:
    """What was revoked: serials, empty where nothing was left to revoke; number: of the list."""

    record: Record
    serials: tuple[str, ...]
    number: int
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retirement:
    """A node that is out of service.

    again: it was already; marked: fleet.toml says so now; cleared: topics that the broker kept,
    None where they could not be cleared, and error says why.
    """

    revocation: Revocation
    again: bool
    marked: bool
    cleared: tuple[str, ...] | None
    error: BrokerUnreachable | RetainedStays | None = None


def revoke(
    folder: Path,
    node: str,
    secrets: Secrets,
    reason: str = "unspecified",
    which: Which = "all",
    now: datetime | None = None,
) -> Revocation:
    """Revoke the certificates of a node, or only those which `renew` has replaced.

    A node need not be in fleet.toml any more; hosts (host.NAME) and brokers (broker.NAME) are
    revoked alike.  reason: one of revocation.REASONS.  Raises
    NoIdentity and what else is in `pki.errors`, FleetLocked, WriteFailed.
    """
    if reason not in revocation.REASONS:
        raise BadInput(f"reason {reason[:40]!r} is none of {', '.join(revocation.REASONS)}")
    states = ("replaced",) if which == "replaced" else ("current", "replaced")
    check_subject(node)
    with locked(folder):
        known = record.read(folder, node)
        if known is None:
            raise NoIdentity(node)
        serials = {one.serial for one in known.issued if one.state in states}
        return _revoke(folder, secrets, known, serials, reason, now or clock.utc_now())


def retire(
    folder: Path,
    node: str,
    secrets: Secrets,
    broker: Address | None = None,
    now: datetime | None = None,
) -> Retirement:
    """Take a node out of service: revoked, marked in fleet.toml, forgotten by its broker.

    broker: another than fleet.toml's.  Its history stays.  Done again it does what is left: so
    may be called anew after the broker could not be reached.  Raises as `revoke`; FleetErrors.
    """
    check_name(node)
    moment = now or clock.utc_now()
    with locked(folder):
        nodes = load(folder).raw.get("nodes")
        names = list(nodes) if isinstance(nodes, dict) else []
        known = record.read(folder, node)
        if known is None:
            if node not in names:
                raise UnknownNode(node, names)
            known = Record(node)  # it never had an identity, and leaves all the same
        address = broker or _broker_of(folder, node, secrets)
        again = known.retired is not None
        serials = {one.serial for one in known.issued if one.state != "revoked"}
        after = known if again else replace(known, retired=moment)
        done = _revoke(folder, secrets, after, serials, "cessation", moment, "retire", known)
    marked = _mark(folder, node)
    try:
        kept = retained.clear(address, fleet_name(folder), node) if address is not None else []
    except (BrokerUnreachable, RetainedStays) as error:
        return Retirement(done, again, marked, None, error)
    return Retirement(done, again, marked, tuple(kept))


def _revoke(
    folder: Path,
    secrets: Secrets,
    known: Record,
    serials: set[str],
    reason: str,
    now: datetime,
    what: str = "revoke",
    before: Record | None = None,
) -> Revocation:
    """Put certificates on the list and say so in the record.

    known: the record as it is to be; before: as it is, where that differs.
    """
    fleet = fleet_name(folder)
    certificate = authority.load_certificate(folder, fleet, now)
    old = revocation.read(folder, certificate)
    if not serials and known == (before or known):
        return Revocation(known, (), old.number)
    for one in known.issued:
        record.check_signed(one, known.node, certificate)
    after = known.with_revoked(serials, now, reason)
    number = old.number + bool(serials)
    facts = {"serials": sorted(serials), "reason": reason, "crl_number": number}
    deed = Deed(folder, secrets)
    if serials:
        ca = authority.load(folder, fleet, secrets, now)
        # What is on the list stays there, whatever has become of the records.
        listed = dict(old.revoked)
        listed |= {serial: revocation.Revoked(serial, now, reason) for serial in serials}
        deed.public(revocation.FILE, revocation.build(ca, number, listed, now))
    deed.public(record.file_of(known.node), record.to_text(after))
    files = deed.commit(what, known.node, facts, now)
    _forget(secrets, (keys.name_of(known.node, serial) for serial in serials))
    if after.retired is not None:
        _forget(secrets, [keys.app_key_name(known.node)])
    return Revocation(after, tuple(sorted(serials)), number, tuple(files))


def _forget(secrets: Secrets, names: Iterable[str]) -> None:
    """Nobody has a use for these keys any more, but a thief of this folder."""
    for name in names:
        path = secrets.path(name)
        if path is not None:
            with suppress(OSError):
                path.unlink()


def _mark(folder: Path, node: str) -> bool:
    """Say in fleet.toml that a node is retired; False where it is not there, or says so."""
    table = load(folder).raw.get("nodes", {}).get(node)
    if not isinstance(table, dict) or table.get("retired") is True:
        return False
    edit.set_value(folder, ("nodes", node, "retired"), True)
    return True


def _broker_of(folder: Path, node: str, secrets: Secrets) -> Address | None:
    """Where a node reports to, by fleet.toml; None: over LoRaWAN, so to no broker.

    Raises BadInput where that does not say.
    """
    fleet = load(folder).fleet
    if fleet is not None and node in fleet.nodes and fleet.nodes[node].uplink == "lorawan":
        return None
    brokers = {} if fleet is None else fleet.brokers
    given = None if fleet is None or node not in fleet.nodes else fleet.nodes[node].broker
    name = given if given is not None else next(iter(brokers)) if len(brokers) == 1 else None
    if name not in brokers:
        raise BadInput(f"fleet.toml does not say which broker {node} reports to: give --broker")
    return reach.of_broker(folder, brokers[name], "retire", secrets)
