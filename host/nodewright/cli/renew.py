"""`nodewright renew`: a new key and certificate for a node."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli.fleet import FolderOption, Json
from nodewright.cli.identity import NodeName, Port, UniqueId, as_dict, chip_id, secrets_of, show
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.renew_air import Delivered

EXAMPLES = """
Examples:

    nodewright renew pump-1
    nodewright renew pump-1 --port /dev/ttyACM0
    nodewright revoke pump-1 --replaced
    nodewright renew pump-1 --over-the-air
"""


def command(
    node: NodeName,
    port: Port = None,
    unique_id: UniqueId = None,
    over_the_air: Annotated[
        bool,
        typer.Option("--over-the-air", help="Send it to the node, over TLS, and revoke the old."),
    ] = False,
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Over which broker; else fleet.toml's."),
    ] = None,
    timeout_s: Annotated[
        float,
        typer.Option("--timeout", min=1, max=3600, metavar="S", help="For it to come back."),
    ] = 60.0,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Make a new key and certificate for a node; old ones count until they are revoked.

    So the node stays connected until its new image is on it; then `nodewright revoke NODE
    --replaced` ends the old ones. --port or --unique-id binds it to another chip, where the board
    was replaced.

    With --over-the-air the node gets them over its broker, sealed with the key that it has, and
    keeps the old ones until it has connected with the new; then those are revoked. A node that
    the broker refuses with the new ones goes back to the old by itself.
    """
    if over_the_air:
        if port is not None or unique_id is not None:
            raise BadInput("--over-the-air is for the board that has the node's identity")
        _over_the_air(folder, node, timeout_s, broker, as_json)
        return
    if broker is not None:
        raise BadInput("--broker says over which broker: give --over-the-air, too")
    from nodewright import provision

    show(provision.renew(folder, node, secrets_of(folder), chip_id(port, unique_id)), as_json)
    if not as_json:
        err().print(f"next: flash {node}, then nodewright revoke {node} --replaced", markup=False)


def _over_the_air(
    folder: Path, node: str, timeout_s: float, broker: str | None, as_json: bool
) -> None:
    from nodewright import renew_air
    from nodewright.pki import revocation

    done = renew_air.renew(folder, node, secrets_of(folder), timeout_s, broker)
    if as_json:
        print_json(_as_dict(done))
        return
    if done.made is not None:
        show(done.made, as_json=False)
    else:
        out().print(f"{node}: had not got {done.now.serial} yet: sent again", markup=False)
    out().print(f"{node}: connected with {done.now.serial}", markup=False)
    for serial in done.revoked.serials:
        out().print(f"  revoked {serial} (superseded); list {done.revoked.number}", markup=False)
    err().print(
        f"next: give {revocation.FILE} to the broker, if it is not `nodewright broker` on this "
        "machine",
        markup=False,
        soft_wrap=True,
    )


def _as_dict(done: "Delivered") -> dict[str, object]:
    made = {} if done.made is None else as_dict(done.made)
    return {
        **made,
        "node": done.node,
        "serial": done.now.serial,
        "sha256": done.now.fingerprint,
        "before": done.before.serial,
        "delivered": True,
        "revoked": list(done.revoked.serials),
        "crl_number": done.revoked.number,
    }
