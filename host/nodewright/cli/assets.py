"""`nodewright assets`: the machines of a fleet and who listens to them."""

from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from nodewright.cli.fleet import Folder, Json
from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright assets
    nodewright assets fleets/north --json
"""


def command(folder: Folder = Path(), as_json: Json = False) -> None:
    """List the machines of a fleet, their points, and the sensors at them."""
    from nodewright.fleet import check, listing

    judged = check.check(folder)
    assets = listing.assets(judged.fleet, judged.nodes)
    if as_json:
        print_json({"assets": assets})
        return
    table = Table("machine", "what", "site", "zone of", "speed", "points", box=box.SIMPLE)
    for asset in assets:
        table.add_row(
            asset["name"],
            asset["title"],
            asset["site"] or "",
            f"group {asset['group']}, {asset['support']}" if asset["group"] else "",
            f"{asset['speed_hz'] * 60:.0f} rpm" if asset["speed_hz"] else "",
            "\n".join(_point(point) for point in asset["points"]),
        )
    out().print(table)


def _point(point: dict[str, Any]) -> str:
    return f"{point['name']}: {', '.join(point['sensors']) or 'no sensor'}"
