"""`nodewright broker`: a fleet's own broker, written, run, and tested from outside."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nodewright.cli.exits import FAILED
from nodewright.cli.fleet import Json, counted
from nodewright.cli.identity import secrets_of
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput

if TYPE_CHECKING:
    from nodewright.fleet_broker.doors import Door
    from nodewright.fleet_broker.layout import Wish, Written

EXAMPLES = """
Examples:

    nodewright broker
    nodewright broker --listen 0.0.0.0
    nodewright broker --write-only --listen 0.0.0.0 --install /etc/mosquitto/north
    nodewright broker --check mqtts://192.168.1.10:8883
    nodewright broker --host-identity historian --may read --export historian
"""

_REFRESH_S = 1.0


def command(
    folder: Annotated[
        Path,
        typer.Option(
            "--dir",
            "--fleet",
            metavar="DIR",
            help="The fleet's folder.",
            envvar="NODEWRIGHT_FLEET",
        ),
    ] = Path(),
    name: Annotated[
        str | None,
        typer.Option("--broker", metavar="NAME", help="Which of fleet.toml's, if it has several."),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="IP address to listen on; 127.0.0.1 if not said."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="TCP; that of fleet.toml if not said.")
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", help="A further address or name for its certificate."),
    ] = None,
    write_only: Annotated[
        bool, typer.Option("--write-only", help="Write its folder, and do not run it.")
    ] = False,
    install: Annotated[
        str | None,
        typer.Option(
            metavar="PATH", help="With --write-only: where the folder will be on its machine."
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Test a running broker, mqtts://HOST[:PORT]; run none."),
    ] = None,
    plain_port: Annotated[
        int, typer.Option(min=1, max=65535, help="With --check: must not speak plain MQTT.")
    ] = 1883,
    host_identity: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Make an identity for a program that is no node."),
    ] = None,
    may: Annotated[
        str,
        typer.Option(help="What it may do: read all, ask (and command nodes), keep (clear, too)."),
    ] = "read",
    export: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="With --host-identity: its files, into a new folder."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the fleet's own broker, which keeps its nodes apart; or test one from outside.

    mosquitto over TLS, with the fleet's CA: a node comes in by its certificate, speaks under its
    own name and hears its own commands, and nothing else. All that it needs is written into
    broker/ in the fleet's folder. While it runs it follows what is revoked and which hosts there
    are. It listens on loopback until --listen says otherwise. Ctrl-C ends it; what it has
    acknowledged stays in its folder.
    """
    asked = [given for given in (check, host_identity) if given is not None]
    if len(asked) > 1 or (asked and write_only):
        raise BadInput("--check, --host-identity and --write-only are three things: take one")
    if (export is not None and host_identity is None) or (install is not None and not write_only):
        raise BadInput("--export goes with --host-identity, --install with --write-only")
    if check is not None:
        _check(folder, check, plain_port, as_json)
        return
    if host_identity is not None:
        _make_host(folder, host_identity, may, export, as_json)
        return
    from nodewright.fleet_broker.layout import Wish, write

    wish = Wish(name, listen, port, tuple(names or ()), install)
    if write_only:
        _show(write(folder, wish, secrets_of(folder)), as_json)
        return
    _run(folder, wish, as_json)


def _run(folder: Path, wish: "Wish", as_json: bool) -> None:
    from nodewright.cli.interrupts import interrupts
    from nodewright.errors import BrokerFailed, NodewrightError
    from nodewright.fleet_broker.layout import write
    from nodewright.fleet_broker.run import FleetBroker

    secrets = secrets_of(folder)
    written = write(folder, wish, secrets)
    with interrupts() as asked, FleetBroker(folder, written, secrets) as hub:
        hub.start()
        _show(written, as_json)
        if not as_json:
            err().print("Ctrl-C ends", markup=False)
        said = ""
        while not asked.wait(_REFRESH_S):
            if not hub.running:
                raise BrokerFailed(hub.kind, "ended by itself", hub.log)
            try:
                ended = hub.refresh()
                if ended is not None:
                    told = "".join(f"; session of {name} ended" for name in ended)
                    err().print(f"list of the revoked and rights read again{told}", markup=False)
                said = ""
            except NodewrightError as error:  # in the middle of a change, or one that is wrong
                if str(error) != said:
                    err().print(f"not read again: {error}", markup=False, soft_wrap=True)
                said = str(error)


def _show(written: "Written", as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "fleet": written.fleet,
                "broker": written.name,
                "host": written.host,
                "port": written.port,
                "addresses": list(written.addresses),
                "hosts": written.hosts,
                "folder": str(written.folder),
                "files": list(written.files),
                "notes": list(written.notes),
            }
        )
        return
    console = out()
    console.print(
        f"{written.fleet}: mqtts://{written.host}:{written.port}, in {written.folder}",
        markup=False,
        soft_wrap=True,
    )
    console.print(
        f"  certificate for {', '.join(written.addresses)}", markup=False, soft_wrap=True
    )
    told = ", ".join(f"{name} ({may})" for name, may in written.hosts.items())
    console.print(f"  hosts: {told}", markup=False, soft_wrap=True)
    for note in written.notes:
        err().print(f"note: {note}", markup=False, soft_wrap=True)


def _check(folder: Path, url: str, plain_port: int, as_json: bool) -> None:
    from nodewright.fleet_broker import visitors
    from nodewright.fleet_broker.doors import Doors
    from nodewright.tls import client_context
    from nodewright.watch import parse_url

    secrets = secrets_of(folder)
    if url.startswith("mqtt://"):
        raise BadInput(f"--check {url}: a broker that keeps nodes apart speaks mqtts://")
    who = visitors.make(folder, secrets)
    address = parse_url(url, client_context(who.ca))
    found = []
    for door in Doors(address.host, address.port, who, plain_port=plain_port).try_all():
        found.append(door)
        if not as_json:
            style = "green" if door.good else "bold red"
            console = out()
            console.print(f"{door.verdict:8}", style=style, end="")
            console.print(f"{door.name}: {door.detail}", markup=False, soft_wrap=True)
    bad = [door for door in found if not door.good]
    if as_json:
        doors = [
            {
                "door": door.name,
                "tried": door.tried,
                "verdict": door.verdict,
                "detail": door.detail,
            }
            for door in found
        ]
        print_json({"broker": str(address), "good": not bad, "doors": doors})
    else:
        out().print(
            f"{address}: "
            + (f"{len(found)} doors as they should be" if not bad else _not_good(found))
        )
        if any(door.verdict == "open" and "revoked" in door.name for door in bad):
            err().print(
                "the broker does not have this fleet's list of the revoked: give it pki/crl.pem "
                "and have it read that again",
                markup=False,
                soft_wrap=True,
            )
    if bad:
        raise typer.Exit(FAILED)


def _not_good(found: list["Door"]) -> str:
    """How many doors are not as they should be; where nobody came in, nothing is proven."""
    bad = [door for door in found if not door.good]
    count = f"{counted(len(bad), 'door')} {'is' if len(bad) == 1 else 'are'} not"
    if found[0].good or any(door.verdict == "open" for door in bad):
        return f"{count} as they should be"
    return f"{count} proven shut: is the broker running?"


def _make_host(folder: Path, name: str, may: str, export: Path | None, as_json: bool) -> None:
    from nodewright.fleet.files import write_private
    from nodewright.fleet.finding import WriteFailed
    from nodewright.pki import endpoint, subject
    from nodewright.pki.errors import ExportFailed

    known = next((one for one in endpoint.MAY if one == may), None)
    if known is None:
        raise BadInput(f"--may {may} cannot be: one of {', '.join(endpoint.MAY)}")
    if export is not None and export.exists():
        raise BadInput(f"{export} is there: --export makes a new folder")
    if export is not None and not export.absolute().parent.is_dir():
        raise BadInput(f"{export.parent} does not exist: make it first")
    secrets = secrets_of(folder)
    made = endpoint.make_host(folder, name, known, secrets)
    files: list[str] = []
    if export is not None:
        pair = endpoint.load_pair(folder, subject.of_host(name), secrets)
        texts = {"ca.pem": pair.ca, f"{name}.pem": pair.certificate}
        texts[f"{name}.key"] = pair.key.get_secret_value() + "\n"
        try:
            write_private(export, {file: text.encode() for file, text in texts.items()})
        except WriteFailed as failure:
            raise ExportFailed(subject.of_host(name), failure) from None
        files = [str(export / file) for file in texts]
    common, current = subject.of_host(name), made.record.current
    assert current is not None
    if as_json:
        print_json(
            {
                "host": common,
                "may": may,
                "serial": current.serial,
                "changed": bool(made.files),
                "files": [*made.files, *files],
            }
        )
        return
    what = "identity made" if made.files else "has its identity: nothing changed"
    out().print(f"{common}: {what}, may {may}", markup=False)
    for file in (*made.files, *files):
        out().print(f"  written {file}", markup=False, soft_wrap=True)
