"""What is drawn, as data: HTML and PNG show the same curves, scales, marks and words."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nodewright import several
from nodewright.examine import Channel
from nodewright.page.axis import Axis, axis
from nodewright.page.curve import crests, envelope
from nodewright.page.model import Mark
from nodewright.plot.bearing import BearingSheet, bearing_sheet
from nodewright.plot.panel import Panel
from nodewright.reasons import words
from nodewright.reference.lines import strongest_lines
from nodewright.spectra import ChannelSpectrum
from nodewright.study import Study
from wire import iso20816

_LEAST_SPAN_G = 0.01  # a silent record gets a flat line, not its last digit blown up
_HEADROOM = 1.15
_ROWS, _COLUMNS = 3, 5
_MINUS = "\N{MINUS SIGN}"
_ORDERS = (1, 2, 3, 4, 5)
_LEAST_VELOCITY_MM_S = 1.0


@dataclass(frozen=True)
class Severity:
    """The velocity of one channel; mm_s None where it is withheld, for the reason.

    low, high: its spread over blocks; zone: A to D, None where none is told; mark: the
    reservation that it holds with.
    """

    channel: str
    mm_s: float | None
    low: float | None
    high: float | None
    zone: str | None
    reason: str | None
    mark: str | None


@dataclass(frozen=True)
class Sheet:
    """All panels.  limits: A/B, B/C, C/D in mm/s, None where no machine was given; bearing: None
    where none was asked for."""

    title: str
    subtitle: str
    blocks: int
    bin_hz: float
    shaft_hz: float | None
    waveforms: tuple[Panel, ...]
    spectra: tuple[Panel, ...]
    marks: tuple[Mark, ...]
    severities: tuple[Severity, ...]
    velocity: Axis
    machine: str
    limits: tuple[float, float, float] | None
    bearing: BearingSheet | None = None


def severity_text(severity: Severity) -> str:
    """A channel's velocity in words."""
    if severity.mm_s is None:
        return f"withheld: {words(severity.reason or 'silent')}"
    zone = "" if severity.zone is None else f", zone {severity.zone}"
    mark = "" if severity.mark is None else f" ({words(severity.mark)})"
    return f"{severity.mm_s:.3g} mm/s{zone}{mark}"


def velocity_title(sheet: Sheet) -> str:
    """What the velocities are held against."""
    spread = f"; line: {several.INTERVAL} of the blocks" if sheet.blocks > 1 else ""
    if sheet.limits is None:
        return f"velocity RMS, mm/s; no zones: no machine was given{spread}"
    return f"velocity RMS, mm/s, and the zones of ISO 20816-3, {sheet.machine}{spread}"


def sheet_of(study: Study) -> Sheet:
    """The panels of a study."""
    machine, rate_hz = study.asked.machine, study.recording.rate_hz
    limits = None if machine is None else iso20816.limits(*machine)
    severities = tuple(_severity(channel) for channel in study.channels)
    speed_hz = study.shaft_hz
    half_hz = rate_hz / 2
    marks = (
        ()
        if speed_hz is None
        else tuple(
            Mark(f"{order}×", order * speed_hz, "shaft")
            for order in _ORDERS
            if order * speed_hz < half_hz
        )
    )
    seconds = study.window / rate_hz
    many = f"{study.blocks} blocks of " if study.blocks > 1 else ""
    return Sheet(
        # Its folder is nobody's business who gets the picture.
        title=Path(study.recording.source.path).name,
        subtitle=f"{many}{study.window} samples at {rate_hz:g} Hz ({seconds:.4g} s)"
        + ("" if speed_hz is None else f", shaft {speed_hz:.4g} Hz ({60 * speed_hz:.0f} rpm)"),
        blocks=study.blocks,
        bin_hz=rate_hz / study.window,
        shaft_hz=speed_hz,
        waveforms=_waveforms(study),
        spectra=_spectra(study.spectra),
        marks=marks,
        severities=severities,
        velocity=_velocity_axis(severities, limits),
        machine="" if machine is None else f"group {machine[0]}, {machine[1]} support",
        limits=limits,
        bearing=None if study.bearing is None else bearing_sheet(study.bearing),
    )


def _waveforms(study: Study) -> tuple[Panel, ...]:
    """Each channel over time, all to one scale, each about its own middle."""
    samples, rate_hz = study.samples_g, study.recording.rate_hz
    first = study.recording.source.start
    time_s = (first + np.arange(len(samples))) / rate_hz
    across = axis(float(time_s[0]), float(time_s[0]) + len(samples) / rate_hz, _COLUMNS)
    lows, highs = samples.min(axis=0), samples.max(axis=0)
    half_g = _HEADROOM * max(float((highs - lows).max()), _LEAST_SPAN_G) / 2
    panels = []
    for index, channel in enumerate(study.recording.channels):
        low, high = float(lows[index]), float(highs[index])
        middle = (low + high) / 2
        x, y = envelope(time_s, samples[:, index])
        said = f"{low:.3g} to {high:.3g} g".replace("-", _MINUS)
        label = f"{channel}: acceleration from {said} over {len(samples) / rate_hz:.3g} s"
        up = axis(middle - half_g, middle + half_g, _ROWS)
        panels.append(Panel(channel, x, y, across, up, said, label))
    return tuple(panels)


def _spectra(spectra: tuple[ChannelSpectrum, ...]) -> tuple[Panel, ...]:
    """Each channel over frequency, all to one scale."""
    top_g = max(*(float(s.amplitude_g.max()) for s in spectra), _LEAST_SPAN_G / 10)
    up = axis(0.0, _HEADROOM * top_g, _ROWS)
    panels = []
    for spectrum in spectra:
        across = axis(0.0, spectrum.bin_hz * len(spectrum.amplitude_g), _COLUMNS)
        lines = strongest_lines(several.spectrum_of_mean(spectrum.amplitude_g, spectrum.bin_hz))
        found = [line for line in lines if line.amplitude_g > 0.0]
        peak = (
            f"{found[0].amplitude_g:.3g} g at {found[0].frequency_hz:.4g} Hz"
            if found
            else "no line"
        )
        label = f"{spectrum.channel}: amplitude spectrum up to {across.high:.4g} Hz; {peak}"
        x, y = crests(spectrum.frequency_hz, spectrum.amplitude_g)
        panels.append(Panel(spectrum.channel, x, y, across, up, peak, label))
    return tuple(panels)


def _severity(channel: Channel) -> Severity:
    points = {point.key: point for point in channel.points}
    velocity, zone = points["vel_rms_mm_s"], points["zone"].value
    spread = channel.spreads.get("vel_rms_mm_s")
    return Severity(
        channel.name,
        velocity.value,
        spread.low if spread else None,
        spread.high if spread else None,
        None if zone is None else iso20816.ZONES[int(zone)],
        velocity.withheld,
        velocity.marked,
    )


def _velocity_axis(
    severities: tuple[Severity, ...], limits: tuple[float, float, float] | None
) -> Axis:
    """From 0 to beyond the greatest velocity and the limit of zone D."""
    found = [value for s in severities for value in (s.mm_s, s.high) if value is not None]
    top = max([_LEAST_VELOCITY_MM_S, *found, *((limits[-1] * 1.2,) if limits else ())])
    return axis(0.0, 1.1 * top, _COLUMNS)
