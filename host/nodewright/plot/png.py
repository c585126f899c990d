"""The sheet as a PNG, by matplotlib; decision 0010 says why by it."""

import io
from textwrap import fill
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from nodewright.page.axis import Axis
from nodewright.page.model import Mark
from nodewright.plot.bearing import BearingSheet
from nodewright.plot.panel import Panel
from nodewright.plot.panels import Sheet, severity_text, velocity_title

_WIDTH_IN, _ROW_IN, _BAR_IN, _HEAD_IN = 9.0, 1.55, 0.42, 0.75
_DPI = 140
_LINE = 120  # characters
_LABEL_SHARE = 0.025  # of the width, from one label to the next
_INK, _SOFT, _GRID, _CURVE, _SHAFT = "#1b2327", "#55626a", "#e8ecee", "#1d5a86", "#7d8b93"
_PART, _LEVEL = "#9a5b00", "#b3261e"
ZONE_COLOURS = ("#dcefe2", "#eef3d2", "#fae5c3", "#f6d3d3")


def draw(sheet: Sheet) -> bytes:
    """The bytes of the file.  The user's own matplotlibrc changes nothing."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"font.size": 8, "text.parse_math": False, "axes.edgecolor": "#d9dfe2"}
        )
        figure = _figure(sheet)
        stream = io.BytesIO()
        FigureCanvasAgg(figure)
        metadata = {"Software": "Nodewright", "Title": _ascii(sheet.title)}
        figure.savefig(stream, format="png", metadata=metadata)
    return stream.getvalue()


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def _figure(sheet: Sheet) -> Figure:
    rows = len(sheet.waveforms)
    bars_in = 0.55 + _BAR_IN * rows
    bearings = sheet.bearing.panels if sheet.bearing else ()
    height_in = _HEAD_IN + _ROW_IN * (2 * rows + len(bearings)) + bars_in + 1.1
    figure = Figure(figsize=(_WIDTH_IN, height_in), dpi=_DPI, layout="constrained")
    ratios = [_ROW_IN] * (2 * rows) + [bars_in] + [_ROW_IN] * len(bearings)
    grid = figure.add_gridspec(len(ratios), 1, height_ratios=ratios)
    figure.suptitle(
        f"{_short(sheet.title)}\n{sheet.subtitle}", x=0.02, ha="left", size=10, color=_INK
    )
    for index, panel in enumerate(sheet.waveforms):
        axes = figure.add_subplot(grid[index])
        _curve(axes, panel)
        if index == rows - 1:
            axes.set_xlabel("time, s", color=_SOFT)
    for index, panel in enumerate(sheet.spectra):
        axes = figure.add_subplot(grid[rows + index])
        _marks(axes, sheet.marks, panel.across, labels=index == 0)
        _curve(axes, panel)
        if index == rows - 1:
            axes.set_xlabel(_spectrum_text(sheet), color=_SOFT)
    _severities(figure.add_subplot(grid[2 * rows]), sheet)
    for index, panel in enumerate(bearings):
        _bearing(figure.add_subplot(grid[2 * rows + 1 + index]), panel, sheet.bearing, index)
    return figure


def _bearing(axes: Axes, panel: Panel, sheet: BearingSheet | None, index: int) -> None:
    """The envelope's spectrum of a channel; the verdict stands below the last one."""
    assert sheet is not None
    _marks(axes, sheet.marks, panel.across, labels=index == 0)
    axes.axhline(sheet.level, color=_LEVEL, linewidth=0.9, linestyle=(0, (7, 4)))
    _curve(axes, panel, "×")
    if panel is sheet.panels[-1]:
        text = fill(sheet.sentence, _LINE)
        axes.set_xlabel(f"envelope spectrum, Hz, times its surroundings\n{text}", color=_SOFT)


def _marks(axes: Axes, marks: tuple[Mark, ...], across: Axis, labels: bool) -> None:
    """The lines of all marks, and the names of as many as have room, the first ones first."""
    taken: list[tuple[float, float]] = []
    for mark in marks:
        strong = mark.kind == "part"
        style: Any = "solid" if strong else (0, (3, 3))
        colour = _PART if strong else _SHAFT
        axes.axvline(mark.frequency_hz, color=colour, linewidth=0.8, linestyle=style)
        at, half = across.share(mark.frequency_hz), _LABEL_SHARE * len(mark.name) / 4
        if labels and all(abs(at - other) > half + its for other, its in taken):
            taken.append((at, half))
            _above(axes, mark.name, mark.frequency_hz)


def _above(axes: Axes, text: str, at: float) -> None:
    axes.annotate(
        text,
        (at, 1.0),
        xytext=(0, 2),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        ha="center",
        size=7,
        color=_SOFT,
    )


def _spectrum_text(sheet: Sheet) -> str:
    mean = f", mean of {sheet.blocks} blocks" if sheet.blocks > 1 else ""
    return f"frequency, Hz (peak amplitude, Hann window, bins of {sheet.bin_hz:.3g} Hz{mean})"


def _curve(axes: Axes, panel: Panel, unit: str = "g") -> None:
    axes.plot(panel.x, panel.y, color=_CURVE, linewidth=0.8)
    axes.set_xlim(panel.across.low, panel.across.high)
    axes.set_ylim(panel.up.low, panel.up.high)
    _ticks(axes, panel)
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_ylabel(unit, color=_SOFT)
    box: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.8}
    axes.annotate(
        _short(panel.channel),
        (0.008, 0.95),
        xycoords="axes fraction",
        va="top",
        weight="bold",
        bbox=box,
    )
    axes.annotate(
        panel.note,
        (0.992, 0.95),
        xycoords="axes fraction",
        va="top",
        ha="right",
        color=_SOFT,
        bbox=box,
    )


def _ticks(axes: Axes, panel: Panel) -> None:
    across, up = panel.across, panel.up
    axes.set_xticks(across.ticks, [across.text(value) for value in across.ticks])
    axes.set_yticks(up.ticks, [up.text(value) for value in up.ticks])
    axes.tick_params(colors=_SOFT, length=2)


def _severities(axes: Axes, sheet: Sheet) -> None:
    """A bar a channel over the zones."""
    across = sheet.velocity
    if sheet.limits is not None:
        _zones(axes, across, sheet.limits)
    for index, severity in enumerate(sheet.severities):
        if severity.mm_s is not None:
            axes.barh(index, severity.mm_s, height=0.5, color=_CURVE)
            if severity.low is not None and severity.high is not None:
                axes.plot([severity.low, severity.high], [index] * 2, color=_INK, linewidth=2)
        axes.annotate(
            severity_text(severity),
            (severity.mm_s or 0.0, index),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=7,
            color=_INK,
        )
    axes.set_yticks(range(len(sheet.severities)), [_short(s.channel) for s in sheet.severities])
    axes.set_ylim(len(sheet.severities) - 0.4, -0.6)
    axes.set_xlim(across.low, across.high)
    axes.set_xticks(across.ticks, [across.text(value) for value in across.ticks])
    axes.tick_params(colors=_SOFT, length=2)
    axes.set_xlabel(velocity_title(sheet), color=_SOFT)


def _zones(axes: Axes, across: Axis, limits: tuple[float, float, float]) -> None:
    edges = (0.0, *limits, across.high)
    for letter, low, high, colour in zip("ABCD", edges, edges[1:], ZONE_COLOURS, strict=False):
        axes.axvspan(low, high, color=colour, zorder=0)
        _above(axes, letter, (low + high) / 2)


def _short(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
