"""`nodewright check`: the whole fleet judged."""

from pathlib import Path

import typer

from nodewright.cli import exits
from nodewright.cli.fleet import Folder, Json, counted, show_findings
from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright check
    nodewright check fleets/north
    nodewright check --json | python -m json.tool
"""


def command(folder: Folder = Path(), as_json: Json = False) -> None:
    """Judge a whole fleet: every error at once, each with its place and its cure.

    Names, units, pins, buses, rates, windows, memory, secrets. Ends with 1 when there is an
    error; warnings alone end with 0.
    """
    from nodewright.fleet import check

    judged = check.check(folder)
    retired = sum(node.given.retired for node in judged.nodes.values())
    if as_json:
        fleet = judged.loaded.fleet
        print_json(
            {
                "ok": not judged.errors,
                "fleet": None if fleet is None else fleet.fleet.name,
                "nodes": len(judged.nodes),
                "retired": retired,
                "errors": len(judged.errors),
                "warnings": len(judged.warnings),
                "findings": [finding.as_dict() for finding in judged.findings],
            }
        )
    else:
        console = out()
        show_findings(console, list(judged.findings))
        console.print(
            f"{counted(len(judged.nodes), 'node')}{f' ({retired} retired)' if retired else ''}, "
            f"{counted(len(judged.errors), 'error')}, {counted(len(judged.warnings), 'warning')}",
            style="bold red" if judged.errors else "green",
        )
    if judged.errors:
        raise typer.Exit(exits.FAILED)
