"""Ask a node for something while it runs: a command out, its reply and what belongs to it in."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from nodewright.errors import NodewrightError
from nodewright.watch import Collector
from wire import COMMAND_VERSION, command, topics

_POLL_S = 0.2
# The reply and the report take different ways on the node: the one may be first.
_AFTER_REPLY_S = 10.0


class NodeRefused(NodewrightError):
    """A node understood that it was asked, and would not: error says why."""

    def __init__(self, node: str, error: str) -> None:
        self.node, self.error = node, error
        super().__init__(f"{node} refuses: {error}")


class NodeSilent(NodewrightError):
    """No reply came.  node; waited_s."""

    def __init__(self, node: str, waited_s: float) -> None:
        self.node, self.waited_s = node, waited_s
        super().__init__(
            f"{node} has not replied in {waited_s:.0f} s: `nodewright watch` shows whether it "
            "still reports; a set that takes longer wants a longer --timeout"
        )


class NodeAway(NodewrightError):
    """It was not asked, as it was not online.  node; state: its last, None where it has none."""

    def __init__(self, node: str, state: str | None, waited_s: float) -> None:
        self.node, self.state, self.waited_s = node, state, waited_s
        heard = f"is {state}" if state else "has never been heard of by this broker"
        super().__init__(
            f"{node} {heard}, and was not asked; {waited_s:.0f} s were waited for it: "
            "`nodewright watch` shows who is online"
        )


@dataclass
class Answer:
    """What a node sent: its reply, the report if there is one, the spectra of its channels."""

    reply: dict[str, Any]
    report: dict[str, Any] | None = None
    spectra: list[dict[str, Any]] = field(default_factory=list)


def measure(
    collector: Collector,
    fleet: str,
    node: str,
    measured: str,
    spectrum: str | None = None,
    timeout_s: float = 30.0,
) -> Answer:
    """Have a node measure one of its sets at once.

    collector: started, and hearing this fleet; spectrum: "compressed", "full" or None.
    Raises NodeRefused, NodeSilent, NodeAway, ReportError for names that cannot be.
    """
    wanted = {"command": "measure", "set": measured, "spectrum": spectrum}
    return request(collector, fleet, node, wanted, timeout_s)


def tell(
    collector: Collector,
    fleet: str,
    node: str,
    what: str,
    measured: str,
    timeout_s: float = 30.0,
) -> Answer:
    """Have a node do something else with a set: a command of wire/command.py without options.

    Raises as measure().
    """
    return request(collector, fleet, node, {"command": what, "set": measured}, timeout_s)


def request(
    collector: Collector, fleet: str, node: str, wanted: dict[str, Any], timeout_s: float
) -> Answer:
    """Send a command of wire/command.py without its head, and wait for what belongs to it.

    A node says that it is online once it hears commands: until then it is waited for.
    Raises as measure().
    """
    sender = "ask-" + secrets.token_hex(6)
    payload = command.encode({"v": COMMAND_VERSION, "id": sender, **wanted})
    _wait_online(collector, fleet, node, timeout_s)
    collector.send(topics.topic(fleet, node, "command"), payload)
    spectrum = wanted.get("spectrum")
    reply: dict[str, Any] | None = None
    reports: dict[int, dict[str, Any]] = {}
    spectra: dict[int, list[dict[str, Any]]] = {}
    asked_at = time.monotonic()
    deadline_s = asked_at + timeout_s
    while time.monotonic() < deadline_s:
        event = collector.get(_POLL_S)
        if event is None or (event.fleet, event.node) != (fleet, node):
            continue
        message = event.message
        if event.kind == "reply" and message["id"] == sender:
            if not message["ok"]:
                raise NodeRefused(node, str(message["error"]))
            if message["seq"] is None:
                return Answer(message)
            reply = message
            deadline_s = max(deadline_s, time.monotonic() + _AFTER_REPLY_S)
        elif event.kind == "report" and not event.double:
            reports[message["seq"]] = message
        elif event.kind == "spectrum":
            spectra.setdefault(message["seq"], []).append(message)
        if reply is not None and reply["seq"] in reports:
            report = reports[reply["seq"]]
            found = spectra.get(reply["seq"], [])
            many = len(report["channels"]) if spectrum else 0
            if len(found) >= many:
                return Answer(reply, report, found)
    raise NodeSilent(node, time.monotonic() - asked_at)


def _wait_online(collector: Collector, fleet: str, node: str, timeout_s: float) -> None:
    """Raises NodeAway."""
    asked_at = time.monotonic()
    while (state := _state(collector, fleet, node)) != "online":
        waited_s = time.monotonic() - asked_at
        if waited_s >= timeout_s:
            raise NodeAway(node, state, waited_s)
        collector.get(_POLL_S)


def _state(collector: Collector, fleet: str, node: str) -> str | None:
    """What it last said of itself; None before it has said anything."""
    known = collector.state.nodes.get((fleet, node))
    status = known.status if known is not None else None
    return None if status is None else str(status["state"])
