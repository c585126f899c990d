"""`nodewright features`: the node's own feature code over a recording, beside the reference."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from nodewright import examine, offline
from nodewright.asked import asked, parse_blocks, plan_blocks
from nodewright.asked_bearing import asked_bearing
from nodewright.cli import exits, features_view
from nodewright.cli.output import err, print_json
from nodewright.errors import BadInput
from nodewright.plot import Drawing
from nodewright.records import UNITS, read
from nodewright.spectra import csv_target, csv_text
from nodewright.study import study
from nodewright.study_envelope import study_bearing, with_bearings

_NO_CURRENTS = "features of currents are not there yet, those of g are"
EXAMPLES = """
Examples:

    nodewright features pump.wav --scale 50
    nodewright features bearing.npy --rate-hz 20000 --scale 1.96e-5 --channel x
    nodewright features run.csv --rate-hz 3200 --runtime cpython --json
    nodewright features fan.csv --shaft-hz 24.7 --machine 2,rigid --blocks all --plot fan.html
    nodewright features pump.npy --rate-hz 12000 --shaft-hz 29.95 --bearing 6205 --blocks all
"""


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
    unit: Annotated[
        str | None,
        typer.Option(
            metavar="g|mg|m/s2", help="Of the values after scaling; else by the header, or g."
        ),
    ] = None,
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
    bands: Annotated[
        list[str] | None,
        typer.Option("--band", metavar="LO:HI", help="A band in Hz: band1_g and so on, up to 4."),
    ] = None,
    machine: Annotated[
        str | None,
        typer.Option(metavar="1|2,rigid|flexible", help="ISO 20816-3 group and support: zones."),
    ] = None,
    orders: Annotated[
        str | None,
        typer.Option(
            metavar="bpfo=F,bpfi=F,bsf=F,ftf=F",
            help="The bearing's orders, in multiples of the shaft speed: its lines and verdict.",
        ),
    ] = None,
    bearing: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|n=N,d=D,D=D,angle=A",
            help="In their place its name, or elements, their and the pitch diameter, angle.",
        ),
    ] = None,
    shaft_error: Annotated[
        float | None,
        typer.Option(
            metavar="PCT", help="How far the speed may be off; beyond 0.5 no bearing is judged."
        ),
    ] = None,
    blocks: Annotated[
        str | None,
        typer.Option(metavar="N|all", help="So many windows in a row: medians, mean spectra."),
    ] = None,
    spectrum: Annotated[
        bool, typer.Option("--spectrum", help="The spectrum in log bins; with --json whole, too.")
    ] = False,
    spectrum_to: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Write the whole spectrum.")
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html|png", help="Draw waveform, spectrum, and velocity in its zones."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Run a recording through the code that runs on the nodes, and check what it says.

    Each value stands beside the one that its definition gives in float64 for the same samples.
    Ends with 1 when one is out of its tolerance.
    """
    if unit in UNITS and UNITS[unit][0] != "g":
        raise BadInput(f"--unit {unit}: {_NO_CURRENTS}")
    wish = asked(bands or (), machine, shaft_hz)
    its_bearing = asked_bearing(orders, bearing, shaft_error)
    many = parse_blocks(blocks)
    if window is not None:
        examine.check_window(window)
    csv = None if spectrum_to is None else csv_target(spectrum_to)
    drawing = None if plot is None else Drawing(plot)
    chosen = offline.choose_runtime(runtime, interpreter)
    recording = read(
        file,
        rate_hz=rate_hz,
        scale=scale,
        unit=unit,
        channel=channel or None,
        variable=variable,
        start=start,
        count=window if many == 1 else None,
        least=examine.LEAST_WINDOW,
    )
    if recording.unit != "g":
        raise BadInput(f"{file}: its header says {recording.source.unit}: {_NO_CURRENTS}")
    many, window = plan_blocks(len(recording.samples), many, window)
    recording = recording.first(many * window)  # of ten minutes, 4096 samples may be all
    wish.check(recording.rate_hz, window)
    if chosen.note and runtime is None:
        err().print(chosen.note, markup=False, soft_wrap=True)
    digits = examine.to_digits(recording, recording.source.unit)
    found = study(
        recording,
        digits,
        wish,
        chosen,
        backend=backend,
        window=window,
        blocks=many,
    )
    if its_bearing is not None:
        bearings = study_bearing(
            digits,
            recording.rate_hz,
            recording.channels,
            its_bearing,
            shaft_hz,
            chosen,
            backend=backend,
            window=window,
            blocks=many,
        )
        found = replace(found, channels=with_bearings(found.channels, bearings), bearing=bearings)
    if csv is not None:
        csv.write(csv_text(found.spectra))
    if drawing is not None:
        drawing.write(found)
    if as_json:
        print_json(found.as_dict(with_spectra=spectrum))
    else:
        features_view.show(found, with_spectra=spectrum)
    if not found.ok:
        raise typer.Exit(exits.FAILED)
