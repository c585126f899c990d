"""`nodewright audit`: who did what to the identities of a fleet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from nodewright.cli.exits import FAILED
from nodewright.cli.fleet import FolderOption, Json, counted, node_names
from nodewright.cli.output import out, print_error, print_json
from nodewright.fleet_state import printable

if TYPE_CHECKING:
    from nodewright.audit import Entry

EXAMPLES = """
Examples:

    nodewright audit
    nodewright audit --node pump-1
    nodewright audit --json | python -m json.tool
"""


def command(
    node: Annotated[
        str | None,
        typer.Option(
            metavar="NODE", help="Only what was done to this one.", autocompletion=node_names
        ),
    ] = None,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Show who did what to a fleet's identities, and whether the log is as it was.

    Each line of audit.jsonl has the hash of the line before it; the whole log is compared with
    the certificates in identities/ and the list in pki/crl.pem. What does not fit is told, with
    exit code 1. The log is only ever added to: what is wrong is brought back from version control.
    """
    from nodewright import audit
    from nodewright.pki import clock, compare
    from nodewright.pki.identity import fleet_name

    fleet = fleet_name(folder)
    entries, damages = audit.read(folder)
    problems = [*damages, *compare.problems(folder, fleet, entries, clock.utc_now())]
    shown = [entry for entry in entries if node is None or entry.node == node]
    if as_json:
        print_json({"entries": [_as_dict(entry) for entry in shown], "problems": problems})
    else:
        _show(shown)
        for problem in problems:
            print_error(printable(problem))
        out().print(
            f"{counted(len(entries), 'line')}, "
            + ("as written" if not problems else counted(len(problems), "problem"))
        )
    if problems:
        raise typer.Exit(FAILED)


def _as_dict(entry: "Entry") -> dict[str, object]:
    return {
        "n": entry.n,
        "at": entry.at.isoformat(),
        "who": entry.who,
        "what": entry.what,
        "node": entry.node,
        "facts": dict(entry.facts),
    }


def _show(entries: "list[Entry]") -> None:
    table = Table("n", "at (UTC)", "who", "what", "node", "facts", box=box.SIMPLE)
    for entry in entries:
        cells = [entry.who, entry.what, entry.node or "", _facts(entry)]
        at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(entry.n), at, *(Text(printable(cell)) for cell in cells))
    out().print(table)


def _facts(entry: "Entry") -> str:
    """What a person looks for; --json has all."""
    facts = entry.facts
    serials = facts.get("serials") or [facts.get("serial")]
    told = [str(serial)[:8] for serial in serials if serial]
    told += [f"chip {facts['unique_id']}"] if facts.get("unique_id") else []
    told += [str(facts["reason"])] if facts.get("reason") else []
    return ", ".join(told)
