"""`nodewright runtime`: the MicroPython binaries that images are made with."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich import box
from rich.table import Table

from nodewright.cli.fleet import Json
from nodewright.cli.output import out, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.runtimes.binary import Binary
    from nodewright.runtimes.registry import Entry

EXAMPLES = """
Examples:

    nodewright runtime add RPI_PICO_W-20260701-v1.29.0.uf2
    nodewright runtime add ESP32_GENERIC-20260701-v1.29.0.bin
    nodewright runtime list --json
    nodewright runtime remove e26774c1
"""


def command(
    action: Annotated[Literal["list", "add", "remove"], typer.Argument(help="What to do.")] = (
        "list"
    ),
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE|SHA256]", help="add: a .uf2 or .bin; remove: its first digits."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Register MicroPython binaries, which `nodewright image` puts in front of nodes.

    Take them from micropython.org/download: the .uf2 for a Pico, the .bin for an ESP32, or a build
    with ulab of your own. What a file is, is read from the file itself. The copies are this
    user's, in NODEWRIGHT_HOME or the system's folder for data.
    """
    from nodewright.runtimes import registry

    if (name is None) != (action == "list"):
        needed = "a FILE" if action == "add" else "the SHA256 that list shows"
        raise BadInput(f"{action} needs {needed}" if name is None else "list takes no name")
    if action == "list":
        _show_all(registry.entries(), as_json)
    elif action == "add":
        binary, boards = registry.add(Path(name or ""))
        _show(binary, boards, as_json)
    else:
        removed = registry.remove(name or "")
        if as_json:
            print_json({"removed": removed.sha256})
        else:
            out().print(f"removed {removed.binary or removed.sha256}", markup=False)


def _show(binary: "Binary", boards: list[str], as_json: bool) -> None:
    if as_json:
        print_json({**binary.as_dict(), "boards": boards})
        return
    console = out()
    console.print(str(binary), markup=False, soft_wrap=True)
    console.print(f"  boards  {', '.join(boards)}", markup=False)
    console.print(f"  code    {binary.arch}, .mpy {binary.mpy}", markup=False)
    console.print(f"  sha256  {binary.sha256}", markup=False, soft_wrap=True)


def _show_all(entries: "list[Entry]", as_json: bool) -> None:
    from nodewright.runtimes import registry

    if as_json:
        print_json({"folder": str(registry.folder()), "runtimes": [_row(one) for one in entries]})
        return
    if not entries:
        out().print("none: nodewright runtime add FILE registers one")
        return
    table = Table("sha256", "MicroPython", "kind", "boards", "as it says", box=box.SIMPLE)
    for entry in entries:
        one = entry.binary
        if one is None:
            table.add_row(entry.sha256[:12], "damaged", "", "", entry.reason)
            continue
        fits = ", ".join(registry.boards_of(one)) or "none"
        table.add_row(one.sha256[:12], one.version, one.kind, fits, one.about)
    out().print(table)


def _row(entry: "Entry") -> dict[str, Any]:
    from nodewright.runtimes import registry

    if entry.binary is None:
        return {"sha256": entry.sha256, "damaged": entry.reason}
    return {
        **entry.binary.as_dict(),
        "boards": registry.boards_of(entry.binary),
        "damaged": None,
    }
