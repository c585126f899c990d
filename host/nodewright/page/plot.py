"""One plot: an SVG that is stretched to its place, with its words in HTML around it.

Words outside keep their size on a phone and on paper; lines inside keep their width
(`vector-effect` in the style sheet).
"""

from collections.abc import Sequence

from nodewright.page.axis import Axis
from nodewright.page.curve import UNITS
from nodewright.page.markup import Markup, tag
from nodewright.page.model import Mark

# Of a plot's width, as labels above it have it on the narrowest phone.
_LETTER, _GAP = 0.028, 0.003
_NEAR_END = 0.97
_BOX = f"0 0 {UNITS} {UNITS}"


def plot(
    *,
    curve: str,
    across: Axis,
    up: Axis,
    label: str,
    corner: str,
    note: str = "",
    marks: Sequence[Mark] = (),
    axis_text: str = "",
    unit: str = "",
    level: float | None = None,
) -> Markup:
    """A curve over a grid.

    curve: the `d` of its path; label: what a screen reader says; corner: the channel's name;
    note: opposite of it; axis_text: below, only where the ticks are shown; unit: at the top tick;
    level: a height that counts, drawn across.
    """
    inside = [mark for mark in marks if across.low < mark.frequency_hz < across.high]
    return tag(
        "div",
        tag("div", _side(up, unit), class_="up", aria_hidden="true"),
        tag(
            "div",
            _drawing(curve, across, up, label, inside, level),
            tag("span", corner, class_="corner", aria_hidden="true"),
            tag("span", note, class_="note", aria_hidden="true") if note else None,
            class_="area",
        ),
        tag("div", _below(across), class_="across", aria_hidden="true") if axis_text else None,
        tag("div", axis_text, class_="axis", aria_hidden="true") if axis_text else None,
        class_="plot",
    )


def mark_labels(marks: Sequence[Mark], across: Axis) -> Markup:
    """The names of marks above a plot, a row for each kind, as many as have room.

    Who is named first goes first.
    """
    taken: dict[str, list[tuple[float, float]]] = {}
    words = []
    for mark in marks:
        at, half = across.share(mark.frequency_hz), _LETTER * len(mark.name) / 2
        others = taken.setdefault(mark.kind, [])
        room = all(abs(at - other) >= half + its_half + _GAP for other, its_half in others)
        if mark.labelled and 0 < at < 1 and room:
            others.append((at, half))
            place = f"left:{100 * at:.2f}%"
            words.append(tag("span", mark.name, class_=mark.kind, style=place))
    return tag("div", words, class_="marks", aria_hidden="true")


def _drawing(
    curve: str,
    across: Axis,
    up: Axis,
    label: str,
    marks: Sequence[Mark],
    level: float | None,
) -> Markup:
    rows = "".join(f"M0 {UNITS * (1 - up.share(v)):.0f}h{UNITS}" for v in up.ticks)
    columns = "".join(f"M{UNITS * across.share(v):.1f} 0v{UNITS}" for v in across.ticks)
    lines = [
        tag(
            "path", d=f"M{UNITS * across.share(mark.frequency_hz):.1f} 0v{UNITS}", class_=mark.kind
        )
        for mark in marks
    ]
    return tag(
        "svg",
        tag("path", d=rows + columns, class_="grid"),
        lines,
        None if level is None else tag("path", d=_across(level, up), class_="level"),
        tag("path", d=curve, class_="curve"),
        viewBox=_BOX,
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )


def _across(level: float, up: Axis) -> str:
    return f"M0 {UNITS * (1 - up.share(level)):.0f}h{UNITS}"


def _side(up: Axis, unit: str) -> list[Markup]:
    ticks = up.ticks
    return [
        tag(
            "span",
            up.text(value) + (f" {unit}" if unit and value == ticks[-1] else ""),
            style=f"top:{100 * (1 - up.share(value)):.2f}%",
        )
        for value in ticks
    ]


def _below(across: Axis) -> list[Markup]:
    words = []
    for value in across.ticks:
        at = across.share(value)
        place = "end" if at > _NEAR_END else None
        words.append(tag("span", across.text(value), class_=place, style=f"left:{100 * at:.2f}%"))
    return words
