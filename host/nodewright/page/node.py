"""The section of one node."""

from collections.abc import Callable
from itertools import groupby

from nodewright.demo.judge import Point
from nodewright.page.figures import spectra, waveforms
from nodewright.page.markup import Markup, lines, tag
from nodewright.page.model import Fact, LastRecord, NodePage, Unjudged
from nodewright.page.tables import cell, facts, head, numeric, row, table
from nodewright.page.words import number, percent, share, small, title, unit

_MOST_CONSOLE = 60
_CHANNELS = {"g": "axis", "A": "clamp"}  # by the unit of their samples


def anchor(node: NodePage) -> str:
    """The id of a node's section."""
    return f"node-{node.name}"


def badge(ok: bool) -> Markup:
    """The verdict as a word and a sign, beside its colour."""
    words = "✓ passed" if ok else "✗ failed"
    return tag("span", words, class_="badge good" if ok else "badge bad")


def section(node: NodePage) -> Markup:
    """Everything about one node."""
    return tag(
        "section",
        tag("h2", node.name, " ", tag("small", node.title), " ", badge(node.ok)),
        _told("Why it failed", node.failures, "bad"),
        _told("To be noted", node.notes, "remark"),
        _told("What its machine was seen to do", node.story, "remark"),
        tag("div", facts(node.machine), facts(node.sensor), class_="pair"),
        _record(node, node.last) if node.last else tag("p", "No record arrived from this node."),
        tag("h3", "Delivery and health"),
        tag("div", facts(node.delivery), facts(node.health), class_="pair"),
        tag("h3", "Image and console"),
        facts(node.image),
        _files(node),
        _console(node),
        id=anchor(node),
        class_="node",
    )


def _told(heading: str, what: tuple[str, ...], class_: str) -> Markup | None:
    if not what:
        return None
    items = [tag("li", text) for text in what]
    return tag("div", tag("h3", heading), tag("ul", items), class_=f"told {class_}")


def _record(node: NodePage, record: LastRecord) -> Markup:
    return lines(
        [
            tag("h3", f"The last record: {record.name}"),
            tag(
                "div",
                waveforms(node.name, record),
                spectra(node.name, record, node.marks),
                class_="pair figures",
            ),
            _values(node, record),
            _withheld(record),
            tag("h3", "What the record says of itself"),
            _halves(record.evidence),
        ]
    )


def _halves(items: tuple[Fact, ...]) -> Markup:
    middle = (len(items) + 1) // 2
    return tag("div", facts(items[:middle]), facts(items[middle:]), class_="pair")


def _values(node: NodePage, record: LastRecord) -> Markup:
    columns = head(
        "Value", "OK", "Node#", "Reference#", "Unit", "Deviation#", "Allowed#", "Of it#"
    )
    bodies = []
    for channel, points in groupby(record.points, key=lambda point: point.channel):
        name = tag("th", f"{_CHANNELS[record.unit]} {channel}", scope="rowgroup", colspan="8")
        rows = [_value(record, point) for point in points]
        bodies.append(tag("tbody", tag("tr", name, class_="group"), lines(rows)))
    if record.unjudged:
        name = tag("th", "marked by the node: not good values", scope="rowgroup", colspan="8")
        rows = [_unjudged(value) for value in record.unjudged]
        bodies.append(tag("tbody", tag("tr", name, class_="group"), lines(rows)))
    return table(f"{node.name}: values of {record.name} beside the reference", columns, bodies)


def _value(record: LastRecord, point: Point) -> Markup:
    where = point.channel, point.feature
    why = point.withheld or record.withheld.get(where) or "no reason given"
    verdict = tag("span", "✓" if point.ok else "✗ out", class_="good" if point.ok else "bad")
    mark = f" marked: {record.marked[where]}" if where in record.marked else None
    return row(
        [title(point.feature), " ", tag("code", point.feature)],
        cell([verdict, mark]),
        numeric(f"withheld: {why}" if point.value is None else _data(point.value)),
        numeric("withheld" if point.reference is None else _data(point.reference)),
        cell(unit(point.unit)),
        numeric(None if point.deviation is None else _data(point.deviation, small)),
        numeric(None if point.tolerance is None else _data(point.tolerance, small)),
        numeric(percent(share(point.deviation, point.tolerance))),
        class_=None if point.ok else "out",
    )


def _unjudged(value: Unjudged) -> Markup:
    reason = value.reason or "no reference"
    return row(
        [f"{value.channel}: {title(value.feature)}", " ", tag("code", value.feature)],
        cell(tag("span", f"– {reason}", class_="marked")),
        numeric(_data(value.value)),
        numeric(None),
        cell(unit(value.unit)),
        *[numeric(None)] * 3,
    )


def _data(value: float, form: Callable[[float], str] = number) -> Markup:
    """A number as it is read, with all its digits for machines."""
    return tag("data", form(value), value=repr(float(value)))


def _withheld(record: LastRecord) -> Markup | None:
    """What the node would not say, and rightly: the reference has none either."""
    shown = {(point.channel, point.feature) for point in record.points}
    rest = [(place, why) for place, why in record.withheld.items() if place not in shown]
    if not rest:
        return None
    words = [f"{channel} {title(key)} ({why})" for (channel, key), why in rest]
    return tag("p", "Withheld by the node, as the definitions have it: ", ", ".join(words), ".")


def _files(node: NodePage) -> Markup | None:
    if not node.files:
        return None
    rows = [row(tag("code", path), cell(tag("code", digest))) for path, digest in node.files]
    inside = table(
        f"{node.name}: files of the image", head("File", "SHA-256"), [tag("tbody", rows)]
    )
    return tag("details", tag("summary", f"SHA-256 of its {len(node.files)} files"), inside)


def _console(node: NodePage) -> Markup | None:
    if not node.console:
        return None
    shown = node.console[-_MOST_CONSOLE:]
    what = "What it said on its serial port (seconds since the demo began)"
    if len(shown) < len(node.console):
        what += f": the last {len(shown)} of {len(node.console)} lines"
    log = tag("pre", "\n".join(shown), tabindex="0", role="region", aria_label=what)
    return tag("details", tag("summary", what), log)
