"""`nodewright demo`: everything at once, judged."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from nodewright.cli import exits
from nodewright.cli.interrupts import interrupts
from nodewright.cli.options import BrokerKind, Interpreter, Interval, Port, Realtime, Runtime
from nodewright.cli.output import print_json
from nodewright.demo.faults import NAMES, parse
from nodewright.errors import BadInput

EXAMPLES = """
Examples:

    nodewright demo
    nodewright demo --nodes 6 --cycles 20 --interval 2.5
    nodewright demo --sensors
    nodewright demo --record bearing.npy --rate-hz 25600 --scale 0.001
    nodewright demo --faults unplugged,broker
    nodewright demo --faults all --report demo.html
    nodewright demo --json | python -m json.tool
"""


def command(
    nodes: Annotated[int, typer.Option(metavar="N", help="Virtual boards, 1 to 256.")] = 3,
    sensors: Annotated[
        bool,
        typer.Option(
            "--sensors",
            help="One node for each accelerometer that there is a driver for, and one with three "
            "clamps at a motor that starts, runs, loses a phase and stops.",
        ),
    ] = False,
    cycles: Annotated[int, typer.Option(metavar="K", help="Reports of each node.")] = 5,
    interval: Interval = 2.0,
    record: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Play a recording (npy, npz, csv, wav, mat) into them."),
    ] = None,
    rate_hz: Annotated[
        float | None, typer.Option(metavar="R", help="Its samples per second.")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(metavar="G", help="Its g per stored number.")
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|INDEX", help="One of its channels, or three by repeating this."
        ),
    ] = None,
    variable: Annotated[
        str | None, typer.Option(metavar="NAME", help="The array of an npz or mat file.")
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help=f"Make these go wrong, with commas between: {', '.join(NAMES)}, or all.",
        ),
    ] = None,
    runtime: Runtime = None,
    interpreter: Interpreter = None,
    realtime: Realtime = False,
    broker: BrokerKind = "auto",
    port: Port = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write one HTML page: plots, values, evidence."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The result as one JSON object, nothing else.")
    ] = False,
) -> None:
    """Watch three machines through virtual nodes, and judge every value.

    Boards made of twins boot the image that a real board gets, on a real MicroPython with the
    heap of a Pico W. They sample, compute and report over MQTT to a broker on loopback: over TLS,
    each with a certificate of its own, where mosquitto is installed; else it says so. Each value
    is held against a float64 reference, computed from the very samples that the sensor's twin
    served.

    Done (exit 0) only if every node booted, every report arrived, and every value is within its
    tolerance; else it says which did not.

    With --faults things go wrong on purpose, each apart from the others. Then done also means that
    each was reported as what it is, that no value taken under it passed for good, that every node
    came back, and that nothing was lost but what the fault itself destroys.
    """
    # Here and not above: NumPy and SciPy take a while, and `--help` need not wait for them.
    from nodewright.cli.choice import tell_choice
    from nodewright.cli.demo_view import JsonView, PlainView, TableView
    from nodewright.cli.output import err, out
    from nodewright.demo.fleet import FleetOptions, Interrupted
    from nodewright.demo.record import open_record
    from nodewright.demo.run import DemoOptions, run_demo
    from nodewright.page import Target, build, gather, host_text

    target = None if report is None else Target(report)
    tell_choice(runtime, interpreter)
    fleet = FleetOptions(
        nodes, interval, interpreter, broker, port, runtime, realtime, sensors, True
    )
    wrong = () if faults is None else parse(faults, gravity=record is None)
    if record is not None:
        source = open_record(record, rate_hz, scale, channel or (), variable)
        options = DemoOptions(fleet, cycles, source, source.about, wrong)
    else:
        _refuse_without_record(rate_hz, scale, channel, variable)
        options = DemoOptions(fleet, cycles, faults=wrong)
    shown = TableView if out().is_terminal else PlainView
    view = JsonView() if as_json else shown(out(), options.about)
    with interrupts() as asked:
        try:
            with view:
                result = run_demo(options, view, asked)
        except Interrupted:
            err().print("interrupted: everything is ended and removed")
            raise typer.Exit(exits.INTERRUPTED) from None
    if as_json:
        print_json(result.as_dict())
    else:
        view.finish(result)
    if target is not None:
        target.write(build(gather(result, datetime.now(UTC), host_text())))
        if not as_json:
            out().print(f"report: {target.path}", markup=False, soft_wrap=True)
    raise typer.Exit(exits.DONE if result.ok else exits.FAILED)


def _refuse_without_record(
    rate_hz: float | None,
    scale: float | None,
    channel: list[str] | None,
    variable: str | None,
) -> None:
    given = {"--rate-hz": rate_hz, "--scale": scale, "--channel": channel, "--variable": variable}
    for name, value in given.items():
        if value is not None and value != []:
            raise BadInput(f"{name} says how to read a recording: give that with --record FILE")
