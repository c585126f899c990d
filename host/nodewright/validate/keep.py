"""From results to what stays of them: history with its remarks, a signed certificate."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nodewright.fleet.secret import Secrets
from nodewright.pki import clock
from nodewright.pki.staged import Staged
from nodewright.validate import drift, flaky, history
from nodewright.validate.flaky import Flakiness
from nodewright.validate.page import Certificate, build
from nodewright.validate.photo import Photo
from nodewright.validate.result import Validation
from nodewright.validate.sign import BENCH, seal, signer
from nodewright.validate.statement import Statement


@dataclass(frozen=True)
class Kept:
    """What was written, relative to the fleet's folder.

    validation: that of the certificate; files: all of them; certificate: where its newest lies;
    remarks: what is odd beside earlier results; flakiness: of repeated runs, None of one.
    """

    validation: Validation
    certificate: str
    files: tuple[str, ...]
    remarks: tuple[str, ...]
    flakiness: Flakiness | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "certificate": self.certificate,
            "files": list(self.files),
            "remarks": list(self.remarks),
            "flakiness": None if self.flakiness is None else self.flakiness.as_dict(),
        }


def keep(
    folder: Path,
    validations: Sequence[Validation],
    secrets: Secrets,
    *,
    photo: Photo | None = None,
    bench: str = BENCH,
    now: datetime | None = None,
) -> Kept:
    """Keep one validation of a node, or several of the same in their order.

    The certificate is of the first that failed, else of the last.  Raises as `sign.signer`,
    WriteFailed.
    """
    shown = flaky.worst(validations)
    node = shown.node
    before, unreadable = history.own(folder, node)
    others = sorted(history.others(folder, node), key=lambda one: one.begun, reverse=True)
    remarks = [*unreadable, *drift.remarks(shown, before, others)]
    repeated = flaky.judge(validations) if len(validations) > 1 else None
    if repeated is not None:
        remarks = [_told(repeated), *map(str, repeated.odd), *remarks]
    by = signer(folder, secrets, bench, now)
    moment = now or clock.utc_now()
    statement = Statement(moment, by.name, shown, tuple(remarks))
    page = seal(build(Certificate(statement, photo)).encode(), by).decode()
    place = history.folder_of(folder, node)
    files: list[str] = []
    with Staged() as staged:
        for one in validations:
            name = history.free_stamp(folder, one)
            name = _unlike(f"{history.FOLDER}/{node}/{name}", files)
            staged.add(folder / f"{name}.json", history.lean(one).to_json() + "\n")
            files.append(f"{name}.json")
            if one is shown:
                staged.add(folder / f"{name}.html", page)
                files.append(f"{name}.html")
        newest = f"{history.FOLDER}/{node}.html"
        staged.add(place.with_suffix(".html"), page)
        staged.commit()
    return Kept(shown, newest, (*files, newest), tuple(remarks), repeated)


def _told(repeated: Flakiness) -> str:
    odd = len(repeated.odd)
    how = "each case came out the same" if not odd else f"{odd} cases did not come out the same"
    how = how.replace("1 cases", "1 case")
    return f"repeated {repeated.count} times, passed {repeated.passed} times; {how}"


def _unlike(name: str, files: Sequence[str]) -> str:
    """The name, or with a number where one of these files has it."""
    count, found = 1, name
    while f"{found}.json" in files:
        count += 1
        found = f"{name}-{count}"
    return found
