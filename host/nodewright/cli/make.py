"""`nodewright make`: from a fleet's folder and a board to a node with a certificate."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli import exits
from nodewright.cli.fleet import node_names
from nodewright.cli.identity import secrets_of
from nodewright.cli.interrupts import interrupts
from nodewright.cli.node_ports import node_ports
from nodewright.cli.options import Baud, BoardRuntime, FleetFolder, Force
from nodewright.cli.output import err
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.make.job import Options, Result, Target
    from nodewright.make.node import Maker
    from nodewright.validate.junit import Unmade

EXAMPLES = """
Examples:

    nodewright make pump-1 --virtual
    nodewright make pump-1 --port /dev/ttyACM0
    nodewright make pump-1=/dev/ttyACM0 pump-2=/media/me/RPI-RP2
    nodewright make --all-ports --count 3 --junit made.xml
    nodewright make pump-1 --port /dev/ttyACM0 --photo pump-1.jpg
    nodewright verify validation/pump-1.html
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
        typer.Option(
            "--all-ports",
            help="Each board that is plugged in: what it is already, or the next free node.",
        ),
    ] = False,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="On virtual boards: no board is needed.")
    ] = False,
    folder: FleetFolder = Path(),
    count: Annotated[
        int, typer.Option(metavar="N", help="Validate so many times, and say what is flaky.")
    ] = 1,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The results as JUnit XML, for a CI.")
    ] = None,
    photo: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A JPEG or PNG of the node, for its certificate."),
    ] = None,
    bench: Annotated[
        str, typer.Option(metavar="NAME", help="Which bench signs: one identity each.")
    ] = "bench",
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Of the waveforms that are drawn; else random."),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="auto|repl|uf2|esp", help="Which way to flash, as for `flash`.")
    ] = "auto",
    runtime: BoardRuntime = None,
    baud: Baud = 460_800,
    force: Force = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a step, and one a node at its end.")
    ] = False,
) -> None:
    """Make nodes: identity, image, flash, validation, certificate, several side by side.

    What is done already is found and left as it is: cut off in the middle, run it again. A node
    that does not measure right gets a certificate that says so, and the exit code is 1.
    """
    from nodewright.cli.make_view import Lines, Screen
    from nodewright.cli.results_file import ResultsFile
    from nodewright.make.job import Options
    from nodewright.make.node import Maker
    from nodewright.make.several import run
    from nodewright.validate import photo as photos

    if by not in ("auto", "repl", "uf2", "esp"):
        raise BadInput(f"--by {by[:20]!r} cannot be: auto, repl, uf2 or esp")
    if not 1 <= count <= 1000 or not 9600 <= baud <= 4_000_000:
        raise BadInput("--count must be 1 to 1000, --baud 9600 to 4000000")
    options = Options(
        runtime=runtime,
        by=by,  # type: ignore[arg-type]
        baud=baud,
        force=force,
        count=count,
        seed=seed,
        bench=bench,
        photo=None if photo is None else photos.read(photo),
    )
    file = ResultsFile(junit, "make", nodes or [])
    with file.told():
        maker = Maker(folder, secrets_of(folder), options)
        targets = _targets(maker, nodes or [], port, every, virtual)
        _check(maker, targets, options)
        view = Lines() if as_json else Screen(targets)
        with interrupts() as asked, view:
            results = run(targets, maker, view.say, asked, view.done)
    view.end(results)
    found = [one for result in results for one in result.validations]
    file.write(found, _unmade(maker, results))
    code = _code(results, asked)
    if code:
        raise typer.Exit(code)


def _unmade(maker: "Maker", results: "list[Result]") -> "list[Unmade]":
    from nodewright.validate.junit import Unmade

    fleet = maker.images.judged.fleet.fleet.name
    return [
        Unmade(fleet, result.target.node, result.stage, str(result.error))
        for result in results
        if result.error is not None
    ]


def _targets(
    maker: "Maker", nodes: list[str], port: str | None, every: bool, virtual: bool
) -> "list[Target]":
    from nodewright.make.job import Target

    pairs = node_ports(nodes, port)
    names, given = [name for name, _ in pairs], [at for _, at in pairs if at]
    if sum((bool(port or given), every, virtual)) > 1:
        raise BadInput("--port, --all-ports and --virtual are three things: say one of them")
    if every:
        return _plugged_in(maker, names)
    if not pairs:
        raise BadInput("name a node, or say --all-ports")
    if virtual:
        return [Target(name, None) for name in names]
    missing = [name for name, at in pairs if not at]
    if missing:
        raise BadInput(f"{missing[0]} needs a board: {missing[0]}=PORT, --port PORT or --virtual")
    return [Target(name, at) for name, at in pairs]


def _plugged_in(maker: "Maker", names: list[str]) -> "list[Target]":
    from nodewright.flash.look import look
    from nodewright.make.assign import assign

    found = assign(maker.folder, maker.images, names, look([]))
    for line in found.left:
        err().print(line, markup=False, soft_wrap=True)
    if not found.targets:
        raise BadInput("no board that is plugged in can become a node of this fleet")
    return list(found.targets)


def _check(maker: "Maker", targets: "list[Target]", options: "Options") -> None:
    """What is wrong with any of them is told before the first is touched."""
    for target in targets:
        maker.images.compiled(target.node)
    if options.photo is not None and len(targets) > 1:
        raise BadInput("--photo is of one node")


def _code(results: "list[Result]", asked: threading.Event) -> int:
    errors = [result.error for result in results if result.error is not None]
    if errors and asked.is_set():
        return exits.INTERRUPTED
    if len(results) == 1 and errors:
        return exits.code_of(errors[0]) or exits.FAILED
    failed = errors or any(not one.made.passed for one in results if one.made is not None)
    return exits.FAILED if failed else exits.DONE
