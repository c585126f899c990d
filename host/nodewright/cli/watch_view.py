"""The table of `nodewright watch`: every node with its state, health, gaps and last fault."""

from typing import Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from nodewright.fleet_state import FleetState, NodeState, printable

_MOST_GAPS = 3
_STATES = {"online": "green", "offline": "bold red"}
# By will: what is not online comes first, since that is what one looks for.
_ORDER = ("offline", "unknown", "online")


def table(state: FleetState, where: str, connected: bool, now: float) -> RenderableType:
    """All nodes at a moment.

    where: the broker; connected: whether it answers; now: seconds of the clock of the events.
    """
    title = Text(f"{where}: {len(state.nodes)} nodes")
    if not connected:
        title.append(", the broker is gone; waiting for it", style="bold red")
    shown = Table(
        *("node", "state", "report", "health", "reports", "missing", "last fault"),
        box=box.SIMPLE,
        title=title,
        title_justify="left",
    )
    for node in sorted(state.nodes.values(), key=_order):
        shown.add_row(
            f"{node.fleet}/{node.name}",
            Text(_state(node), style=_STATES.get(_state(node), "yellow")),
            _age(node.reported_at, now),
            _health(node.health),
            str(node.received) + (f" + {node.doubles} doubles" if node.doubles else ""),
            Text(f"{node.missing}: {gaps(node)}", style="yellow") if node.missing else "",
            _fault(node, now),
        )
    if state.refused:
        refused = ", ".join(f"{number} {name}" for name, number in sorted(state.refused.items()))
        shown.caption = Text(f"refused: {refused}; the last: {state.last_refused}")
    return shown


def gaps(node: NodeState) -> str:
    """What is missing, as BOOT:FIRST-LAST; the latest ones."""
    found = node.gaps
    told = [
        f"{boot}:{first}" + (f"-{last}" if last > first else "")
        for boot, first, last in found[-_MOST_GAPS:]
    ]
    return ("… " if len(found) > _MOST_GAPS else "") + " ".join(told)


def _state(node: NodeState) -> str:
    return "unknown" if node.status is None else str(node.status["state"])


def _order(node: NodeState) -> tuple[int, str, str]:
    return _ORDER.index(_state(node)), node.fleet, node.name


def _age(at: float | None, now: float) -> str:
    if at is None:
        return "none yet"
    age_s = max(0, int(now - at))
    if age_s < 120:
        return f"{age_s} s ago"
    return f"{age_s // 60} min ago" if age_s < 7200 else f"{age_s // 3600} h ago"


def _health(health: dict[str, Any] | None) -> Text:
    """What is not as it should be; else that it is well."""
    if health is None:
        return Text("none yet", style="dim")
    said = []
    for key, what in (("queued", "waiting"), ("dropped", "dropped")):
        number = health.get(key)
        if isinstance(number, int) and number > (key == "queued"):
            said.append(f"{number} {what}")
    errors = health.get("errors")
    if isinstance(errors, dict) and errors:
        said.append(", ".join(f"{number} {name}" for name, number in errors.items()))
    crash = health.get("crash")
    if isinstance(crash, dict):
        said.append(f"crashed: {crash.get('error')}")
    return Text(printable("; ".join(said)), style="yellow") if said else Text("well")


def _fault(node: NodeState, now: float) -> Text:
    if node.faulty is None:
        return Text("")
    fault = node.faulty["faults"][-1]
    text = f"{fault.get('sensor')} {fault.get('fault')}, {_age(node.faulty_at, now)}"
    return Text(printable(text), style="red")
