"""Give a node its identity: key, certificate, chip, LoRaWAN keys, and settings that it takes."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec

from nodewright.fleet.check import good_node
from nodewright.fleet.lock import locked
from nodewright.fleet.model import FleetFile
from nodewright.fleet.secret import Secrets
from nodewright.pki import authority, certificate, chip, clock, keys, record
from nodewright.pki.deed import Deed
from nodewright.pki.errors import (
    ChipDiffers,
    ChipTaken,
    KeyUnusable,
    NodeRetired,
    NoIdentity,
)
from nodewright.pki.identity import check_name
from nodewright.pki.record import Issued, Record

What = Literal["provision", "bind", "renew", "unchanged"]


@dataclass(frozen=True)
class Provisioned:
    """What was done: an identity made, bound to its chip, renewed, or found as it is to be.

    settings_sha256: of the settings without secrets, which the node's own check has passed;
    files: written, relative to the fleet's folder.
    """

    what: What
    record: Record
    settings_sha256: str
    files: tuple[str, ...] = ()

    @property
    def current(self) -> Issued:
        """The certificate that the node is to have."""
        assert self.record.current is not None
        return self.record.current


def provision(
    folder: Path,
    node: str,
    secrets: Secrets,
    unique_id: str | None = None,
    now: datetime | None = None,
) -> Provisioned:
    """Make a node's identity, or bind the one that it has to its chip; done again, nothing.

    unique_id: hex digits of its chip; None: bound later.  Raises BadInput and its kinds in
    `pki.errors`, FleetErrors, FleetLocked, WriteFailed.
    """
    return _provision(folder, node, secrets, unique_id, now, anew=False)


def renew(
    folder: Path,
    node: str,
    secrets: Secrets,
    unique_id: str | None = None,
    now: datetime | None = None,
) -> Provisioned:
    """A new key and certificate; those before count until they are revoked.

    unique_id: of another chip, where the board was replaced.  Raises as `provision`, NoIdentity.
    """
    return _provision(folder, node, secrets, unique_id, now, anew=True)


def _provision(
    folder: Path,
    node: str,
    secrets: Secrets,
    unique_id: str | None,
    now: datetime | None,
    *,
    anew: bool,
) -> Provisioned:
    check_name(node)
    moment = now or clock.utc_now()
    given = None if unique_id is None else chip.parse(unique_id)
    with locked(folder):
        judged, compiled = good_node(folder, node)
        fleet = judged.loaded.fleet
        assert fleet is not None, "a good node is of a fleet that was read"
        digest = _digest(compiled.settings)
        known = record.read(folder, node)
        if known is not None and known.retired is not None:
            raise NodeRetired(node)
        if anew and (known is None or known.current is None):
            raise NoIdentity(node)
        ca = authority.load_certificate(folder, fleet.fleet.name, moment)
        if given is not None:
            owner = record.owner_of(folder, given)
            if owner not in (None, node):
                raise ChipTaken(given, str(owner))
        before = known or Record(node)
        bound = before.unique_id
        # A node whose certificates are all revoked begins anew, with whichever chip it has now.
        if given is not None and bound not in (None, given) and before.current and not anew:
            raise ChipDiffers(node, str(bound), given)
        wanted = _with_lorawan(replace(before, unique_id=given or bound), fleet, node)
        if before.current is not None and not anew:
            record.check_counts(before.current, node, ca, moment)
            if secrets.path(keys.name_of(node, before.current.serial)) is None:
                raise KeyUnusable(node, "is missing from secrets/")
            if wanted == before:
                return Provisioned("unchanged", before, digest)
            return _bind(folder, secrets, wanted, digest, moment)
        what: What = "renew" if anew else "provision"
        return _make(folder, secrets, wanted, fleet.fleet.name, what, digest, moment)


def _make(
    folder: Path,
    secrets: Secrets,
    wanted: Record,
    fleet: str,
    what: What,
    digest: str,
    now: datetime,
) -> Provisioned:
    """A key and a certificate, newly."""
    ca = authority.load(folder, fleet, secrets, now)
    key = ec.generate_private_key(ec.SECP256R1())
    made = certificate.issue(ca, fleet, wanted.node, key.public_key(), now)
    issued = Issued(now, "current", made)
    after = wanted.with_new(issued)
    deed = _deed(folder, secrets, after)
    deed.secret(keys.name_of(after.node, issued.serial), keys.to_text(key))
    facts = {
        "serial": issued.serial,
        "sha256": issued.fingerprint,
        "ends": f"{made.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "unique_id": after.unique_id,
        "settings_sha256": digest,
    }
    files = deed.commit(what, after.node, facts, now)
    return Provisioned(what, after, digest, tuple(files))


def _bind(
    folder: Path, secrets: Secrets, wanted: Record, digest: str, now: datetime
) -> Provisioned:
    """The identity that is there, with what is known of its chip by now."""
    assert wanted.current is not None
    deed = _deed(folder, secrets, wanted)
    facts = {"serial": wanted.current.serial, "unique_id": wanted.unique_id}
    files = deed.commit("bind", wanted.node, facts, now)
    return Provisioned("bind", wanted, digest, tuple(files))


def _deed(folder: Path, secrets: Secrets, after: Record) -> Deed:
    deed = Deed(folder, secrets)
    deed.public(record.file_of(after.node), record.to_text(after))
    app_key = keys.app_key_name(after.node)
    if after.join_eui is not None and secrets.path(app_key) is None:
        deed.secret(app_key, keys.new_app_key())
    return deed


def _with_lorawan(wanted: Record, fleet: FleetFile, node: str) -> Record:
    """With the EUIs of a node that reports over LoRaWAN; the DevEUI follows from its chip."""
    if fleet.nodes[node].uplink != "lorawan" or fleet.lorawan is None:
        return replace(wanted, dev_eui=None, join_eui=None)
    dev_eui = None if wanted.unique_id is None else chip.dev_eui(wanted.unique_id)
    return replace(wanted, dev_eui=dev_eui, join_eui=fleet.lorawan.join_eui)


def _digest(settings: object) -> str:
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
