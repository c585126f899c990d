"""The two figures of a node: its last record over time, and that record's amplitude spectrum."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nodewright.page.axis import axis
from nodewright.page.curve import crests, envelope, path
from nodewright.page.markup import Child, Markup, lines, tag
from nodewright.page.model import LastRecord, Mark
from nodewright.page.plot import mark_labels, plot
from nodewright.reference.lines import strongest_lines
from nodewright.reference.spectrum import Spectrum, spectrum_of

_LEAST_SPAN = 0.01  # a silent record gets a flat line, not its last digit blown up
_HEADROOM = 1.15
_ROWS, _COLUMNS = 3, 5
_QUANTITIES = {"g": "acceleration", "A": "current"}


def waveforms(node: str, record: LastRecord) -> Markup:
    """Each axis over time, all to one scale, each about its own mean."""
    unit, what = record.unit, _QUANTITIES[record.unit]
    samples, rate_hz = record.samples, record.rate_hz
    count = len(samples)
    time_s = np.arange(count) / rate_hz
    across = axis(0.0, count / rate_hz, _COLUMNS)
    lows, highs = samples.min(axis=0), samples.max(axis=0)
    half = _HEADROOM * max(float((highs - lows).max()), _LEAST_SPAN) / 2
    plots = []
    for index, channel in enumerate(record.channels):
        values = samples[:, index]
        low, high = float(lows[index]), float(highs[index])
        middle = (low + high) / 2
        up = axis(middle - half, middle + half, _ROWS)
        last = index == len(record.channels) - 1
        plots.append(
            plot(
                curve=path(*envelope(time_s, values), across, up),
                across=across,
                up=up,
                label=f"{node}, {channel}: {what} from {low:.4g} to {high:.4g} {unit}, "
                f"mean {values.mean():.4g} {unit}, over {count / rate_hz:.3g} s",
                corner=channel,
                axis_text="time, s" if last else "",
                unit=unit,
            )
        )
    caption = (
        f"Waveforms of {record.name}: {count} samples at {rate_hz:.6g} Hz, axes to one scale."
    )
    return _figure("Waveforms", mark_labels((), across), plots, [caption])


def spectra(node: str, record: LastRecord, marks: tuple[Mark, ...]) -> Markup:
    """Each axis over frequency, all to one scale, with the lines that one would look for."""
    unit = record.unit
    found = [
        spectrum_of(np.ascontiguousarray(record.samples[:, index]), record.rate_hz)
        for index in range(len(record.channels))
    ]
    bin_hz = found[0].bin_hz
    across = axis(0.0, record.rate_hz / 2, _COLUMNS)
    top = _HEADROOM * max(*(float(_amplitude(s).max()) for s in found), _LEAST_SPAN / 10)
    up = axis(0.0, top, _ROWS)
    plots = []
    for index, (channel, spectrum) in enumerate(zip(record.channels, found, strict=True)):
        peak = _peak_text(spectrum, unit)
        last = index == len(record.channels) - 1
        plots.append(
            plot(
                curve=path(*crests(*_curve(spectrum)), across, up),
                across=across,
                up=up,
                label=f"{node}, {channel}: amplitude spectrum up to {across.high:.4g} Hz; {peak}",
                corner=channel,
                note=peak,
                marks=marks,
                axis_text="frequency, Hz" if last else "",
                unit=unit,
            )
        )
    caption = (
        f"Amplitude spectra (peak {unit}) of the same samples: "
        f"Hann window, bins of {bin_hz:.3g} Hz."
    )
    inside = tuple(mark for mark in marks if mark.frequency_hz < across.high)
    return _figure("Spectra", mark_labels(inside, across), plots, [caption, _legend(inside)])


def _amplitude(spectrum: Spectrum) -> NDArray[np.float64]:
    return spectrum.amplitude_g[: spectrum.half]


def _curve(spectrum: Spectrum) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    level = _amplitude(spectrum)
    return np.arange(len(level), dtype=np.float64) * spectrum.bin_hz, level


def _peak_text(spectrum: Spectrum, unit: str) -> str:
    found = strongest_lines(spectrum)
    if not found:
        return "no line"
    return f"{found[0].amplitude_g:.3g} {unit} at {found[0].frequency_hz:.4g} Hz"


def _legend(marks: tuple[Mark, ...]) -> list[Markup]:
    """What the marked frequencies are, in words: not by colour alone."""
    said = []
    for kind, what in (("shaft", "Shaft"), ("part", "Parts")):
        words = [f"{m.name} {m.frequency_hz:.4g}" for m in marks if m.kind == kind]
        if words:
            said.append(tag("span", f"{what}: {', '.join(words)} Hz.", class_=f"key {kind}"))
    return [Markup(" "), *said] if said else []


def _figure(title: str, above: Markup, plots: list[Markup], caption: Sequence[Child]) -> Markup:
    return tag("figure", tag("h4", title), above, lines(plots), tag("figcaption", caption))
