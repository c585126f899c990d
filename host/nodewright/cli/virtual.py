"""`nodewright virtual`: boards made of twins, with serial ports to try tools on."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table

from nodewright.cli import exits
from nodewright.cli.fleet import node_names
from nodewright.cli.interrupts import interrupts
from nodewright.cli.options import (
    BrokerKind,
    FleetFolder,
    Interpreter,
    Interval,
    Port,
    Realtime,
    Runtime,
)
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.console import Event
    from nodewright.demo.fleet import VirtualFleet

EXAMPLES = """
Examples:

    nodewright virtual pump-1
    nodewright virtual pump-1 --machine motor --reports 3 --json
    nodewright virtual --demo 3
    mpremote connect PORT resume fs ls
    nodewright watch --broker mqtt://127.0.0.1:BROKER_PORT
"""

_POLL_S = 0.2
_BOARDS = 3


def command(
    node: Annotated[
        str | None,
        typer.Argument(
            metavar="[NODE]", help="One of the fleet's, on its own.", autocompletion=node_names
        ),
    ] = None,
    demo: Annotated[
        int | None, typer.Option(metavar="N", help="How many of the demo's, 1 to 256.")
    ] = None,
    interval: Interval = 2.0,
    folder: FleetFolder = Path(),
    machine: Annotated[
        Literal["pump", "fan", "motor"],
        typer.Option(help="What NODE feels: healthy, out of balance, or a damaged outer race."),
    ] = "pump",
    reports: Annotated[
        int | None, typer.Option(metavar="N", help="End after so many reports of NODE.")
    ] = None,
    fleet_broker: Annotated[
        bool,
        typer.Option("--fleet-broker", help="Report to the fleet's broker, as NODE would."),
    ] = False,
    runtime: Runtime = None,
    interpreter: Interpreter = None,
    realtime: Realtime = False,
    broker: BrokerKind = "auto",
    port: Port = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="The boards as a JSON object, then NODE's reports, one each."),
    ] = False,
) -> None:
    """Boot a node of the fleet, or the demo's boards, on this computer, until Ctrl-C.

    NODE boots from its image, with twins of its sensors on a machine of the speed that the fleet
    has, and its reports are shown. They go to a broker of their own, unless the fleet's is on this
    computer or --fleet-broker says so. Without NODE it is the demo's boards.

    Each port is that of a MicroPython board: mpremote, a terminal program or your own tool can
    open it. `resume` keeps mpremote from resetting the board first. On CPython the boards have
    no REPL and so no ports.
    """
    from nodewright.cli.choice import tell_choice

    tell_choice(runtime, interpreter)
    if node is not None:
        if demo is not None:
            raise BadInput("NODE and --demo are two things: say one of them")
        from nodewright.cli.virtual_node import NodeOptions, run

        options = NodeOptions(
            *(machine, reports, fleet_broker, runtime, interpreter, realtime, broker, port)
        )
        code = run(folder, node, options, as_json)
        raise typer.Exit(code)
    if reports is not None or fleet_broker:
        raise BadInput("--reports and --fleet-broker go with a NODE")
    _demo(
        _BOARDS if demo is None else demo,
        interval,
        runtime,
        interpreter,
        realtime,
        broker,
        port,
        as_json,
    )


def _demo(
    count: int,
    interval_s: float,
    runtime: str | None,
    interpreter: str | None,
    realtime: bool,
    broker: Literal["auto", "mosquitto", "embedded"],
    port: int | None,
    as_json: bool,
) -> None:
    from nodewright.demo.fleet import FleetOptions, Interrupted, VirtualFleet

    options = FleetOptions(count, interval_s, interpreter, broker, port, runtime, realtime)
    with interrupts() as asked:
        try:
            with VirtualFleet(options, asked) as fleet:
                fleet.boot(_ignore)
                if as_json:
                    print_json(_as_dict(fleet))
                else:
                    _show(fleet)
                failed = _wait(fleet, asked)
        except Interrupted:
            failed = False
    raise typer.Exit(exits.FAILED if failed else exits.DONE)


def _ignore(_node: str, _event: "Event") -> None:
    """The boards' consoles are for whoever opens their ports."""


def _wait(fleet: "VirtualFleet", asked: threading.Event) -> bool:
    """Until the end is asked for, or no board is left.  Returns True for the latter."""
    told: set[str] = set()
    while not asked.wait(_POLL_S):
        for board in fleet.boards:
            if board.failure is not None and board.name not in told:
                told.add(board.name)
                err().print(str(board.failure), markup=False, soft_wrap=True)
        if len(told) == len(fleet.boards):
            return True
    return False


def _as_dict(fleet: "VirtualFleet") -> dict[str, Any]:
    return {
        "boards": [
            {"node": board.name, "port": board.port or None, "machine": plan.machine.title}
            for plan, board in zip(fleet.plans, fleet.boards, strict=True)
        ],
        "broker": {
            "kind": fleet.hub.kind,
            "version": fleet.hub.version,
            "address": f"{fleet.hub.host}:{fleet.hub.port}",
        },
        "runtime": {**fleet.runtime.as_dict(), "note": fleet.runtime.note},
    }


def _show(fleet: "VirtualFleet") -> None:
    table = Table("node", "port", "machine", "sensor")
    for plan, board in zip(fleet.plans, fleet.boards, strict=True):
        table.add_row(board.name, board.port or "none", plan.machine.title, plan.sensor_text)
    console = out()
    console.print(table)
    hub = fleet.hub
    console.print(f"runtime: {fleet.runtime}", markup=False)
    console.print(f"broker: {hub.kind} {hub.version}", markup=False)
    console.print(f"  nodewright watch --broker mqtt://{hub.host}:{hub.port}", soft_wrap=True)
    port = fleet.boards[0].port
    if port:
        console.print(f"  mpremote connect {port} resume fs ls", soft_wrap=True)
    else:
        console.print("no ports: on CPython the boards have no REPL for mpremote")
    console.print("Ctrl-C ends them all.")
