"""`nodewright provision`: give a node its identity."""

from pathlib import Path
from typing import Annotated

import typer

from nodewright.cli.fleet import FolderOption, Json
from nodewright.cli.identity import NodeName, Port, UniqueId, chip_id, secrets_of, show

EXAMPLES = """
Examples:

    nodewright provision pump-1 --port /dev/ttyACM0
    nodewright provision pump-1 --unique-id e6614c311b7e6f2a
    nodewright provision pump-1 --dir fleets/north --json
"""


def command(
    node: NodeName,
    port: Port = None,
    unique_id: UniqueId = None,
    renew: Annotated[
        bool, typer.Option("--renew", help="A new key and certificate, as `nodewright renew`.")
    ] = False,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Give a node its identity: key, certificate in its name, chip it is bound to.

    Its settings are compiled and checked as the node will check them. Without --port or
    --unique-id the chip stays open until one of them is given. Done again, it changes nothing.
    The certificate is in identities/, under version control; the key is in secrets/. A node that
    reports over LoRaWAN gets DevEUI (from its chip), JoinEUI and AppKey too.
    """
    from nodewright import provision

    make = provision.renew if renew else provision.provision
    show(make(folder, node, secrets_of(folder), chip_id(port, unique_id)), as_json)
