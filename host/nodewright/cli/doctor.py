"""`nodewright doctor`: what is missing or odd on this host, with cures."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from nodewright import doctor, host_facts
from nodewright.cli import exits
from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright doctor
    nodewright doctor --json | python -m json.tool
"""

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def command(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Look at this host: what is missing or odd, and what to do about it.

    Warnings name what has a substitute or what only some commands need. Ends with 1 when something
    fails.
    """
    checks = doctor.examine(host_facts.gather())
    failed = [check.name for check in checks if check.state == "fail"]
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        _print(checks)
    if failed:
        raise typer.Exit(exits.FAILED)


def _print(checks: list[doctor.Check]) -> None:
    table = Table.grid(padding=(0, 2))
    for check in checks:
        seen = Text(check.seen)
        if check.cure:
            seen.append(f"\n→ {check.cure}", style="bold")
        table.add_row(Text(check.state, style=_STYLES[check.state]), check.name, seen)
    out().print(table)
    states = [check.state for check in checks]
    out().print(", ".join(f"{states.count(state)} {state}" for state in doctor.STATES))
