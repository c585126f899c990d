"""`nodewright features`: the node's own feature code over a recording, beside the reference."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from nodewright import examine, offline
from nodewright.cli import exits
from nodewright.cli.output import err, out, print_json
from nodewright.errors import BadInput
from nodewright.records import UNITS, Recording, read
from wire import features

EXAMPLES = """
Examples:

    nodewright features pump.wav --scale 50
    nodewright features bearing.npy --rate-hz 20000 --scale 1.96e-5 --channel x
    nodewright features run.csv --rate-hz 3200 --runtime cpython --json
"""

_NUMBERS = ("value", "reference", "deviation", "tolerance")


def command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A recording: npy, npz, csv, wav or mat.")
    ],
    rate_hz: Annotated[
        float | None,
        typer.Option(metavar="R", help="Samples a second, where the file does not say."),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(metavar="S", help="Unit per stored number; of wav: unit at full scale."),
    ] = None,
    unit: Annotated[str, typer.Option(metavar="g|A", help="Of the values after scaling.")] = "g",
    window: Annotated[
        int | None,
        typer.Option(metavar="N", help="Samples: 256 to 4096, a power of two; else all that fit."),
    ] = None,
    start: Annotated[int, typer.Option(metavar="N", help="First sample of the window.")] = 0,
    channel: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|INDEX", help="Which channel; several times for several."),
    ] = None,
    variable: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which variable of an npz or mat file.")
    ] = None,
    shaft_hz: Annotated[
        float | None,
        typer.Option(metavar="F", help="Speed of the shaft, for its orders; else estimated."),
    ] = None,
    runtime: Annotated[
        str | None,
        typer.Option(metavar="|".join(offline.RUNTIMES), help="What runs the node's code."),
    ] = None,
    backend: Annotated[
        str, typer.Option(metavar="|".join(offline.BACKENDS), help="Which kernels.")
    ] = "viper",
    interpreter: Annotated[
        str | None, typer.Option(metavar="PATH", help="The MicroPython to run it on.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Run a recording through the code that runs on the nodes, and check what it says.

    Each value stands beside the one that its definition gives in float64 for the same samples.
    Ends with 1 when one is out of its tolerance.
    """
    if unit in UNITS and UNITS[unit][0] != "g":
        raise BadInput(f"--unit {unit}: features of currents are not there yet, those of g are")
    if shaft_hz is not None and not 0.0 < shaft_hz < math.inf:
        raise BadInput(f"--shaft-hz {shaft_hz} cannot be: revolutions a second, above 0")
    if window is not None:
        examine.check_window(window)
    chosen = offline.choose_runtime(runtime, interpreter)
    recording = read(
        file,
        rate_hz=rate_hz,
        scale=scale,
        unit=unit,
        channel=channel or None,
        variable=variable,
        start=start,
        count=window,
        least=examine.LEAST_WINDOW,
    )
    window = window or examine.largest_window(len(recording.samples))
    digits = examine.to_digits(recording, unit)
    blocks = examine.cut(digits, recording.rate_hz, window, (0,))
    if chosen.note and runtime is None:
        err().print(chosen.note, markup=False, soft_wrap=True)
    keys = examine.default_keys()
    options = {} if shaft_hz is None else {"shaft_hz": shaft_hz}
    told = offline.run(blocks, chosen, backend=backend, keys=keys, options=options)
    channels = [
        examine.Channel(
            name, start, block.g_per_digit, examine.judge(block, values, keys, shaft_hz)
        )
        for name, block, values in zip(recording.channels, blocks, told, strict=True)
    ]
    record = _record(recording, window, digits.stored)
    if as_json:
        about = {**chosen.as_dict(), "backend": backend, "note": chosen.note}
        rows = [entry.as_dict() for entry in channels]
        print_json({"record": record, "runtime": about, "channels": rows})
    else:
        _print(record, f"{backend} on {chosen}", channels)
    if not all(entry.ok for entry in channels):
        raise typer.Exit(exits.FAILED)


def _record(recording: Recording, window: int, stored: bool) -> dict[str, Any]:
    source = recording.source
    return {
        "path": str(source.path),
        "format": source.format,
        "sha256": source.sha256,
        "variable": source.variable,
        "scale": source.scale,
        "unit": recording.unit,
        "channels": list(recording.channels),
        "rate_hz": recording.rate_hz,
        "start": source.start,
        "window": window,
        "seconds": window / recording.rate_hz,
        "digits": "as stored" if stored else "scaled to int16",
        "definitions": features.DEFINITIONS,
        "notes": list(source.notes),
    }


def _print(record: dict[str, Any], code: str, channels: list[examine.Channel]) -> None:
    screen = out()
    last = record["start"] + record["window"] - 1
    screen.print(
        f"{record['path']}: {record['rate_hz']:g} Hz, samples {record['start']} to {last} "
        f"({record['seconds']:.4g} s), {record['digits']}",
        markup=False,
        soft_wrap=True,
    )
    for note in record["notes"]:
        screen.print(f"note: {note}", markup=False, soft_wrap=True)
    screen.print(f"the node's code: {code}", markup=False, soft_wrap=True)
    for channel in channels:
        screen.print(_table(channel))
    points = [point for channel in channels for point in channel.points]
    bad = sum(point.ok is False for point in points)
    held = sum(point.value is None and point.ok is not False for point in points)
    text = f"{bad} of {len(points)} values out of tolerance" if bad else "all within tolerance"
    screen.print(text + (f", {held} withheld" if held else ""), style="red" if bad else "green")


def _table(channel: examine.Channel) -> Table:
    table = Table(
        Column("feature", no_wrap=True),
        "unit",
        *(Column(name, justify="right", no_wrap=True) for name in _NUMBERS),
        "verdict",
        title=Text(f"channel {channel.name}", style="bold"),
        title_justify="left",
        box=None,  # room for the verdict on 80 columns
        collapse_padding=True,
    )
    for point in channel.points:
        table.add_row(
            point.key,
            "" if point.unit == "1" else point.unit,
            _value(point),
            _number(point.reference, 6),
            _number(point.deviation, 2),
            _number(point.tolerance, 2),
            _verdict(point),
        )
    return table


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}g}"


def _value(point: examine.Point) -> str | Text:
    return Text("withheld", style="yellow") if point.withheld else _number(point.value, 6)


def _verdict(point: examine.Point) -> Text:
    words = [word for word in (point.withheld, point.note) if word]
    if point.ok is False:
        if point.reference_withheld:
            words.append(f"the reference withholds it: {point.reference_withheld}")
        return Text("; ".join(words) or "out of tolerance", style="bold red")
    if point.ok and not point.withheld:
        return Text(": ".join(["ok", *words]), style="green")
    return Text("; ".join(words), style="yellow")
