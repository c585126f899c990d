"""`nodewright retire`: take a node out of service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli.exits import FAILED
from nodewright.cli.fleet import FolderOption, Json, counted
from nodewright.cli.identity import NodeName, secrets_of
from nodewright.cli.output import err, out, print_error, print_json

if TYPE_CHECKING:
    from nodewright.revoke import Retirement

EXAMPLES = """
Examples:

    nodewright retire pump-1
    nodewright retire pump-1 --broker mqtt://192.168.1.10
"""


def command(
    node: NodeName,
    broker: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="mqtt[s]://HOST[:PORT], where it is not the one of fleet.toml."
        ),
    ] = None,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Take a node out of service for good: revoked, marked, and forgotten by its broker.

    Its certificates are revoked and its keys deleted, fleet.toml says `retired = true`, and what
    the broker retains for it is cleared. Its record and its lines in the audit log stay, and its
    name is not given again. If the broker cannot be reached, the rest is done: run it again.
    """
    from nodewright import reach, revoke

    secrets = secrets_of(folder)
    address = None if broker is None else reach.address(folder, "retire", secrets, broker)[1]
    done = revoke.retire(folder, node, secrets, address)
    if as_json:
        print_json(
            {
                "node": node,
                "changed": not done.again,
                "revoked": list(done.revocation.serials),
                "crl_number": done.revocation.number,
                "marked": done.marked,
                "cleared": None if done.cleared is None else list(done.cleared),
                "error": None if done.error is None else str(done.error),
                "files": list(done.revocation.files),
            }
        )
    else:
        _show(node, done)
    if done.error is not None:
        print_error(f"{done.error}; all but that is done: run it again when the broker is there")
        raise typer.Exit(FAILED)


def _show(node: str, done: "Retirement") -> None:
    what = "was retired before" if done.again else "retired"
    kept = "nothing" if done.cleared is None else counted(len(done.cleared), "retained message")
    out().print(
        f"{node}: {what}; {counted(len(done.revocation.serials), 'certificate')} revoked, "
        f"{kept} cleared",
        markup=False,
    )
    if done.revocation.serials:
        err().print("next: give pki/crl.pem to the broker and have it read it again", markup=False)
