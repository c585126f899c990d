"""`nodewright flash`: from an image to running boards."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli import exits
from nodewright.cli.flash_view import Lines, Screen
from nodewright.cli.fleet import node_names
from nodewright.cli.identity import secrets_of
from nodewright.cli.interrupts import interrupts
from nodewright.cli.node_ports import node_ports
from nodewright.cli.options import Baud, BoardRuntime, FleetFolder, Force
from nodewright.cli.output import err
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.flash.choose import By
    from nodewright.flash.several import Result
    from nodewright.image.node import ImageMaker, NodeImage

EXAMPLES = """
Examples:

    nodewright flash pump-1 --port /dev/ttyACM0
    nodewright flash pump-1=/dev/ttyACM0 pump-2=/dev/ttyACM1
    nodewright flash pump-1 --port /media/me/RPI-RP2
    nodewright flash pump-3 --port /dev/ttyUSB0 --by esp --baud 921600
    nodewright flash --all --json
"""


def command(
    nodes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NODE[=PORT]]...", help="Their names.", autocompletion=node_names),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            "--port", metavar="PORT", help="Serial port, or the folder of a boot loader's drive."
        ),
    ] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="Each board that is plugged in and is a node of this fleet."),
    ] = False,
    folder: FleetFolder = Path(),
    by: Annotated[
        str, typer.Option(metavar="auto|repl|uf2|esp", help="Which way; auto asks the board.")
    ] = "auto",
    runtime: BoardRuntime = None,
    baud: Baud = 460_800,
    boot_s: Annotated[
        float, typer.Option(metavar="S", help="How long to wait for the node to start; 0: not.")
    ] = 30.0,
    force: Force = False,
    clean: Annotated[
        bool, typer.Option("--clean", help="Remove files that are not ours, too.")
    ] = False,
    no_identity: Annotated[
        bool, typer.Option("--no-identity", help="Without key and certificate.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a step, and one a board at its end.")
    ] = False,
) -> None:
    """Make boards nodes: write their images, read them back, and see them start.

    A board that runs MicroPython gets the files that differ, through its REPL; a Pico in its boot
    loader (or with --by uf2) a UF2; an ESP32 (or with --by esp) all of its flash by esptool.
    Another node on the board is refused without --force. Cut off in the middle, run it again. A
    node that was provisioned without its chip is bound to the first that it is flashed onto.
    """
    from nodewright.flash.choose import Target
    from nodewright.flash.several import run
    from nodewright.image.node import ImageMaker
    from nodewright.provision import provision

    if by not in ("auto", "repl", "uf2", "esp"):
        raise BadInput(f"--by {by[:20]!r} cannot be: auto, repl, uf2 or esp")
    if not 0 <= boot_s <= 600 or not 9600 <= baud <= 4_000_000:
        raise BadInput("--boot-s must be 0 to 600, --baud 9600 to 4000000")
    secrets = secrets_of(folder)
    maker = ImageMaker(folder, secrets, runtime=runtime, identity=not no_identity)
    pairs = _every(maker) if every else _named(nodes or [], port)
    if every and (nodes or port):
        raise BadInput("--all stands alone")
    for name, _ in pairs:
        maker.compiled(name)  # what is wrong with any of them is told before the first is touched

    def make(name: str, virtual: bool) -> "NodeImage":
        if not virtual:
            return maker.make(name)
        from nodewright.interpreter import find_interpreter

        return maker.make_virtual(name, find_interpreter().mpy_arch)

    def bind(image: "NodeImage", unique_id: str) -> "NodeImage":
        provision(folder, image.node, secrets, unique_id)
        return make(image.node, image.board.chip == "twin")

    way: By = by  # type: ignore[assignment]
    targets = [Target(name, at, way, force, clean, boot_s, baud) for name, at in pairs]
    view = Lines() if as_json else Screen(targets)
    with interrupts() as asked, view:
        results = run(targets, make, view.say, asked, view.done, bind)
    view.end(results)
    code = _code(results, asked)
    if code:
        raise typer.Exit(code)


def _named(nodes: list[str], port: str | None) -> list[tuple[str, str]]:
    """Nodes with their ports."""
    pairs = node_ports(nodes, port)
    if not pairs:
        raise BadInput("name a node and its port, or say --all")
    missing = [name for name, at in pairs if not at]
    if len(pairs) == 1 and missing:
        return [(missing[0], _only_port())]
    if missing:
        raise BadInput(f"{missing[0]} needs a port: {missing[0]}=PORT")
    return pairs


def _only_port() -> str:
    from nodewright.flash.uf2_drive import drives
    from nodewright.link.usb import plugged

    known = [one.port for one in plugged() if one.boards] + [str(one.path) for one in drives()]
    if len(known) == 1:
        return known[0]
    what = f"there are {', '.join(known)}" if known else "no board is plugged in"
    raise BadInput(f"say which port by --port: {what}")


def _every(maker: "ImageMaker") -> list[tuple[str, str]]:
    """Each board that says it is a node of this fleet, with its port."""
    from nodewright.flash.look import look

    fleet, names = maker.judged.fleet.fleet.name, maker.names()
    pairs = []
    for seen in look([]):
        found = seen.facts
        if found is not None and found.fleet == fleet and found.node in names:
            pairs.append((str(found.node), seen.plugged.port))
        elif seen.state != "boot loader" or seen.plugged.boards:
            err().print(f"{seen.plugged.port}: left out, no node of {fleet}", markup=False)
    if not pairs:
        raise BadInput(
            f"no board that is plugged in is a node of {fleet}: a new board needs NODE=PORT"
        )
    return pairs


def _code(results: "list[Result]", asked: threading.Event) -> int:
    errors = [result.error for result in results if result.error is not None]
    if not errors:
        return exits.DONE
    if asked.is_set():
        return exits.INTERRUPTED
    if len(results) == 1:
        return exits.code_of(errors[0]) or exits.FAILED
    return exits.FAILED
