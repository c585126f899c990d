"""`nodewright calibrate`: what a clamp is off, from a known load."""

import datetime
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nodewright import ask, calibrate, reach
from nodewright.cli.fleet import FolderOption, Json, node_names
from nodewright.cli.identity import secrets_of
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput
from nodewright.watch import Collector

EXAMPLES = """
Examples:

    nodewright calibrate pump-1 l1 --amps 8.43 --accuracy 1
    nodewright calibrate pump-1 l1 --power-factor 0.35 --accuracy 0.5
"""

_IDENTITY = "ask"
_RECORDS = 10


def command(
    node: Annotated[
        str, typer.Argument(metavar="NODE", help="It runs.", autocompletion=node_names)
    ],
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Of one of its currents.")],
    amps: Annotated[
        float | None,
        typer.Option(metavar="A", help="RMS current that flows, by a meter: gives per_volt."),
    ] = None,
    power_factor: Annotated[
        float | None,
        typer.Option(metavar="PF", help="Of a load that lags, by a meter: gives the phase."),
    ] = None,
    accuracy_pct: Annotated[
        float,
        typer.Option("--accuracy", min=0.01, max=20, metavar="PCT", help="Of the meter, stated."),
    ] = 1.0,
    records: Annotated[
        int, typer.Option(min=2, max=100, metavar="N", help="How many records are taken.")
    ] = _RECORDS,
    folder: FolderOption = Path(),
    broker: Annotated[
        str | None,
        typer.Option(metavar="URL", envvar="NODEWRIGHT_BROKER", help="Else the fleet's own."),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Tell, and write nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Calibrate a clamp on a node by a known load, with date and uncertainty.

    First the amplitude, from a load that stays (a heater); then, where a voltage is wired, the
    phase, from a load that lags. The node must run what fleet.toml says now; the new value is in
    its next image. docs/current.md says how to do it well.
    """
    if (amps is None) == (power_factor is None):
        raise BadInput("say either --amps or --power-factor: one load, one result")
    key = calibrate.RMS if amps is not None else calibrate.FACTOR
    place = calibrate.find(folder, node, channel, key)
    fleet, address = reach.address(folder, _IDENTITY, secrets_of(folder), broker)
    now = datetime.datetime.now(datetime.UTC)
    with Collector(address, fleet=fleet) as source:
        if not as_json:
            err().print(f"{records} records of {node}, {place.measured}: keep the load steady")
        found = calibrate.read(
            lambda measured: ask.measure(source, fleet, node, measured).report, place, key, records
        )
    if amps is not None:
        made = calibrate.amplitude(place, found, amps, accuracy_pct, now)
    else:
        made = calibrate.phase(place, found, power_factor or 0.0, accuracy_pct, now)
    path = None if dry else calibrate.keep(folder, place, made)
    if as_json:
        print_json({**asdict(made), "node": node, "written": None if path is None else str(path)})
        return
    what, unit = ("per_volt", "%") if made.quantity == "amplitude" else ("phase", "deg")
    out().print(
        f"{channel}: {what} {made.before:g} → {made.after:g}, ± {made.uncertainty:.2g} {unit} "
        f"({made.records} records, {made.scatter_pct:.2g} % apart; the meter {accuracy_pct:g} %)",
        markup=False,
    )
    if path is not None:
        out().print(f"in fleet.toml, for the next image; kept in {path}", markup=False)
