"""`nodewright calibrate`: what a clamp is off, from a known load."""

import datetime
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from nodewright import ask, calibrate, reach
from nodewright.cli.fleet import FolderOption, Json, node_names
from nodewright.cli.identity import secrets_of
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput
from nodewright.watch import Collector

EXAMPLES = """
Examples:

    nodewright calibrate pump-1 l1 --open
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
    is_open: Annotated[
        bool, typer.Option("--open", help="The clamp is round no conductor: gives the noise.")
    ] = False,
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

    First the noise, with the clamp open; the amplitude, from a load that stays (a heater); then,
    where a voltage is wired, the phase, from a load that lags. The node must run what fleet.toml
    says now; the new value is in its next image, before which the same is not measured again.
    docs/current.md says how to do it well.
    """
    if [amps is not None, power_factor is not None, is_open].count(True) != 1:
        raise BadInput("say one of --open, --amps or --power-factor: one load, one result")
    key = calibrate.FACTOR if power_factor is not None else calibrate.RMS
    place = calibrate.find(folder, node, channel, key)
    fleet, address = reach.address(folder, _IDENTITY, secrets_of(folder), broker)
    now = datetime.datetime.now(datetime.UTC)
    with Collector(address, fleet=fleet) as source:
        if not as_json:
            how = "keep the clamp open" if is_open else "keep the load steady"
            err().print(f"{records} records of {node}, {place.measured}: {how}")

        def one(measured: str) -> Mapping[str, Any] | None:
            return ask.measure(source, fleet, node, measured).report

        if is_open:
            found = calibrate.read_open(one, place, records)
        else:
            found = calibrate.read(one, place, key, records)
    if is_open:
        made = calibrate.noise(place, found, now)
    elif amps is not None:
        made = calibrate.amplitude(place, found, amps, accuracy_pct, now)
    else:
        made = calibrate.phase(place, found, power_factor or 0.0, accuracy_pct, now)
    void = calibrate.still_to_flash(folder, place, made.quantity, made.settings)
    if void and not as_json:
        err().print("the last one never reached fleet.toml: it was cut off, and is void")
    path = None if dry else calibrate.keep(folder, place, made, now)
    if as_json:
        print_json({**asdict(made), "node": node, "written": None if path is None else str(path)})
        return
    unit = "deg" if made.quantity == "phase" else "%"
    meter = "" if is_open else f"; the meter {accuracy_pct:g} %"
    out().print(
        f"{channel}: {calibrate.KEYS[made.quantity]} {made.before:g} → {made.after:g}, "
        f"± {made.uncertainty:.2g} {unit} ({made.records} records, {made.scatter_pct:.2g} % apart"
        f"{meter})",
        markup=False,
    )
    if path is not None:
        out().print(f"in fleet.toml, for the next image; kept in {path}", markup=False)
