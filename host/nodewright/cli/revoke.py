"""`nodewright revoke`: certificates of a node that count no more."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from nodewright.cli.fleet import FolderOption, Json, counted
from nodewright.cli.identity import NodeName, secrets_of
from nodewright.cli.output import err, out, print_json

EXAMPLES = """
Examples:

    nodewright revoke pump-1 --reason key-compromise
    nodewright revoke pump-1 --replaced
    nodewright revoke pump-1 && scp pki/crl.pem broker: && ssh broker killall -HUP mosquitto
"""


def command(
    node: NodeName,
    reason: Annotated[
        Literal["unspecified", "key-compromise", "superseded", "cessation"],
        typer.Option(help="Why, as it stands in the list."),
    ] = "unspecified",
    replaced: Annotated[
        bool, typer.Option("--replaced", help="Only those which `nodewright renew` has replaced.")
    ] = False,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Revoke the certificates of a node: lost, its key seen, or replaced by a new one.

    They go onto the list in pki/crl.pem, signed by the fleet's CA. Brokers know of it once they
    have that file and have read it again; a session that is open then stays open until it is
    ended at the broker. Their keys in secrets/ are deleted.
    """
    from nodewright import revoke
    from nodewright.pki import revocation

    which: revoke.Which = "replaced" if replaced else "all"
    done = revoke.revoke(folder, node, secrets_of(folder), reason, which)
    if as_json:
        print_json(
            {
                "node": node,
                "changed": bool(done.serials),
                "revoked": list(done.serials),
                "reason": reason if done.serials else None,
                "crl_number": done.number,
                "files": list(done.files),
            }
        )
        return
    if not done.serials:
        out().print(f"{node}: nothing left to revoke: nothing changed", markup=False)
        return
    out().print(
        f"{node}: {counted(len(done.serials), 'certificate')} revoked ({reason}); "
        f"list {done.number}",
        markup=False,
    )
    for serial in done.serials:
        out().print(f"  {serial}", markup=False)
    err().print(
        f"next: give {revocation.FILE} to the broker, have it read it again, and end the node's "
        "session there",
        markup=False,
        soft_wrap=True,
    )
