"""Each channel's velocity as a bar over the zones, in HTML around stretched SVGs."""

from nodewright.page.axis import Axis
from nodewright.page.curve import UNITS
from nodewright.page.markup import Markup, lines, tag
from nodewright.plot.panels import Severity, Sheet, severity_text, velocity_title

_BAR_TOP, _BAR_HEIGHT = 0.55, 0.3  # of a row, whose upper half has the words
_NEAR_END = 0.97


def severity_figure(sheet: Sheet) -> Markup:
    """The rows of all channels, the zones' letters above, the velocities below."""
    across = sheet.velocity
    rows = [_row(severity, across, sheet.limits) for severity in sheet.severities]
    ticks = [
        tag(
            "span",
            across.text(value),
            class_="end" if across.share(value) > _NEAR_END else None,
            style=f"left:{100 * across.share(value):.2f}%",
        )
        for value in across.ticks
    ]
    below = tag("div", ticks, class_="across", aria_hidden="true")
    return tag(
        "div",
        _letters(across, sheet.limits),
        lines(rows),
        tag("div", below, class_="plot severity"),
        tag("figcaption", velocity_title(sheet)[0].upper() + velocity_title(sheet)[1:] + "."),
    )


def _edges(across: Axis, limits: tuple[float, float, float]) -> list[tuple[str, float, float]]:
    """(zone, from, to) as shares of the width."""
    places = [0.0, *(across.share(limit) for limit in limits), 1.0]
    return list(zip("ABCD", places[:-1], places[1:], strict=True))


def _letters(across: Axis, limits: tuple[float, float, float] | None) -> Markup | None:
    if limits is None:
        return None
    words = [
        tag("span", letter, style=f"left:{50 * (low + high):.2f}%")
        for letter, low, high in _edges(across, limits)
    ]
    return tag("div", words, class_="marks", aria_hidden="true")


def _row(severity: Severity, across: Axis, limits: tuple[float, float, float] | None) -> Markup:
    zones = [
        tag(
            "rect",
            x=f"{UNITS * low:.1f}",
            y="0",
            width=f"{UNITS * (high - low):.1f}",
            height=str(UNITS),
            class_=f"zone {letter.lower()}",
        )
        for letter, low, high in (_edges(across, limits) if limits else ())
    ]
    drawing = tag(
        "svg",
        zones,
        _bar(severity, across),
        viewBox=f"0 0 {UNITS} {UNITS}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{severity.channel}: velocity {severity_text(severity)}",
    )
    return tag(
        "div",
        tag("div", tag("span", severity.channel), class_="up", aria_hidden="true"),
        tag(
            "div",
            drawing,
            tag("span", severity_text(severity), class_="corner", aria_hidden="true"),
            class_="area",
        ),
        class_="plot severity",
    )


def _bar(severity: Severity, across: Axis) -> list[Markup]:
    if severity.mm_s is None:
        return []
    bar = tag(
        "rect",
        x="0",
        y=f"{UNITS * _BAR_TOP:.0f}",
        width=f"{UNITS * across.share(severity.mm_s):.1f}",
        height=f"{UNITS * _BAR_HEIGHT:.0f}",
        class_="bar",
    )
    if severity.low is None or severity.high is None:
        return [bar]
    first, last = (UNITS * across.share(value) for value in (severity.low, severity.high))
    middle = UNITS * (_BAR_TOP + _BAR_HEIGHT / 2)
    line = tag("path", d=f"M{first:.1f} {middle:.0f}H{last:.1f}", class_="spread")
    return [bar, line]
