"""A node of the fleet on a virtual board: what `nodewright virtual NODE` shows."""

import contextlib
import queue
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.table import Table

from nodewright.cli import exits
from nodewright.cli.identity import secrets_of
from nodewright.cli.interrupts import interrupts
from nodewright.cli.output import err, out, print_error, print_json
from nodewright.cli.watch import as_dict, as_line
from nodewright.errors import BadInput
from nodewright.fleet.units import kilobytes

if TYPE_CHECKING:
    from nodewright.console import Event
    from nodewright.virtual import VirtualBoard
    from nodewright.virtual_node import VirtualNode
    from nodewright.watch import Collector

_POLL_S = 0.2
_TOLD = ("fault", "settings")  # events of the console that a person wants to see
_MOST_WAITING = 1000


@dataclass(frozen=True)
class NodeOptions:
    """As the options of `nodewright virtual` are called."""

    machine: str
    reports: int | None
    fleet_broker: bool
    runtime: str | None
    interpreter: str | None
    realtime: bool
    broker: Literal["auto", "mosquitto", "embedded"]
    port: int | None


def run(folder: Path, name: str, options: NodeOptions, as_json: bool) -> int:
    """Boot a node and show what it says until the end is asked for; the exit code."""
    from nodewright.offline import choose_runtime
    from nodewright.virtual_node import VirtualNode
    from nodewright.watch import Address, Collector

    if options.reports is not None and options.reports < 1:
        raise BadInput(f"--reports {options.reports} cannot be: 1 or more")
    node = VirtualNode(
        folder,
        name,
        secrets_of(folder),
        choose_runtime(options.runtime, options.interpreter),
        machine=options.machine,
        fleet_broker=options.fleet_broker,
        kind=options.broker,
        port=options.port,
        realtime=options.realtime,
    )
    events: queue.Queue[Event] = queue.Queue(_MOST_WAITING)

    def on_event(event: "Event") -> None:
        with contextlib.suppress(queue.Full):
            events.put_nowait(event)

    with interrupts() as asked, node, contextlib.ExitStack() as stack:
        collector = None
        # A broker that knows its clients by certificate has none for us: two with one would throw
        # each other out, and `nodewright watch` may run.
        if not options.fleet_broker and not node.settings["mqtt"]["tls"]:
            address = Address(node.host, node.port, None, None)
            collector = stack.enter_context(Collector(address, fleet=node.fleet))
        board = node.boot(on_event)
        if as_json:
            print_json(_as_dict(node, board))
        else:
            _show(folder, node, board)
        watch = _Watch(name, as_json, options.reports, collector)
        return watch.until(asked, board, events)


class _Watch:
    """Shows reports as the broker has them, or, of a broker that asks who we are, as the node
    says on its console that they were acknowledged."""

    def __init__(
        self, name: str, as_json: bool, wanted: int | None, collector: "Collector | None"
    ) -> None:
        self._name, self._as_json, self._wanted = name, as_json, wanted
        self._collector = collector
        self._seen = 0

    def until(
        self, asked: threading.Event, board: "VirtualBoard", events: "queue.Queue[Event]"
    ) -> int:
        while not asked.is_set():
            if self._wanted is not None and self._seen >= self._wanted:
                return exits.DONE
            if board.failure is not None:
                print_error(str(board.failure))
                return exits.FAILED
            if self._collector is None:
                asked.wait(_POLL_S)
            else:
                self._hear(self._collector)
            with contextlib.suppress(queue.Empty):
                while True:
                    self._tell(events.get_nowait())
        return exits.DONE if self._wanted is None else exits.INTERRUPTED

    def _hear(self, collector: "Collector") -> None:
        event = collector.get(_POLL_S)
        if event is None or event.node != self._name or event.kind != "report" or event.double:
            return
        self._seen += 1
        if self._as_json:
            print_json(as_dict(event))
        else:
            out().print(as_line(event), soft_wrap=True)

    def _tell(self, event: "Event") -> None:
        said = " ".join(f"{key}={value}" for key, value in event.facts.items())
        if event.name in _TOLD:
            err().print(f"{self._name}: {event.name} {said}", markup=False, soft_wrap=True)
        if self._collector is None and event.name == "acked":
            self._seen += 1
            if self._as_json:
                print_json({"node": self._name, "kind": "acked", "message": dict(event.facts)})
            else:
                out().print(f"{self._name} acked {said}", markup=False)


def _as_dict(node: "VirtualNode", board: "VirtualBoard") -> dict[str, Any]:
    hub = node.hub
    return {
        "node": node.name,
        "fleet": node.fleet,
        "port": board.port or None,
        "image": node.image.as_dict(),
        "changed": node.changed,
        "broker": {
            "kind": None if hub is None else hub.kind,
            "version": None if hub is None else hub.version,
            "address": f"{node.host}:{node.port}",
            "own": hub is not None,
        },
        "runtime": {**node.runtime.as_dict(), "note": node.runtime.note},
        "notes": node.notes,
    }


def _show(folder: Path, node: "VirtualNode", board: "VirtualBoard") -> None:
    facts = node.image.as_dict()
    grid = Table.grid(padding=(0, 2))
    heap = kilobytes(node.image.board.heap_bytes)
    grid.add_row("board", f"{node.image.board.name}, {heap} KB of heap")
    grid.add_row("image", f"{facts['sha256'][:16]}, {facts['files']} files")
    grid.add_row("runtime", str(node.runtime))
    tls = node.settings["mqtt"]["tls"]
    where = f"--fleet {folder}" if tls else f"--broker mqtt://{node.host}:{node.port}"
    grid.add_row("broker", f"nodewright watch {where}")
    if board.port:
        grid.add_row("port", f"mpremote connect {board.port} resume fs ls")
    console = out()
    console.print(f"{node.name} of {node.fleet} boots; Ctrl-C ends it", markup=False)
    console.print(grid, soft_wrap=True)
    for note in node.notes:
        err().print(f"{node.name}: {note}", markup=False, soft_wrap=True)
