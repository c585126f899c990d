"""`nodewright watch`: what the nodes of a broker say, as it comes."""

import time
from typing import Annotated, Any

import typer
from rich.text import Text

from nodewright.cli.interrupts import interrupts
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput
from nodewright.fleet_state import Event, FleetState, printable
from nodewright.watch import Collector, parse_url
from wire import features, topics

EXAMPLES = """
Examples:

    nodewright watch
    nodewright watch --broker mqtt://plant-broker:1883 --fleet north
    nodewright watch --count 10 --json >> reports.jsonl
"""

_POLL_S = 0.2
_UNITS = {row[1]: "" if row[2] == "1" else " " + row[2] for row in features.FEATURES}


def command(
    broker: Annotated[
        str,
        typer.Option(metavar="URL", envvar="NODEWRIGHT_BROKER", help="mqtt://HOST[:PORT]"),
    ] = "mqtt://127.0.0.1:1883",
    fleet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this fleet; else every one.")
    ] = None,
    count: Annotated[
        int, typer.Option(min=0, metavar="N", help="End after N messages; 0: never.")
    ] = 0,
    session: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A client id under which the broker keeps what comes while nobody watches.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what the nodes on a broker report, until Ctrl-C.

    Doubles are marked, what is missing is counted, and what is no message of a node is refused and
    counted: the last lines say how much of each there was.
    """
    if fleet is not None and not topics.is_name(fleet):
        raise BadInput(f"--fleet {fleet!r} is not a name: 1 to 40 of a-z, 0-9 and -")
    address = parse_url(broker)
    shown = 0
    with interrupts() as asked, Collector(address, fleet=fleet or "+", session=session) as source:
        if not as_json:
            err().print(f"watching {address.host}:{address.port}; Ctrl-C ends", markup=False)
        while not asked.is_set() and not (count and shown >= count):
            event = source.get(_POLL_S)
            if event is None:
                continue
            shown += 1
            if as_json:
                print_json(as_dict(event))
            else:
                out().print(as_line(event), soft_wrap=True)
    if not as_json:
        _print_summary(source.state)


def as_dict(event: Event) -> dict[str, Any]:
    """A message as JSON."""
    return {
        "fleet": event.fleet,
        "node": event.node,
        "kind": event.kind,
        "double": event.double,
        "message": event.message,
    }


def as_line(event: Event) -> Text:
    """A message as a line on a terminal."""
    line = Text(time.strftime("%H:%M:%S "), style="dim")
    line.append(f"{event.fleet}/{event.node} ", style="bold")
    line.append(f"{event.kind} ")
    message = event.message
    if event.kind == "report":
        line.append(f"{message['boot']}:{message['seq']} ")
        if event.double:
            line.append("double ", style="yellow")
        elif message["record"] is not None and not message["record"]["valid"]:
            line.append("not valid ", style="red")
        for fault in message["faults"]:
            text = " ".join(f"{key}={value}" for key, value in fault.items())
            line.append(f"fault {printable(text)} ", style="red")
        line.append(", ".join(_channel(name, keys) for name, keys in message["channels"].items()))
    elif event.kind == "status":
        good = message["state"] == "online"
        line.append(message["state"], style="green" if good else "yellow")
        line.append(f" boot {message['boot']}")
    elif event.kind == "spectrum":
        line.append(
            f"{message['boot']}:{message['seq']} {message['sensor']} {message['channel']}: "
            f"{message['kind']}, {len(message['values_g'])} values"
        )
    elif event.kind in ("command", "reply"):
        line.append(printable(" ".join(f"{key}={value}" for key, value in message.items())))
    else:
        numbers = (f"{key}={value}" for key, value in message.items() if isinstance(value, int))
        line.append(printable(" ".join(numbers)), style="dim")
    return line


def _channel(name: str, values: dict[str, float]) -> str:
    return f"{name}: " + " ".join(f"{key} {v:.5g}{_UNITS[key]}" for key, v in values.items())


def _print_summary(state: FleetState) -> None:
    console = err()
    for node in state.nodes.values():
        console.print(
            f"{node.fleet}/{node.name}: {node.received} reports, {node.doubles} doubles, "
            f"{node.missing} missing",
            markup=False,
        )
    for name, number in sorted(state.refused.items()):
        console.print(f"refused {number} ({name})", markup=False)
    if state.refused:
        console.print(f"the last: {state.last_refused}", markup=False)
