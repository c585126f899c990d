"""`nodewright authority`: the fleet's own CA, shown, or made where there never was one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from nodewright.cli.fleet import Folder, Json
from nodewright.cli.identity import secrets_of
from nodewright.cli.output import out, print_json

if TYPE_CHECKING:
    from cryptography import x509

EXAMPLES = """
Examples:

    nodewright authority
    nodewright authority --make
    nodewright authority fleets/north --json
"""


def command(
    folder: Folder = Path(),
    make: Annotated[
        bool, typer.Option("--make", help="Make it, in a fleet that never had one.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show the fleet's own CA; --make makes one in a fleet that never had one.

    `nodewright new` makes it with the fleet: this is for fleets that are older than that. One that
    was lost is brought back from a copy, and never made anew: every node trusts it alone.
    """
    from nodewright.pki import authority, clock
    from nodewright.pki.create import add_ca
    from nodewright.pki.identity import fleet_name

    fleet, now = fleet_name(folder), clock.utc_now()
    files = add_ca(folder, fleet, secrets_of(folder), now) if make else []
    facts = _facts(fleet, authority.load_certificate(folder, fleet, now), files)
    if as_json:
        print_json(facts)
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("CA of", fleet)
    table.add_row("until", facts["not_after"][:10])
    table.add_row("SHA-256", facts["sha256"])
    for file in files:
        table.add_row("written", file)
    out().print(table)
    if make:
        out().print("keep a copy of secrets/: without ca.key no node can be added", markup=False)


def _facts(fleet: str, ca: "x509.Certificate", files: list[str]) -> dict[str, Any]:
    from nodewright.pki.certificate import fingerprint

    return {
        "fleet": fleet,
        "made": bool(files),
        "sha256": fingerprint(ca),
        "not_before": ca.not_valid_before_utc.isoformat(),
        "not_after": ca.not_valid_after_utc.isoformat(),
        "files": files,
    }
