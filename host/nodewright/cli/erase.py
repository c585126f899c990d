"""`nodewright erase`: a board without what it had."""

from typing import Annotated

import typer

from nodewright.cli.interrupts import interrupts
from nodewright.cli.output import out, print_json
from nodewright.errors import BadInput

EXAMPLES = """
Examples:

    nodewright erase /dev/ttyACM0 --yes
    nodewright erase /dev/ttyACM0 --format --yes
    nodewright erase /dev/ttyUSB0 --chip --yes
"""


def command(
    port: Annotated[str, typer.Argument(metavar="PORT", help="Serial port of the board.")],
    chip: Annotated[
        bool, typer.Option("--chip", help="All flash of an ESP32, MicroPython too, by esptool.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--format", help="Make a new file system, where it is damaged.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Erase a board: its files, or with --chip all of an ESP32's flash.

    Its key and certificate go too: `nodewright revoke` takes them back for good.
    """
    from nodewright.flash import esp, keep

    if chip and anew:
        raise BadInput("--chip erases all, --format the files alone: take one of them")
    if not yes and not typer.confirm(f"erase the board at {port}?", err=True):
        raise BadInput("not erased")
    files = None
    with interrupts() as asked:
        if chip:
            esp.erase(port, lambda _step: None, asked)
        else:
            files = keep.erase(port, anew)
    if as_json:
        erased = "chip" if chip else "file system" if anew else "files"
        print_json({"port": port, "erased": erased, "files": files})
    else:
        what = (
            "all of its flash" if chip else "its file system, made anew" if anew else "its files"
        )
        out().print(f"{port}: erased {what}", markup=False)
