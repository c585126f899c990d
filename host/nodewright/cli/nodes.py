"""`nodewright nodes`: the nodes of a fleet."""

from pathlib import Path

from rich import box
from rich.table import Table

from nodewright.cli.fleet import Folder, Json
from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright nodes
    nodewright nodes fleets/north --json
"""


def command(folder: Folder = Path(), as_json: Json = False) -> None:
    """List the nodes of a fleet: board, network, sensors, and where they sit."""
    from nodewright.fleet import check, listing

    judged = check.check(folder)
    nodes = listing.nodes(judged.fleet, judged.nodes)
    if as_json:
        print_json({"nodes": nodes})
        return
    table = Table("node", "board", "network", "sensors", "heap", box=box.SIMPLE)
    for node in nodes:
        sensors = (
            f"{sensor['name']}: {sensor['chip']} on {sensor['bus']}"
            + (f" at {sensor['point']}" if sensor["point"] else "")
            for sensor in node["sensors"]
        )
        heap = f"{node['heap_needed_bytes'] * 100 // node['heap_bytes']} %"
        table.add_row(
            node["name"] + ("\n(retired)" if node["retired"] else ""),
            node["board"],
            node["network"] or node["uplink"],
            "\n".join(sensors),
            heap,
        )
    out().print(table)
