"""`nodewright validate`: whether a node measures right, proven on the node itself."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli import exits
from nodewright.cli.identity import NodeName, secrets_of
from nodewright.cli.interrupts import interrupts
from nodewright.cli.options import FleetFolder
from nodewright.cli.output import print_json
from nodewright.errors import BadInput, NodewrightError

if TYPE_CHECKING:
    from nodewright.fleet.secret import Secrets
    from nodewright.validate.junit import Unmade
    from nodewright.validate.keep import Kept
    from nodewright.validate.result import Validation

EXAMPLES = """
Examples:

    nodewright validate pump-1 --virtual
    nodewright validate pump-1 --port /dev/ttyACM0
    nodewright validate pump-1 --port /dev/ttyACM0 --count 5
    nodewright validate pump-1 --port /dev/ttyACM0 --junit validated.xml --html pump-1.html
    nodewright validate pump-1 --virtual --json --no-keep
"""


def command(
    node: NodeName,
    port: Annotated[
        str | None, typer.Option("--port", metavar="PORT", help="Serial port of its board.")
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Its virtual board: twins of its sensors.")
    ] = False,
    folder: FleetFolder = Path(),
    count: Annotated[
        int, typer.Option(metavar="N", help="Validate so many times, and say what is flaky.")
    ] = 1,
    seed: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Of the waveforms that are drawn; else random."),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The results as JUnit XML, for a CI.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A copy of its certificate.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep/--no-keep", help="Results and certificate, in the fleet's folder."),
    ] = True,
    runtime: Annotated[
        str | None,
        typer.Option(metavar="micropython|cpython", help="What runs the virtual board."),
    ] = None,
    interpreter: Annotated[
        str | None, typer.Option(metavar="COMMAND", help="Another MicroPython for it.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object a validation, then one of what was kept."),
    ] = False,
) -> None:
    """Prove on the node itself that it measures right: each case with its limit.

    The node lies still, as it is to be mounted, and its program does not run meanwhile; it starts
    anew at the end. A known load, or a meter of its supply, stands in bench.toml. The exit code is
    1 where a case failed; a skipped one says what it would need.
    """
    from nodewright.cli.results_file import ResultsFile, discard
    from nodewright.page.target import Target as File

    if (port is None) != virtual:
        raise BadInput("say either --port PORT, where its board is, or --virtual")
    if not 1 <= count <= 1000:
        raise BadInput("--count must be 1 to 1000")
    if html is not None and not keep:
        raise BadInput("--html is a copy of what --keep writes")
    if port is not None and (runtime or interpreter):
        raise BadInput("--runtime and --interpreter are of a virtual board")
    # Files of ours are replaced, nobody else's is; what is not replaced later is of another unit.
    page = None if html is None else File(html, "--html", b"nodewright certificate", "certificate")
    results = ResultsFile(junit, "validate", [node])
    if page is not None:
        discard("--html", page)
    found: list[Validation] = []
    with results.told():
        secrets = secrets_of(folder)
        runs = (runtime, interpreter)
        error = _validate(folder, node, port, secrets, runs, count, seed, as_json, found)
        if error is not None and not found:
            raise error
    _show(found, as_json)  # first: a folder that cannot be written does not take them away
    results.write(found, [] if error is None else [_unmade(found[0], error)])
    if keep:
        kept = _keep(folder, found, secrets)
        if page is not None:
            page.write((folder / kept.certificate).read_text(encoding="utf-8"))
        _show_kept(kept, folder, as_json)
    if error is not None:
        raise error
    if not all(one.passed for one in found):
        raise typer.Exit(exits.FAILED)


def _validate(
    folder: Path,
    node: str,
    port: str | None,
    secrets: "Secrets",
    runs: tuple[str | None, str | None],
    count: int,
    seed: int | None,
    as_json: bool,
    found: "list[Validation]",
) -> NodewrightError | None:
    """As often as was asked for, into found; the error that ended it before that."""
    from nodewright.cli.validate_view import Progress
    from nodewright.offline import choose_runtime
    from nodewright.validate.host_failed import HostFailed
    from nodewright.validate.run import validate

    try:
        chosen = choose_runtime(*runs) if port is None else None
        with interrupts() as asked:
            for turn in range(1, count + 1):
                with Progress(node, turn, count, quiet=as_json) as view:
                    one = validate(
                        *(folder, node, port),
                        say=view.say,
                        asked=asked,
                        seed=seed,
                        secrets=secrets,
                        runtime=chosen,
                    )
                found.append(one)
    except NodewrightError as error:
        return error
    except OSError as error:
        return HostFailed(error)
    return None


def _unmade(first: "Validation", error: NodewrightError) -> "Unmade":
    """For the turns that were not carried out."""
    from nodewright.validate.junit import Unmade

    return Unmade(first.fleet, first.node, "validate", str(error), "validate")


def _keep(folder: Path, found: "list[Validation]", secrets: "Secrets") -> "Kept":
    from nodewright.validate.keep import keep

    return keep(folder, found, secrets)


def _show(found: "list[Validation]", as_json: bool) -> None:
    from nodewright.cli.validate_view import show

    for one in found:
        if as_json:
            print_json(json.loads(one.to_json()))
        else:
            show(one)


def _show_kept(kept: "Kept", folder: Path, as_json: bool) -> None:
    from nodewright.cli.validate_view import show_kept

    if as_json:
        print_json(kept.as_dict())
    else:
        show_kept(kept, folder)
