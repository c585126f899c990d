"""`nodewright logs`: what a node has kept on its flash."""

from typing import Annotated

import typer
from rich.table import Table

from nodewright.cli.output import err, out, print_json

EXAMPLES = """
Examples:

    nodewright logs /dev/ttyACM0
    nodewright logs /dev/pts/3 --json
"""


def command(
    port: Annotated[str, typer.Argument(metavar="PORT", help="Serial port of the board.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show what a node has kept on its flash: boots, a crash, what it learned.

    Of each sensor its true rate, of each bearing what is healthy, of each motor starts and hours.
    The program on the board is interrupted for that, and started anew after it.
    """
    from nodewright.flash import logs

    found = logs.read(port)
    if as_json:
        print_json({"port": port, **found.as_dict()})
        return
    whose = f"{found.node} of {found.fleet}, {found.version}" if found.node else "none of ours"
    out().print(whose, markup=False)
    table = Table.grid(padding=(0, 2))
    for one in found.kept:
        what = one.what if one.what != "unknown" else one.name
        table.add_row(f"  {what} {one.of}".rstrip(), one.text)
    out().print(table)
    if not found.kept:
        err().print("it has kept nothing yet")
    if found.unfinished:
        err().print("it is between two versions: flash it again")
