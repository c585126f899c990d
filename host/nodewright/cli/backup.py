"""`nodewright backup`: the files of a board, kept."""

from pathlib import Path
from typing import Annotated

import typer

from nodewright.cli.interrupts import interrupts
from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright backup /dev/ttyACM0 -o pump-1
    nodewright backup /dev/ttyACM0 -o pump-1 --json
"""


def command(
    port: Annotated[str, typer.Argument(metavar="PORT", help="Serial port of the board.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="A folder, new or empty.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Keep the files of a board: its node, its state, and what is nobody's.

    Its secrets are among them: only you can read the folder. Each file is hashed on the board and
    here.
    """
    from nodewright.flash.keep import backup

    with interrupts() as asked:
        kept = backup(port, output, lambda _path, _size: None, asked)
    size = sum(kept.files.values())
    if as_json:
        facts = {"node": kept.node, "fleet": kept.fleet, "version": kept.version}
        print_json({"port": port, "folder": str(output), **facts, "files": kept.files})
    else:
        whose = f"{kept.node} of {kept.fleet}" if kept.node else "a board that is no node"
        out().print(f"{whose}: {len(kept.files)} files, {size} bytes in {output}", markup=False)
