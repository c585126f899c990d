"""`nodewright ports`: what is plugged in."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from nodewright.cli.output import err, out, print_json

if TYPE_CHECKING:
    from nodewright.flash.look import Seen

EXAMPLES = """
Examples:

    nodewright ports
    nodewright ports /dev/pts/3
    nodewright ports --no-ask --json
"""


def command(
    ports: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PORT]...", help="Only these; of virtual boards, too."),
    ] = None,
    no_ask: Annotated[
        bool,
        typer.Option("--no-ask", help="Leave the boards alone: no program is interrupted."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """List what is plugged in: USB ids, MicroPython, node, boot loaders.

    Each board is asked, and its program is interrupted for that and started anew after it.
    """
    from nodewright.flash.look import look

    seen = look(ports or [], ask=not no_ask)
    if as_json:
        print_json({"ports": [one.as_dict() for one in seen]})
        return
    if not seen:
        err().print("no serial port of USB, and no drive of a boot loader")
        return
    table = Table("port", "USB", "board", "state", "MicroPython", "node", box=box.SIMPLE)
    for one in seen:
        table.add_row(*_row(one))
    out().print(table)
    for one in seen:
        if one.problem:
            err().print(f"{one.plugged.port}: {one.problem}", markup=False, soft_wrap=True)


def _row(one: "Seen") -> tuple[str, ...]:
    plugged, found = one.plugged, one.facts
    what = ", ".join(plugged.boards) or plugged.what
    usb = plugged.usb
    if found is None:
        chip = what if one.loader is None else one.loader.chip
        return plugged.port, usb, chip, one.state, "", ""
    release = f"{'.'.join(map(str, found.release))} {found.arch}"
    node = f"{found.node} of {found.fleet}, {found.version}" if found.node else "none"
    if found.unfinished:
        node += " (left half written: flash it again)"
    elif found.crash:
        node += " (crashed: nodewright console shows it)"
    return plugged.port, usb, found.chip or what, one.state, release, node
