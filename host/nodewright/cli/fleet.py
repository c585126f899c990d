"""What the commands about a fleet's folder share: options, the passphrase, findings shown."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from pydantic import SecretStr

    from nodewright.fleet.finding import Finding

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="The fleet's folder.", envvar="NODEWRIGHT_FLEET"),
]
FolderOption = Annotated[
    Path,
    typer.Option("--dir", metavar="DIR", help="The fleet's folder.", envvar="NODEWRIGHT_FLEET"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]

_STYLES = {"error": "bold red", "warning": "yellow"}


def node_names(context: typer.Context, incomplete: str) -> list[str]:
    """For the shell's completion: the nodes of the fleet that the words so far are about."""
    from nodewright.errors import NodewrightError
    from nodewright.fleet.load import load

    folder = context.params.get("folder") or Path()
    try:
        nodes = load(Path(folder)).raw.get("nodes", {})
    except (NodewrightError, OSError):
        return []
    return [name for name in nodes if name.startswith(incomplete)]


def ask_passphrase(*, twice: bool = False) -> "SecretStr | None":
    """The passphrase of the environment, or asked for on a terminal; None where there is none."""
    from pydantic import SecretStr

    from nodewright.errors import BadInput
    from nodewright.fleet.secret import from_environment

    known = from_environment()
    if known is not None or not sys.stdin.isatty():
        return known
    word = getpass.getpass("passphrase of the fleet: ")
    if twice and getpass.getpass("the same again: ") != word:
        raise BadInput("the two were not the same")
    return SecretStr(word) if word else None


def show_findings(console: Console, findings: "list[Finding]") -> None:
    """Each on lines of its own: where, what, what is allowed, the cure."""
    for finding in findings:
        line = Text(finding.level, style=_STYLES[finding.level])
        line.append(f" {finding.where}", style="bold")
        line.append(f" {finding.name}" if finding.path else "")
        console.print(line, soft_wrap=True)
        console.print(Text(f"  {finding.value}"), soft_wrap=True)
        console.print(Text(f"  allowed: {finding.allowed}", style="dim"), soft_wrap=True)
        if finding.cure:
            console.print(Text(f"  → {finding.cure}", style="bold"), soft_wrap=True)


def counted(number: int, what: str, many: str | None = None) -> str:
    """1 node, 2 nodes."""
    return f"{number} {what if number == 1 else many or what + 's'}"
