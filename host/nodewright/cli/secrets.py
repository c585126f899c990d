"""`nodewright secrets`: what must not be seen, set, encrypted, decrypted, never printed."""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nodewright.cli.fleet import FolderOption, Json, ask_passphrase
from nodewright.cli.output import out, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from pydantic import SecretStr

EXAMPLES = """
Examples:

    nodewright secrets
    nodewright secrets set wifi-plant
    echo "$PASSWORD" | nodewright secrets set wifi-plant
    NODEWRIGHT_PASSPHRASE=... nodewright secrets encrypt
"""


def command(
    action: Annotated[
        Literal["list", "set", "encrypt", "decrypt"], typer.Argument(help="What to do.")
    ] = "list",
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Of the secret, for set.")
    ] = None,
    folder: FolderOption = Path(),
    as_json: Json = False,
) -> None:
    """Keep the secrets of a fleet: list names, set one, encrypt or decrypt them all.

    set asks for the value on a terminal and reads a line of standard input elsewhere. encrypt
    takes a passphrase from NODEWRIGHT_PASSPHRASE or asks for one; every command that needs a
    secret then does the same. No command ever prints one.
    """
    from nodewright.fleet.lock import locked
    from nodewright.fleet.secret import Secrets, WrongPassphrase, check_name

    if (name is None) == (action == "set"):
        raise BadInput(
            "set needs the secret's name" if name is None else f"{action} takes no name"
        )
    secrets = Secrets(folder, ask_passphrase)
    changed: list[str] = []
    if action == "set" and name is not None:
        check_name(name)
        value = _ask_value(name)
        with locked(folder):
            secrets.write(name, value)
        changed = [name]
    elif action == "encrypt":
        passphrase = ask_passphrase(twice=not secrets.encrypted)
        if passphrase is None:
            raise WrongPassphrase("to encrypt takes a passphrase")
        with locked(folder):
            changed = secrets.encrypt(passphrase)
    elif action == "decrypt":
        with locked(folder):
            changed = secrets.decrypt()
    _show(secrets.listed(), action, changed, as_json)


def _ask_value(name: str) -> "SecretStr":
    from pydantic import SecretStr

    if sys.stdin.isatty():
        word = getpass.getpass(f"{name}: ")
        if getpass.getpass("the same again: ") != word:
            raise BadInput("the two were not the same")
    else:
        word = sys.stdin.readline().rstrip("\r\n")
    if not word:
        raise BadInput("an empty value is no secret: nothing was changed")
    return SecretStr(word)


def _show(listed: dict[str, bool], action: str, changed: list[str], as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "changed": changed,
                "secrets": [
                    {"name": name, "encrypted": sealed} for name, sealed in listed.items()
                ],
            }
        )
        return
    console = out()
    if action == "list":
        for name, sealed in listed.items():
            console.print(f"{name}  {'encrypted' if sealed else 'plain'}", markup=False)
        if not listed:
            console.print("no secrets")
    else:
        done = {"set": "set", "encrypt": "encrypted", "decrypt": "decrypted"}[action]
        console.print(f"{done}: {', '.join(changed) or 'none'}", markup=False)
