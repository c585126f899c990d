"""The top of the page: the verdict in one line, how it was made, and node by node."""

from nodewright.page.markup import Markup, tag
from nodewright.page.model import FaultEvent, NodePage, Page
from nodewright.page.node import anchor, badge
from nodewright.page.tables import cell, facts, head, numeric, row, table
from nodewright.page.words import count, percent, share, title


def verdict(page: Page) -> str:
    """One line, for somebody who knows machines and not this program."""
    points = [point for node in page.nodes for point in node.points]
    good = sum(point.ok for point in points)
    sent = sum(node.sent for node in page.nodes)
    received = sum(node.received for node in page.nodes)
    failed = [node.name for node in page.nodes if not node.ok]
    survived = sum(fault.ok for fault in page.faults)
    faults = f" {survived} of {count(len(page.faults), 'fault')} survived." if page.faults else ""
    many = count(len(page.nodes), "node")
    which = f"All {many}" if len(page.nodes) > 1 else "The one node"
    if page.ok:
        return (
            f"{which} measured right: {received} of {count(sent, 'report')} arrived, "
            f"all {len(points)} values within tolerance.{faults}"
        )
    names = ", ".join(failed[:5]) + (" and others" if len(failed) > 5 else "")
    who = f"{which} passed, not the demo"
    if failed:
        who = f"{len(failed)} of {many} failed ({names})"
    return (
        f"{who}: {received} of {count(sent, 'report')} arrived, "
        f"{good} of {len(points)} values within tolerance.{faults}"
    )


_SEVERITY = "Velocity, RMS#"


def header(page: Page) -> Markup:
    """The verdict and how it came about."""
    stamp = page.made_at.strftime("%Y-%m-%d %H:%M %Z").strip()
    date = tag("time", stamp, datetime=page.made_at.isoformat(timespec="seconds"))
    return tag(
        "header",
        tag("p", "Nodewright demo, ", date, class_="kicker"),
        tag("h1", verdict(page), class_="good" if page.ok else "bad"),
        [tag("p", text) for text in page.how],
    )


def nodes(page: Page) -> Markup:
    """One row a node, with the way to its section."""
    rows = [tag("tbody", [_node(node) for node in page.nodes])]
    names = (
        "Node",
        "Verdict",
        "Machine",
        "Reports#",
        "Lost#",
        "Values#",
        _SEVERITY,
        "Worst deviation",
    )
    columns = head(*names)
    return tag("section", tag("h2", "Nodes"), table("Verdict by node", columns, rows), id="nodes")


def _node(node: NodePage) -> Markup:
    good = sum(point.ok for point in node.points)
    return row(
        tag("a", node.name, href=f"#{anchor(node)}"),
        cell(badge(node.ok)),
        cell(node.title),
        numeric(f"{node.received} of {node.sent}"),
        numeric(str(node.lost)),
        numeric(f"{good} of {len(node.points)}"),
        numeric(_severity(node)),
        cell(_worst(node)),
    )


def _worst(node: NodePage) -> str:
    if not node.points:
        return "no value came"
    worst = max(node.points, key=lambda point: share(point.deviation, point.tolerance))
    part = share(worst.deviation, worst.tolerance)
    return f"{percent(part)} of the tolerance: {title(worst.feature)}, axis {worst.channel}"


def _severity(node: NodePage) -> str:
    """The worst axis of the last record: what says most of a machine in one number."""
    points = node.last.points if node.last else ()
    found = [p for p in points if p.feature == "vel_rms_mm_s" and p.value is not None]
    if not found:
        return "–"
    worst = max(found, key=lambda point: point.value or 0.0)
    return f"{worst.value:.3g} mm/s, {worst.channel}"


def faults(page: Page) -> Markup:
    """What was made to go wrong, and what the nodes made of it."""
    if not page.faults:
        said = tag("p", "Nothing was made to go wrong during this run.")
        return tag("section", tag("h2", "Faults"), said, id="faults")
    rows = [tag("tbody", [_fault(event) for event in page.faults])]
    columns = head("Fault", "Survived", "Node", "From, to (s)", "What the nodes said", "Outcome")
    caption = (
        "Faults made on purpose. Times are the node’s own, or the host’s where it says so. "
        "A value under a fault is marked and does not count as good."
    )
    inside = table(caption, columns, rows)
    return tag("section", tag("h2", "Faults"), inside, id="faults")


def _fault(event: FaultEvent) -> Markup:
    verdict = "✓ yes" if event.ok else "✗ no"
    return row(
        event.fault,
        cell(tag("span", verdict, class_="badge good" if event.ok else "badge bad")),
        cell(tag("span", event.node or "all", class_="whole")),
        cell(tag("span", _span(event), class_="whole")),
        cell("; ".join(event.said) or "nothing"),
        cell(event.outcome),
        class_=None if event.ok else "out",
    )


def _span(event: FaultEvent) -> str:
    ends = ["–" if at is None else f"{at:.1f}" for at in (event.begin_s, event.end_s)]
    return f"{ends[0]} to {ends[1]}{' (host)' if event.clock == 'host' else ''}"


def made_with(page: Page) -> Markup:
    """What one needs to make the page again."""
    return tag("section", tag("h2", "Made with"), facts(page.made_with), id="made-with")


_READING = (
    (
        "Reference, deviation, allowed",
        "The same value in float64 from the same samples; how far the "
        "node is from it; how far it may be. What is out of tolerance fails the demo.",
    ),
    (
        "Valid",
        "No sample was lost (overrun, gap) and none was at the sensor’s rail. Values of a "
        "record that is not valid are marked and never pass for good.",
    ),
    (
        "Measured rate",
        "Sensor oscillators are off by percents. The node measures its sensor’s rate, "
        "and every frequency here follows it.",
    ),
    (
        "Run, first sample",
        "Where in the twin’s log the record begins: it leads from a report to the "
        "very samples it was computed from.",
    ),
    (
        "1×, BPFO",
        "The shaft’s speed, and the rate at which balls pass a spot of a bearing’s outer "
        "race: where a spectrum would show unbalance and such a fault.",
    ),
)


def reading() -> Markup:
    """The words that a reader may not know."""
    items = [tag("div", tag("dt", name), tag("dd", text)) for name, text in _READING]
    return tag(
        "section", tag("h2", "How to read this page"), tag("dl", items, class_="words"), id="words"
    )
