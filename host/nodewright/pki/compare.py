"""Whether the audit log, the records and the revocation list tell the same story.

The hashes in the log show what was changed in it.  A line cut off its end, or a record changed by
hand, shows here.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from nodewright.audit import FILE, Entry
from nodewright.errors import NodewrightError
from nodewright.pki import authority, record, revocation
from nodewright.pki.certificate import fingerprint
from nodewright.pki.record import Record


def problems(folder: Path, fleet: str, entries: Iterable[Entry], now: datetime) -> Iterator[str]:
    """What does not agree, a sentence each."""
    log = list(entries)
    try:
        ca = authority.load_certificate(folder, fleet, now)
        listed = revocation.read(folder, ca)
        records = list(record.read_all(folder))
    except NodewrightError as error:
        yield str(error)
        return
    created = [entry for entry in log if entry.what == "create"]
    if [entry.facts.get("sha256") for entry in created] != [fingerprint(ca)]:
        yield f"{FILE} does not begin with the making of {authority.CERTIFICATE}"
    numbers = [1, *(entry.facts["crl_number"] for entry in log if "crl_number" in entry.facts)]
    if numbers[-1] != listed.number:
        yield (
            f"{revocation.FILE} has number {listed.number}, the last one in {FILE} is "
            f"{numbers[-1]}"
        )
    made = {
        entry.facts.get("serial"): entry.node
        for entry in log
        if entry.what in ("provision", "renew")
    }
    for known in records:
        yield from _record(known, made, listed)
    held = {one.serial for known in records for one in known.issued}
    for serial, node in made.items():
        if serial not in held:
            yield (
                f"{FILE} tells of certificate {serial} of {node}, which its record lacks: the "
                "making was cut off, and it never left this host, or the record was changed"
            )


def _record(
    known: Record, made: dict[object, str | None], listed: revocation.RevocationList
) -> Iterator[str]:
    for one in known.issued:
        short = f"certificate {one.serial} of {known.node}"
        if made.get(one.serial) != known.node:
            yield f"{short} is not in {FILE}"
        if (one.state == "revoked") != (one.serial in listed.revoked):
            where = "is not" if one.state == "revoked" else "is"
            yield f"{short} is {one.state} by its record, and {where} in {revocation.FILE}"
