"""`nodewright new`: begin a fleet."""

from pathlib import Path
from typing import Annotated

import typer

from nodewright.cli.fleet import Json, ask_passphrase
from nodewright.cli.output import out, print_json

EXAMPLES = """
Examples:

    nodewright new north
    nodewright new fleets/north --name north-hall
    NODEWRIGHT_PASSPHRASE=... nodewright new north --encrypt
    cd north && nodewright check && nodewright show pump-1
"""


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or an empty one.")],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the fleet, a-z, 0-9 and -; else the folder's."),
    ] = None,
    encrypt: Annotated[
        bool,
        typer.Option("--encrypt", help="Encrypt its secrets: NODEWRIGHT_PASSPHRASE, or asked."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Begin a fleet: a folder with a fleet.toml that explains itself, a place for secrets.

    The example in it is a pump with one node and works as it is. The fleet gets its own CA in
    pki/, and the CA's key in secrets/: keep a copy of that, without it no node can be added. The
    folder is meant for version control; its secrets/ is not, and only you can read it.
    """
    from nodewright.fleet import template
    from nodewright.fleet.load import FILE
    from nodewright.fleet.secret import WrongPassphrase
    from nodewright.pki.create import create_ca

    called = name if name is not None else template.fleet_name(folder)
    passphrase = ask_passphrase(twice=True) if encrypt else None
    if encrypt and passphrase is None:
        raise WrongPassphrase("to encrypt takes a passphrase")
    files = template.create(folder, called, lambda at: create_ca(at, called, passphrase))
    if as_json:
        print_json(
            {"fleet": called, "folder": str(folder), "files": [str(file) for file in files]}
        )
        return
    console = out()
    for file in files:
        console.print(str(file), markup=False, soft_wrap=True)
    console.print(f"next: cd {folder}; nodewright check", markup=False, soft_wrap=True)
    console.print(
        f"then: edit {FILE}; nodewright secrets set {template.WIFI_SECRET}", markup=False
    )
