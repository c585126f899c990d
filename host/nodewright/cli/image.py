"""`nodewright image`: what is flashed onto a board, made, looked into, compared."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import track

from nodewright.cli.fleet import Json, node_names, show_findings
from nodewright.cli.identity import secrets_of
from nodewright.cli.image_view import show_contents, show_differences, show_made
from nodewright.cli.options import FleetFolder
from nodewright.cli.output import err, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.image.node import ImageMaker, NodeImage

EXAMPLES = """
Examples:

    nodewright image pump-1 -o pump-1.img
    nodewright image --all -o images
    nodewright image pump-1 -o pump-1.uf2 --runtime RPI_PICO_W-20260701-v1.29.0.uf2
    nodewright image --inspect pump-1.uf2
    nodewright image --diff before.uf2 after.uf2 --json
"""

_SUFFIX = {"littlefs": ".img", "uf2": ".uf2", "esp": ".bin"}


def command(
    nodes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NODE]...", help="Their names.", autocompletion=node_names),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="A file; of several nodes a folder."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every node in service.")] = False,
    folder: FleetFolder = Path(),
    runtime: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|SHA256|none",
            help="The MicroPython in front; else the only registered one that fits.",
        ),
    ] = None,
    no_identity: Annotated[
        bool, typer.Option("--no-identity", help="Without key and certificate.")
    ] = False,
    inspect: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show what an image holds.")
    ] = None,
    diff: Annotated[
        tuple[Path, Path] | None, typer.Option(metavar="A B", help="Tell two images apart.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the image of a node: firmware, settings, identity, MicroPython, to be flashed.

    For a Pico it is a UF2, for an ESP32 all of its flash, for a virtual board its file system. Of
    the same input it is the same, byte for byte. It holds the node's secrets: only you can read
    the file, and --inspect and --diff never show one.
    """
    if inspect is not None or diff is not None:
        if nodes or every or output or (inspect is not None and diff is not None):
            raise BadInput("--inspect and --diff stand alone")
        if inspect is not None:
            _inspect(inspect, as_json)
        elif diff is not None:
            _diff(*diff, as_json)
        return
    if output is None:
        raise BadInput("say where the image goes: -o FILE")
    if bool(nodes) == every:
        raise BadInput("name a node, or say --all")
    _make(nodes or [], output, folder, runtime, not no_identity, as_json)


def _make(
    nodes: list[str],
    output: Path,
    folder: Path,
    runtime: str | None,
    identity: bool,
    as_json: bool,
) -> None:
    from nodewright.image.errors import UplinkMissing
    from nodewright.image.node import ImageMaker

    maker = ImageMaker(folder, secrets_of(folder), runtime=runtime, identity=identity)
    names = list(dict.fromkeys(nodes)) or maker.names()
    several = not nodes or len(names) > 1
    for name in maker.left_out() if not nodes else []:
        err().print(f"left out: {UplinkMissing(name)}", markup=False, soft_wrap=True)
    for name in names:
        maker.compiled(name)  # what is wrong with any of them is told before the first is made
    steps = track(
        names,
        "images",
        console=err(),
        transient=True,
        disable=as_json or len(names) < 4 or not err().is_terminal,
    )
    done: list[dict[str, Any]] = []
    for name in steps:
        made = maker.make(name)
        path = _write(made, output, several)
        done.append({"file": str(path), **made.as_dict()})
        if not as_json:
            show_made(made, path)
    if as_json:
        print_json({"images": done} if several else done[0])
    else:
        _warn(maker, names)


def _write(made: "NodeImage", output: Path, several: bool) -> Path:
    """Its file: the one that was named, or one of its own in a folder.  Raises NotReplaced."""
    from nodewright.fleet.files import write_whole
    from nodewright.fleet.finding import WriteFailed
    from nodewright.image.errors import NotReplaced

    path = output
    if several or output.is_dir():
        path = output / (made.node + _SUFFIX[made.flash.form])
        try:
            output.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise WriteFailed(output, error.strerror or str(error)) from None
    if path.exists() and not _may_replace(path):
        raise NotReplaced(path)
    write_whole(path, made.flash.data, 0o600)
    return path


def _may_replace(path: Path) -> bool:
    """Only an empty file, or an image: a slip of the hand must not cost a fleet or its CA."""
    from nodewright.image import contents
    from nodewright.image.errors import NoImage

    if not path.is_file():
        return False
    try:
        if path.stat().st_size:
            contents.read(path)
    except (OSError, NoImage):
        return False
    return True


def _warn(maker: "ImageMaker", names: list[str]) -> None:
    found = [finding for name in names for finding in maker.warnings(name)]
    show_findings(err(), list(dict.fromkeys(found)))


def _inspect(path: Path, as_json: bool) -> None:
    from nodewright.image import contents

    found = contents.describe(contents.read(path))
    if as_json:
        print_json(found)
    else:
        show_contents(found)


def _diff(one: Path, other: Path, as_json: bool) -> None:
    from nodewright.image import contents
    from nodewright.image.compare import compare

    found = compare(contents.read(one), contents.read(other))
    if as_json:
        print_json(found)
    else:
        show_differences(found)
