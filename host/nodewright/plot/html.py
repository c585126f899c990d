"""The sheet and all values as one self-contained page, by the means of the demo's page."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from nodewright.examine import Channel, Point
from nodewright.page.document import shell
from nodewright.page.markup import Child, Markup, lines, tag
from nodewright.page.model import Fact
from nodewright.page.plot import mark_labels, plot
from nodewright.page.tables import cell, facts, head, numeric, row, table
from nodewright.page.words import number, small, title, unit
from nodewright.plot.bearing import BearingSheet
from nodewright.plot.curves import curve_of
from nodewright.plot.panel import Panel
from nodewright.plot.panels import Sheet
from nodewright.plot.severity import severity_figure
from nodewright.reasons import words
from nodewright.study import Study
from nodewright.study_envelope import FAULT, FAULTS
from wire import iso20816


@cache
def _style() -> str:
    return (files("nodewright.plot") / "style.css").read_text(encoding="utf-8")


def build(study: Study, sheet: Sheet) -> str:
    """The page.  The same data gives the same text."""
    body = [
        _header(study, sheet),
        tag(
            "main",
            lines(
                [
                    _bearing(sheet.bearing),
                    _figure("Velocity", [severity_figure(sheet)]),
                    tag("div", _waveforms(sheet), _spectra(sheet), class_="pair figures"),
                    tag("h2", "Values"),
                    *(_values(channel, study.blocks) for channel in study.channels),
                    _reasons(study),
                    tag("h2", "The record"),
                    facts(_facts(study)),
                ]
            ),
        ),
    ]
    return shell(f"Nodewright features: {sheet.title}", body, _style())


def _header(study: Study, sheet: Sheet) -> Markup:
    bad, zone = study.out_of_tolerance, study.zone
    verdict = (
        f"{bad} of {len(study.points)} values are out of tolerance"
        if bad
        else "Every value that is judged is within tolerance"
    )
    said = "" if zone is None else f"Zone {zone[0]}. "
    fault = study.bearing.fault if study.bearing else None
    if fault:
        said += f"A fault of the bearing's {fault}. "
    return tag(
        "header",
        tag("p", "Nodewright features", class_="kicker"),
        tag("h1", f"{sheet.title}: {said}{verdict}.", class_=_verdict_class(study)),
        tag("p", f"{sheet.subtitle}. {study.withheld} values are withheld."),
        tag(
            "p",
            "The values are those of the code that runs on the nodes, here on "
            f"{study.runtime} with its {study.backend} kernels; the reference is each "
            "definition again in float64 over the same samples.",
        ),
    )


def _verdict_class(study: Study) -> str | None:
    """Green for a machine that is well and values that are right, red for the opposite of one."""
    letter = study.zone[0] if study.zone else "A"
    if study.out_of_tolerance or letter == "D" or (study.bearing and study.bearing.fault):
        return "bad"
    return "good" if letter in "AB" else None


def _figure(name: str, inside: Sequence[Child], caption: str = "") -> Markup:
    words_below = tag("figcaption", caption) if caption else None
    return tag("figure", tag("h4", name), lines(inside), words_below)


def _waveforms(sheet: Sheet) -> Markup:
    across = sheet.waveforms[0].across
    plots = [
        _plot(panel, "time, s" if panel is sheet.waveforms[-1] else "")
        for panel in sheet.waveforms
    ]
    return _figure("Waveforms", [mark_labels((), across), *plots], "Axes to one scale.")


def _spectra(sheet: Sheet) -> Markup:
    across = sheet.spectra[0].across
    plots = [
        plot(
            curve=curve_of(panel),
            across=panel.across,
            up=panel.up,
            label=panel.label,
            corner=panel.channel,
            note=panel.note,
            marks=sheet.marks,
            axis_text="frequency, Hz" if panel is sheet.spectra[-1] else "",
            unit="g",
        )
        for panel in sheet.spectra
    ]
    mean = f", mean power of {sheet.blocks} blocks" if sheet.blocks > 1 else ""
    caption = f"Amplitude (peak g): Hann window, bins of {sheet.bin_hz:.3g} Hz{mean}."
    if sheet.marks:
        marked = ", ".join(f"{mark.name} {mark.frequency_hz:.4g}" for mark in sheet.marks)
        caption += f" Dashed: orders of the shaft, {marked} Hz."
    return _figure("Spectra", [mark_labels(sheet.marks, across), *plots], caption)


def _bearing(sheet: BearingSheet | None) -> Markup | None:
    """The envelope's spectra, with the verdict above them."""
    if sheet is None:
        return None
    plots = [
        plot(
            curve=curve_of(panel),
            across=panel.across,
            up=panel.up,
            label=panel.label,
            corner=panel.channel,
            note=panel.note,
            marks=sheet.marks,
            axis_text="frequency, Hz" if panel is sheet.panels[-1] else "",
            unit="×",
            level=sheet.level,
        )
        for panel in sheet.panels
    ]
    labels = mark_labels(sheet.marks, sheet.panels[0].across)
    figure = _figure("Envelope spectrum", [labels, *plots], sheet.caption)
    return lines([tag("p", sheet.sentence), figure])


def _plot(panel: Panel, axis_text: str) -> Markup:
    return plot(
        curve=curve_of(panel),
        across=panel.across,
        up=panel.up,
        label=panel.label,
        corner=panel.channel,
        note=panel.note,
        axis_text=axis_text,
        unit="g",
    )


def _values(channel: Channel, blocks: int) -> Markup:
    spread = ["Spread#"] if blocks > 1 else []
    columns = head("Value", "Node#", *spread, "Reference#", "Unit", "Deviation#", "Validity")
    rows = [_row(channel, point, blocks) for point in channel.points]
    caption = f"Channel {channel.name}" + (f", medians of {blocks} blocks" if blocks > 1 else "")
    return table(caption, columns, [tag("tbody", lines(rows))])


def _row(channel: Channel, point: Point, blocks: int) -> Markup:
    name = [title(point.key), " ", tag("code", point.key)]
    cells = [numeric(_value(point))]
    if blocks > 1:
        cells.append(numeric(_spread(channel, point.key)))
    cells += [
        numeric("–" if point.reference is None else text_of(point.key, point.reference)),
        cell(unit(point.unit)),
        numeric("–" if point.deviation is None else small(point.deviation)),
        tag("td", _validity(point), class_=_class(point)),
    ]
    return row(name, *cells, class_="out" if point.ok is False else None)


def _spread(channel: Channel, key: str) -> str:
    spread = channel.spreads.get(key)
    return f"{text_of(key, spread.low)} to {text_of(key, spread.high)}" if spread else "–"


def text_of(key: str, value: float) -> str:
    """A value as it is written; a zone by its letter, a fault by its race."""
    if key == FAULT:
        return FAULTS[int(value)]
    return iso20816.ZONES[int(value)] if key == "zone" else number(value)


def _value(point: Point) -> Child:
    if point.value is None:
        return "withheld"
    if point.key in ("zone", FAULT):
        return text_of(point.key, point.value)
    return tag("data", number(point.value), value=repr(point.value))


def _validity(point: Point) -> str:
    said = [words(reason) for reason in (point.withheld, point.marked) if reason]
    said += [point.note] if point.note else []
    if point.ok is False:
        return "✗ " + ("; ".join(said) or "out of tolerance")
    if point.withheld:
        return "– " + "; ".join(said)
    if point.marked or point.ok is None:
        return "! " + ("; ".join(said) or "not judged")
    return "✓ " + ("; ".join(said) or "valid")


def _class(point: Point) -> str:
    if point.ok is False:
        return "bad"
    if point.withheld or point.marked or point.ok is None:
        return "marked"
    return "good"


def _reasons(study: Study) -> Markup | None:
    if not study.reasons:
        return None
    items = [
        tag("div", tag("dt", words(reason)), tag("dd", sentence))
        for reason, sentence in study.reasons.items()
    ]
    return lines([tag("h3", "What the reasons mean"), tag("dl", lines(items), class_="words")])


def _facts(study: Study) -> list[Fact]:
    record = study.record()
    channels = ", ".join(record["channels"])
    found = [
        Fact("File", study.recording.source.path.name),
        Fact("SHA-256", record["sha256"], code=True),
        Fact("Rate", f"{record['rate_hz']:g} Hz"),
        Fact("Samples", f"from {record['start']}, {study.blocks} × {study.window}"),
        Fact("Channels", channels),
        Fact("Digits", record["digits"]),
        Fact("Definitions", f"version {record['definitions']}"),
    ]
    found += [Fact("Note", note) for note in record["notes"]]
    return found
