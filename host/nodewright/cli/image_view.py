"""Images on a terminal."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from nodewright.cli.output import err, out
from nodewright.fleet.units import kilobytes

if TYPE_CHECKING:
    from nodewright.image.node import NodeImage

FORMS = {
    "littlefs": "file system (LittleFS)",
    "uf2": "UF2, to be copied to the drive of the boot loader",
    "esp": "all of the flash, to be written at 0x0",
}


def show_made(made: "NodeImage", path: Path) -> None:
    """A new image, and on stderr what it lacks."""
    facts = made.as_dict()
    grid = _grid()
    grid.add_row("file", str(path))
    grid.add_row("form", FORMS[facts["form"]])
    grid.add_row("firmware", f"{facts['files']} files, {facts['arch']}, {_kb(facts)}")
    grid.add_row("MicroPython", str(made.flash.runtime or "none"))
    if made.identity is not None:
        grid.add_row("certificate", f"{made.identity.serial}, until {made.identity.ends:%Y-%m-%d}")
    grid.add_row("settings", facts["settings_sha256"][:16])
    grid.add_row("sha256", facts["sha256"])
    out().print(f"{made.node}: image for {made.board.name}", markup=False)
    out().print(grid, soft_wrap=True)
    for note in made.notes:
        err().print(f"{made.node}: {note}", markup=False, soft_wrap=True)


def show_contents(found: dict[str, Any]) -> None:
    """What `contents.describe` says."""
    grid = _grid()
    grid.add_row("form", FORMS[found["form"]])
    grid.add_row("node", f"{found['node']} of {found['fleet']}, on {found['board']}")
    grid.add_row("firmware", f"{found['version']}, {found['arch']}, .mpy {found['mpy']}")
    runtime, identity = found["runtime"], found["identity"]
    told = (
        f"{runtime['version']} ({runtime['kind']}) for {runtime['about']}" if runtime else "none"
    )
    grid.add_row("MicroPython", told)
    if identity is None:
        grid.add_row("certificate", "none")
    else:
        grid.add_row(
            "certificate",
            f"{identity['serial']}, {identity.get('subject')}, until {identity.get('ends')}",
        )
    grid.add_row("settings", found["settings_sha256"][:16])
    grid.add_row("sha256", found["sha256"])
    console = out()
    console.print(grid, soft_wrap=True)
    table = Table("file", "bytes", "sha256", box=box.SIMPLE)
    for file in found["files"]:
        digest = file["sha256"][:16] if file["sha256"] else "hidden: it has secrets"
        table.add_row(file["path"], str(file["bytes"]), digest)
    console.print(table)
    console.print(json.dumps(found["settings"], indent=2), markup=False, soft_wrap=True)
    for path in found["damaged"]:
        err().print(f"{path} is not what version.json says", markup=False, style="bold red")


def show_differences(found: dict[str, Any]) -> None:
    """What `compare.compare` says."""
    console = out()
    if found["same"]:
        console.print("the same, byte for byte")
        return
    table = Table("what", found["a"], found["b"], box=box.SIMPLE)
    for part in ("facts", "runtime", "identity", "settings"):
        for row in found[part]:
            if row.get("secret"):
                table.add_row(row["what"], "(hidden)", "(another, hidden)")
            else:
                table.add_row(row["what"], _text(row["a"]), _text(row["b"]))
    for path in found["files"]["changed"]:
        table.add_row(path, "", "changed")
    for path in found["files"]["only_a"]:
        table.add_row(path, "there", "")
    for path in found["files"]["only_b"]:
        table.add_row(path, "", "there")
    if table.row_count:
        console.print(table)
    else:
        console.print("the same files and settings, laid out differently")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(overflow="fold")
    return grid


def _kb(facts: dict[str, Any]) -> str:
    return f"{kilobytes(facts['files_bytes'])} of {kilobytes(facts['fs_bytes'])} KB"


def _text(value: Any) -> str:
    return "" if value is None else str(value)
