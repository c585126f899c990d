"""What `nodewright features` prints where no JSON is asked for; fits 80 columns."""

import numpy as np
from rich.table import Column, Table
from rich.text import Text

from nodewright import several
from nodewright.cli import bearing_view
from nodewright.cli.output import out
from nodewright.examine import Channel, Point
from nodewright.reasons import words
from nodewright.spectra import ChannelSpectrum
from nodewright.study import Study
from nodewright.study_envelope import FAULT, FAULTS
from wire import iso20816

_BAR = 30  # characters of the spectrum's longest bar
_BAR_DB = 60.0  # which it stands for


def show(study: Study, with_spectra: bool) -> None:
    """The tables of all channels, what the reasons mean, the zone, and a line of verdict."""
    screen = out()
    for line in _head(study):
        screen.print(line, markup=False, soft_wrap=True)
    for channel in study.channels:
        screen.print(_table(channel, study.blocks))
    if with_spectra:
        for spectrum in study.spectra:
            screen.print(_spectrum(spectrum))
    if study.bearing is not None:
        bearing_view.show(study.bearing)
    for reason, sentence in study.reasons.items():
        screen.print(f"{words(reason)}: {sentence}", style="yellow", markup=False)
    zone = zone_text(study)
    if zone:
        screen.print(zone, markup=False, soft_wrap=True)
    screen.print(verdict(study), style="green" if study.ok else "red", markup=False)


def verdict(study: Study) -> str:
    """One line on all values."""
    bad, held = study.out_of_tolerance, study.withheld
    text = "all within tolerance"
    if bad:
        text = f"{bad} of {len(study.points)} values out of tolerance"
    return text + (f", {held} withheld" if held else "")


def zone_text(study: Study) -> str:
    """The zone of the point, in words; "" where no machine was given."""
    machine, zone = study.asked.machine, study.zone
    if machine is None:
        return ""
    name = f"ISO 20816-3, group {machine[0]}, {machine[1]}"
    if zone is None:
        return f"{name}: no zone, since it is withheld"
    letter, channel, velocity = zone
    limits = "/".join(f"{limit:g}" for limit in iso20816.limits(*machine))
    return (
        f"{name}: zone {letter}, by the worst direction, {channel} with {velocity:.3g} mm/s "
        f"(limits {limits})"
    )


def _head(study: Study) -> list[str]:
    record = study.record()
    last = record["start"] + record["window"] * study.blocks - 1
    many = "" if study.blocks == 1 else f"{study.blocks} blocks of "
    text = (
        f"{record['path']}: {record['rate_hz']:g} Hz, samples {record['start']} to {last} "
        f"({many}{record['seconds']:.4g} s), {record['digits']}"
    )
    code = f"the node's code: {study.backend} on {study.runtime}"
    notes = [f"note: {note}" for note in record["notes"]]
    if study.blocks > 1:
        notes.append(f"values: medians of the blocks; spread: {several.INTERVAL} of them")
    return [text, *notes, code]


def _table(channel: Channel, blocks: int) -> Table:
    numbers = ["value", "spread"] if blocks > 1 else ["value"]
    numbers += ["reference", "deviation"] + ([] if blocks > 1 else ["tolerance"])
    table = Table(
        Column("feature", no_wrap=True),
        "unit",
        *(Column(n, justify="right", no_wrap=n != "spread") for n in numbers),
        Column("validity", min_width=15),
        title=Text(f"channel {channel.name}", style="bold"),
        title_justify="left",
        box=None,  # room for the validity on 80 columns
        collapse_padding=True,
    )
    for point in channel.points:
        digits = 6 if blocks == 1 else 5
        cells: list[str | Text] = [_value(point, digits)]
        if blocks > 1:
            cells.append(_spread(channel, point))
        cells += [_text(point.key, point.reference, digits), _number(point.deviation, 2)]
        if blocks == 1:
            cells.append(_number(point.tolerance, 2))
        unit = "" if point.unit == "1" else point.unit
        table.add_row(point.key, unit, *cells, validity(point))
    return table


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}g}"


def _text(key: str, value: float | None, digits: int) -> str:
    """A value; a zone by its letter, a fault by its race."""
    if key == "zone" and value is not None:
        return iso20816.ZONES[int(value)]
    if key == FAULT and value is not None:
        return FAULTS[int(value)]
    return _number(value, digits)


def _spread(channel: Channel, point: Point) -> str:
    spread = channel.spreads.get(point.key)
    if spread is None:
        return "–"
    return f"{_text(point.key, spread.low, 3)} to {_text(point.key, spread.high, 3)}"


def _value(point: Point, digits: int) -> str | Text:
    if point.withheld:
        return Text("withheld", style="yellow")
    return _text(point.key, point.value, digits)


def validity(point: Point) -> Text:
    """Whether a value counts, and why not."""
    reasons = [words(reason) for reason in (point.withheld, point.marked) if reason]
    said = [*reasons, *([point.note] if point.note else [])]
    if point.ok is False:
        if point.reference_withheld:
            said.append(f"the reference withholds it: {words(point.reference_withheld)}")
        return Text("; ".join(said) or "out of tolerance", style="bold red")
    if point.ok and not point.withheld:
        style = "yellow" if point.marked else "green"
        return Text(": ".join(["ok", *said]), style=style)
    return Text("; ".join(said), style="yellow")


def _spectrum(spectrum: ChannelSpectrum) -> Table:
    """The log bins as a node sends them, each with a bar of its level below the strongest."""
    edges_hz, rms_g = spectrum.edges_hz, spectrum.log_rms_g
    mean = f", mean of {spectrum.blocks} blocks" if spectrum.blocks > 1 else ""
    table = Table(
        Column("from Hz", justify="right"),
        Column("to Hz", justify="right"),
        Column("RMS g", justify="right"),
        Column(f"{_BAR_DB:g} dB", no_wrap=True),
        title=Text(f"spectrum of channel {spectrum.channel}{mean}", style="bold"),
        title_justify="left",
        box=None,
        collapse_padding=True,
    )
    top = float(rms_g.max())
    for low, high, level in zip(edges_hz[:-1], edges_hz[1:], rms_g, strict=True):
        below_db = -20.0 * np.log10(level / top) if level > 0.0 else _BAR_DB
        bar = "█" * max(0, round(_BAR * (1.0 - below_db / _BAR_DB)))
        table.add_row(f"{low:.4g}", f"{high:.4g}", f"{level:.3g}", bar)
    return table
