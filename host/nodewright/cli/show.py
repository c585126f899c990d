"""`nodewright show`: one node, as it will be."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from nodewright.cli.fleet import FolderOption, Json, node_names, show_findings
from nodewright.cli.output import err, out, print_json
from nodewright.fleet.units import kilobytes

EXAMPLES = """
Examples:

    nodewright show pump-1
    nodewright show pump-1 --settings
    nodewright show pump-1 --dir fleets/north --json
"""


def command(
    node: Annotated[
        str, typer.Argument(metavar="NODE", help="Its name.", autocompletion=node_names)
    ],
    folder: FolderOption = Path(),
    settings: Annotated[
        bool, typer.Option("--settings", help="The settings it gets, without secrets, instead.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show one node as it will be: wiring, sensors, measurements, memory, settings.

    Secrets are named and never shown: null stands in their place.
    """
    from nodewright.fleet import check, listing

    judged, compiled = check.good_node(folder, node)
    if settings:
        if as_json:
            print_json(compiled.settings)
        else:
            out().print(json.dumps(compiled.settings, indent=2), markup=False, soft_wrap=True)
        return
    found = listing.node(judged.nodes[node], compiled)
    if as_json:
        print_json(found)
        return
    if judged.warnings:
        show_findings(err(), judged.warnings)
    _show(out(), found)


def _show(console: Console, node: dict[str, Any]) -> None:
    facts = Table.grid(padding=(0, 2))
    facts.add_row("node", node["name"])
    if node["retired"]:
        facts.add_row("retired", "out of service for good (nodewright retire)")
    for key in ("title", "board", "site", "uplink", "network", "broker"):
        if node[key]:
            facts.add_row(key, str(node[key]))
    need = node["memory"]
    parts = ", ".join(f"{what} {size / 1000:.1f}" for what, size in need["parts"].items() if size)
    needed, there = kilobytes(need["needed_bytes"]), kilobytes(need["heap_bytes"])
    facts.add_row("heap", f"{needed} of {there} KB ({parts})")
    facts.add_row("secrets", ", ".join(node["secrets"]) or "none")
    console.print(facts)
    pins = Table("pin", "of", "is", box=box.SIMPLE)
    for pin in node["pins"]:
        pins.add_row(str(pin["pin"]), pin["of"], pin["is"])
    console.print(pins)
    sensors = Table("sensor", "chip", "bus", "at", "channels", box=box.SIMPLE)
    for sensor in node["sensors"]:
        sensors.add_row(
            sensor["name"],
            sensor["chip"],
            sensor["bus"],
            sensor["point"] or "",
            ", ".join(sensor["channels"]),
        )
    console.print(sensors)
    sets = Table("set", "sensor", "record", "when", "values", box=box.SIMPLE)
    for one in node["sets"]:
        sets.add_row(
            one["name"], one["sensor"], one["record"], one["when"], ", ".join(one["features"])
        )
    console.print(sets)
