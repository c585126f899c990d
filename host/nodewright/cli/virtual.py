"""`nodewright virtual`: boards made of twins, with serial ports to try tools on."""

import threading
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from nodewright.cli import exits
from nodewright.cli.interrupts import interrupts
from nodewright.cli.options import BrokerKind, Interpreter, Interval, Port, Realtime, Runtime
from nodewright.cli.output import err, out, print_json

if TYPE_CHECKING:
    from nodewright.console import Event
    from nodewright.demo.fleet import VirtualFleet

EXAMPLES = """
Examples:

    nodewright virtual --demo 3
    mpremote connect PORT resume fs ls
    nodewright watch --broker mqtt://127.0.0.1:BROKER_PORT
"""

_POLL_S = 0.2


def command(
    demo: Annotated[int, typer.Option(metavar="N", help="How many boards, 1 to 256.")] = 3,
    interval: Interval = 2.0,
    runtime: Runtime = None,
    interpreter: Interpreter = None,
    realtime: Realtime = False,
    broker: BrokerKind = "auto",
    port: Port = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="The boards as one JSON object, nothing else.")
    ] = False,
) -> None:
    """Run the demo's boards and their broker until Ctrl-C, and print their ports.

    Each port is that of a MicroPython board: mpremote, a terminal program or your own tool can
    open it. `resume` keeps mpremote from resetting the board first. On CPython the boards have
    no REPL and so no ports.
    """
    from nodewright.cli.choice import tell_choice
    from nodewright.demo.fleet import FleetOptions, Interrupted, VirtualFleet

    tell_choice(runtime, interpreter)
    options = FleetOptions(demo, interval, interpreter, broker, port, runtime, realtime)
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
