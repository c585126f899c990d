"""What the commands about identities share: their node, their options, how one is shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from nodewright.cli.fleet import ask_passphrase, node_names
from nodewright.cli.output import out, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.fleet.secret import Secrets
    from nodewright.provision import Provisioned

NodeName = Annotated[
    str, typer.Argument(metavar="NODE", help="Its name.", autocompletion=node_names)
]
Port = Annotated[
    str | None,
    typer.Option(
        "--port",
        metavar="PORT",
        help="Serial port of its board, with a MicroPython on it: the chip is asked for its id.",
    ),
]
UniqueId = Annotated[
    str | None,
    typer.Option(
        "--unique-id", metavar="HEX", help="Of its chip, as machine.unique_id().hex() gives it."
    ),
]

_DONE = {
    "provision": "identity made",
    "bind": "bound to its chip",
    "renew": "key and certificate renewed",
    "unchanged": "has its identity: nothing changed",
}


def secrets_of(folder: Path) -> "Secrets":
    """The secrets of a fleet; the passphrase is asked for when one is needed."""
    from nodewright.fleet.secret import Secrets

    return Secrets(folder, ask_passphrase)


def chip_id(port: str | None, unique_id: str | None) -> str | None:
    """The chip's id, given or read from the board.  Raises BadInput, ChipSilent."""
    from nodewright.pki import chip

    if port is not None and unique_id is not None:
        raise BadInput("--port and --unique-id both say which chip: give one of them")
    return chip.read(port) if port is not None else unique_id


def as_dict(done: "Provisioned") -> dict[str, Any]:
    """An identity without its secrets."""
    record, current = done.record, done.current
    return {
        "node": record.node,
        "what": done.what,
        "changed": done.what != "unchanged",
        "unique_id": record.unique_id,
        "serial": current.serial,
        "sha256": current.fingerprint,
        "not_before": current.certificate.not_valid_before_utc.isoformat(),
        "not_after": current.certificate.not_valid_after_utc.isoformat(),
        "dev_eui": record.dev_eui,
        "join_eui": record.join_eui,
        "settings_sha256": done.settings_sha256,
        "files": list(done.files),
    }


def show(done: "Provisioned", as_json: bool) -> None:
    """An identity, and what was written."""
    if as_json:
        print_json(as_dict(done))
        return
    record, current = done.record, done.current
    console = out()
    console.print(f"{record.node}: {_DONE[done.what]}", markup=False)
    facts = Table.grid(padding=(0, 2))
    ends = current.certificate.not_valid_after_utc
    facts.add_row("  certificate", f"{current.serial}, until {ends:%Y-%m-%d}")
    facts.add_row("  chip", record.unique_id or "not known yet: --port or --unique-id binds it")
    if record.join_eui is not None:
        facts.add_row("  DevEUI", record.dev_eui or "follows from the chip")
        facts.add_row("  JoinEUI", record.join_eui)
    facts.add_row("  settings", f"good, {done.settings_sha256[:16]}")
    for file in done.files:
        facts.add_row("  written", file)
    console.print(facts)
