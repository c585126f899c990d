"""A demo's result as the data of its page."""

import platform
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nodewright import __version__
from nodewright.demo.judge import Point
from nodewright.demo.kept import Kept
from nodewright.demo.result import DemoResult
from nodewright.demo.tally import Tally
from nodewright.fleet.units import kilobytes
from nodewright.page import facts
from nodewright.page.marks import marks_of
from nodewright.page.model import Fact, FaultEvent, LastRecord, NodePage, Page, Unjudged
from nodewright.page.words import count
from wire import features


def gather(result: DemoResult, made_at: datetime, host: str) -> Page:
    """The page of a demo.  The same arguments give the same page.

    made_at: when it ended, with its time zone; host: what it ran on.
    """
    nodes = [
        _node(tally, result.kept.get(tally.plan.name, Kept()), result.about)
        for tally in result.tallies
    ]
    return Page(
        made_at=made_at,
        version=__version__,
        ok=result.ok,
        seconds=result.seconds,
        how=_how(result),
        nodes=tuple(nodes),
        faults=tuple(_fault(told) for told in result.faults),
        made_with=_made_with(result, host),
    )


def host_text() -> str:
    """What this program runs on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python} on {platform.system()} {platform.machine()}"


def _how(result: DemoResult) -> tuple[str, ...]:
    felt = "a recording" if result.about["kind"] == "record" else "simulated machines"
    boards = count(len(result.tallies), "virtual board")
    ran = "started from the firmware’s sources, and ran them on"
    if result.runtime.interpreter is not None:
        ran = "booted the firmware image that a board gets, and ran it on"
    return (
        f"{boards} {ran} {result.runtime}{_heap(result, ' with ')}. Sensors and buses were twins: "
        "models at "
        f"the level of registers and bytes, which felt {felt}. Reports went over MQTT through "
        f"{result.broker_kind} {result.broker_version}.",
        "Each value is held against a float64 reference, which shares no code with the node and "
        "works on the very samples that the sensor’s twin served. That judges the node’s program. "
        "No physical sensor was on the bus: mounting, cable and chip tolerances are not judged.",
    )


def _heap(result: DemoResult, before: str = "") -> str:
    """Nothing where a node's heap has no bound, as on CPython."""
    bounded = result.runtime.interpreter is not None
    return f"{before}{kilobytes(result.heap_bytes)} KB of heap" if bounded else ""


def _made_with(result: DemoResult, host: str) -> tuple[Fact, ...]:
    return (
        Fact("Host tool", f"nodewright {__version__}"),
        Fact("Host", host),
        Fact("Interpreter of the nodes", str(result.runtime)),
        Fact("Nodes ran with", _heap(result) or "no bound to their heap"),
        Fact("Broker", f"{result.broker_kind} {result.broker_version}, {result.broker_address}"),
        Fact("Asked for", f"{result.cycles} reports of each node, every {result.interval_s:g} s"),
        Fact("Took", f"{result.seconds:.1f} s"),
        Fact("Messages refused", facts.counts(result.refused)),
    )


def _node(tally: Tally, kept: Kept, about: Mapping[str, Any]) -> NodePage:
    plan, failures = tally.plan, tuple(tally.failures)
    records = [kept.reports[key]["record"] for key in tally.sent if key in kept.reports]
    last = _last(tally, kept)
    machine = about["kind"] == "machines" or not plan.played
    return NodePage(
        name=plan.name,
        title=plan.machine.title if machine else "a recording, played",
        ok=not failures,
        sent=len(tally.sent),
        received=tally.received,
        lost=tally.lost,
        doubled=tally.duplicates,
        points=tuple(tally.points),
        failures=failures,
        notes=tuple(tally.notes),
        machine=facts.machine(plan, about),
        sensor=facts.sensor(plan),
        delivery=facts.delivery(tally, [record for record in records if record is not None]),
        health=facts.health(kept.health),
        image=facts.image(tally, kept),
        files=tuple(sorted(kept.image.files.items())) if kept.image else (),
        console=tuple(facts.said(line) for line in kept.console),
        marks=marks_of(plan, about, last.points if last else ()),
        story=tuple(tally.story),
        last=last,
    )


def _last(tally: Tally, kept: Kept) -> LastRecord | None:
    if kept.last is None or kept.digits is None or kept.last not in tally.verdicts:
        return None
    report = kept.reports[kept.last]
    boot, seq = kept.last
    points, marked = tuple(tally.verdicts[kept.last].points), _reasons(report["marked"])
    return LastRecord(
        name=f"report {boot}:{seq}",
        channels=tally.plan.channels,
        samples=tally.plan.physical(kept.digits),
        unit=tally.plan.unit,
        rate_hz=report["record"]["rate_hz"],
        evidence=facts.evidence(report["record"], tally.plan.clock_error_ppm),
        points=points,
        marked=marked,
        withheld=_reasons(report["withheld"]),
        unjudged=_unjudged(report["channels"], points, marked),
    )


def _unjudged(
    channels: Mapping[str, Mapping[str, float]],
    points: Sequence[Point],
    marked: Mapping[tuple[str, str], str],
) -> tuple[Unjudged, ...]:
    """The values of a report that the judge left out."""
    judged = {(point.channel, point.feature) for point in points}
    return tuple(
        Unjudged(channel, key, _unit(key), values[key], marked.get((channel, key), ""))
        for channel, values in channels.items()
        for key in sorted(values)
        if (channel, key) not in judged
    )


def _unit(key: str) -> str:
    return features.row(key)[2] if key in features.KEYS else ""


def _fault(told: Mapping[str, Any]) -> FaultEvent:
    outcome = "not survived: " + "; ".join(told["failures"])
    if told["ok"]:
        outcome = f"good again after {count(told['recovered'], 'report')}"
    return FaultEvent(
        fault=told["title"],
        node=told["node"] or "",
        begin_s=told["from"],
        end_s=told["to"],
        clock=told["clock"],
        said=tuple(told["said"]),
        outcome=outcome,
        ok=told["ok"],
    )


def _reasons(table: Mapping[str, Mapping[str, str]]) -> dict[tuple[str, str], str]:
    return {(channel, key): why for channel, row in table.items() for key, why in row.items()}
