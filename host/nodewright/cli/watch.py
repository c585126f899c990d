"""`nodewright watch`: what the nodes of a broker say, as it comes."""

import threading
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from nodewright.cli.interrupts import interrupts
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput
from nodewright.fleet_state import Event, FleetState, printable
from nodewright.watch import Address, Collector, parse_url
from wire import features, topics

EXAMPLES = """
Examples:

    nodewright watch
    nodewright watch --fleet north
    nodewright watch --broker mqtt://plant-broker:1883 --fleet north --lines
    nodewright watch --count 10 --json >> reports.jsonl
"""

FLEET_FILE = "fleet.toml"  # not imported: it takes a quarter of a second
_POLL_S = 0.2
_MOST_GAPS = 16  # told in one line of JSON
_BROKER = "mqtt://127.0.0.1:1883"
_IDENTITY = "watch"
_UNITS = {row[1]: "" if row[2] == "1" else " " + row[2] for row in features.FEATURES}


def command(
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="NODEWRIGHT_BROKER",
            help=f"mqtt[s]://HOST[:PORT]; else the fleet folder's, or {_BROKER}.",
        ),
    ] = None,
    fleet: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|DIR",
            help="Only this fleet; with its folder also by its broker, CA and identity.",
        ),
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
    identity: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Which host's identity; two that watch at a time need two.",
        ),
    ] = _IDENTITY,
    lines: Annotated[
        bool, typer.Option("--lines", help="A line a message, as where there is no terminal.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show what the nodes on a broker report, until Ctrl-C.

    On a terminal a table of the nodes, else a line a message. Doubles are marked, what is missing
    is counted, and what is no message of a node is refused and counted: the last lines say how
    much of each there was. If the broker goes away it is waited for.
    """
    name, address = _where(broker, fleet, identity)
    live = out().is_terminal and not lines and not as_json
    with interrupts() as asked, Collector(address, fleet=name, session=session) as source:
        link = LinkNews(source)  # first: a broker may go in the very moment after the line below
        if not as_json:
            err().print(f"watching {address}; Ctrl-C ends", markup=False)
        if live:
            _show_table(source, asked, count)
        else:
            _show_lines(source, asked, count, as_json, link)
    if as_json:
        print_json(summary(source.state))
    else:
        _print_summary(source.state)


def _where(broker: str | None, fleet: str | None, identity: str) -> tuple[str, Address]:
    """(the fleet's name or "+", address), by a fleet's folder or without one."""
    if fleet is not None and (Path(fleet) / FLEET_FILE).is_file():
        from nodewright import reach
        from nodewright.cli.identity import secrets_of

        return reach.address(Path(fleet), identity, secrets_of(Path(fleet)), broker)
    if fleet is not None and not topics.is_name(fleet):
        raise BadInput(
            f"--fleet {fleet!r} is no folder with a {FLEET_FILE}, and no name: 1 to 40 of a-z, "
            "0-9 and -"
        )
    return fleet or "+", parse_url(broker or _BROKER)


def _show_lines(
    source: Collector, asked: threading.Event, count: int, as_json: bool, link: "LinkNews"
) -> None:
    shown = 0
    while not asked.is_set() and not (count and shown >= count):
        event = source.get(_POLL_S)
        for state in link.fresh():
            if as_json:
                print_json(link.as_dict(state))
            else:
                gone = state == "lost"
                err().print("the broker is gone; waiting for it" if gone else "the broker is back")
        if event is None:
            continue
        shown += 1
        if as_json:
            print_json(as_dict(event) | _counts(source.state, event))
        else:
            out().print(as_line(event), soft_wrap=True)


def _show_table(source: Collector, asked: threading.Event, count: int) -> None:
    from rich.live import Live

    from nodewright.cli import watch_view

    def table() -> RenderableType:
        return watch_view.table(source.state, str(source.address), source.connected, _now())

    shown, drawn = 0, _now()
    with Live(table(), console=out(), auto_refresh=False) as live:
        while not asked.is_set() and not (count and shown >= count):
            shown += source.get(_POLL_S) is not None
            if _now() - drawn >= _POLL_S:  # however much comes
                live.update(table(), refresh=True)
                drawn = _now()
        live.update(table(), refresh=True)


class LinkNews:
    """When the broker was lost, and when it was there again."""

    def __init__(self, source: Collector) -> None:
        self._source = source
        self._told = source.lost
        self._away = False

    def fresh(self) -> list[str]:
        """What happened since the last call, "lost" and "returned"; a short loss is told, too."""
        found = []
        lost = self._source.lost
        if lost > self._told:
            if not self._away:
                found.append("lost")
            self._told, self._away = lost, True
        if self._away and self._source.connected:
            self._away = False
            found.append("returned")
        return found

    def as_dict(self, state: str) -> dict[str, Any]:
        """One of them as JSON."""
        broker = str(self._source.address)
        return {"kind": "link", "state": state, "broker": broker, "lost": self._told}


def _counts(state: FleetState, event: Event) -> dict[str, Any]:
    """What has been missed so far of the node that a message is of; the latest gaps."""
    node = state.nodes.get((event.fleet, event.node))
    if node is None:
        return {"missing": 0, "gaps": []}
    return {"missing": node.missing, "gaps": [list(gap) for gap in node.gaps[-_MOST_GAPS:]]}


def _now() -> float:
    """On the clock of the collector's events."""
    return time.monotonic()


def as_dict(event: Event) -> dict[str, Any]:
    """A message as JSON."""
    return {
        "fleet": event.fleet,
        "node": event.node,
        "kind": event.kind,
        "double": event.double,
        "message": event.message,
    }


def summary(state: FleetState) -> dict[str, Any]:
    """The last object of the stream: each node's count, and what was refused, by name."""
    return {
        "kind": "summary",
        "nodes": [
            {
                "fleet": node.fleet,
                "node": node.name,
                "reports": node.received,
                "doubles": node.doubles,
                "missing": node.missing,
                "gaps": [list(gap) for gap in node.gaps[-_MOST_GAPS:]],
            }
            for node in state.nodes.values()
        ],
        "refused": dict(sorted(state.refused.items())),
        "last_refused": state.last_refused or None,
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
    from nodewright.cli import watch_view

    console = err()
    for node in state.nodes.values():
        gaps = f" ({watch_view.gaps(node)})" if node.missing else ""
        console.print(
            f"{node.fleet}/{node.name}: {node.received} reports, {node.doubles} doubles, "
            f"{node.missing} missing{gaps}",
            markup=False,
        )
    for name, number in sorted(state.refused.items()):
        console.print(f"refused {number} ({name})", markup=False)
    if state.refused:
        console.print(f"the last: {state.last_refused}", markup=False)
