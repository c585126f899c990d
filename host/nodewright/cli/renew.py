"""`nodewright renew`: a new key and certificate for a node."""

from pathlib import Path

from nodewright.cli.fleet import FolderOption, Json
from nodewright.cli.identity import NodeName, Port, UniqueId, chip_id, secrets_of, show
from nodewright.cli.output import err

EXAMPLES = """
Examples:

    nodewright renew pump-1
    nodewright renew pump-1 --port /dev/ttyACM0
    nodewright revoke pump-1 --replaced
"""


def command(
    node: NodeName,
    port: Port = None,
    unique_id: UniqueId = None,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Make a new key and certificate for a node; old ones count until they are revoked.

    So the node stays connected until its new image is on it; then `nodewright revoke NODE
    --replaced` ends the old ones. --port or --unique-id binds it to another chip, where the board
    was replaced.
    """
    from nodewright import provision

    show(provision.renew(folder, node, secrets_of(folder), chip_id(port, unique_id)), as_json)
    if not as_json:
        err().print(f"next: flash {node}, then nodewright revoke {node} --replaced", markup=False)
