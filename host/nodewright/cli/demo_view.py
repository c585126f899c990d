"""What one sees of a demo: a live table on a terminal, plain lines elsewhere, or nothing."""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nodewright.demo.fleet import VirtualFleet
from nodewright.demo.judge import Point, Verdict
from nodewright.demo.plan import NodePlan
from nodewright.demo.result import DemoResult
from nodewright.demo.tally import Key, Tally
from nodewright.fleet.units import kilobytes


class JsonView:
    """Shows nothing: the result says it all."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def running(self, fleet: VirtualFleet) -> None:
        """The broker runs; the nodes come next."""

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        """A node booted, sent, or was heard."""

    def told(self, line: str) -> None:
        """A fault began, was reported, ended, or was survived."""

    def finish(self, result: DemoResult) -> None:
        """The end."""


class PlainView(JsonView):
    """A line for each boot and each report."""

    def __init__(self, console: Console, about: Mapping[str, Any]) -> None:
        """about: what the sensors feel, as the result has it."""
        self._console, self._about = console, about
        self._booted: set[str] = set()
        self._shown: set[tuple[str, Key]] = set()

    def running(self, fleet: VirtualFleet) -> None:
        for line in _intro(fleet, self._about):
            self._console.print(line, soft_wrap=True)

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        for name, tally in tallies.items():
            if tally.booted and name not in self._booted:
                self._booted.add(name)
                self._console.print(f"{name}: booted version {tally.version}", soft_wrap=True)
            for key in tally.sent:
                if key in tally.verdicts and (name, key) not in self._shown:
                    self._shown.add((name, key))
                    where = f"report {key[0]}:{key[1]}: "
                    text = _verdict(tally.verdicts[key]).replace(where, "")
                    self._console.print(Text(f"{name}: {where}{text}"), soft_wrap=True)

    def told(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)

    def finish(self, result: DemoResult) -> None:
        self._console.print(_full_table(result.tallies))
        _print_end(self._console, result)


class TableView(JsonView):
    """A table that follows what arrives."""

    def __init__(self, console: Console, about: Mapping[str, Any]) -> None:
        """about: what the sensors feel, as the result has it."""
        self._console, self._about = console, about
        self._live = Live(console=console, refresh_per_second=8, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def running(self, fleet: VirtualFleet) -> None:
        for line in _intro(fleet, self._about):
            self._live.console.print(line)
        self._live.update(Text("making images, booting …", style="dim"))

    def changed(self, tallies: Mapping[str, Tally]) -> None:
        self._live.update(_live_table(tallies, self._about))

    def told(self, line: str) -> None:
        self._live.console.print(Text(line, style="yellow"), soft_wrap=True)

    def finish(self, result: DemoResult) -> None:
        self._console.print(_full_table(result.tallies))
        _print_end(self._console, result)


def _intro(fleet: VirtualFleet, about: Mapping[str, Any]) -> list[Text]:
    hub, board = fleet.hub, fleet.board
    interpreter, heap = fleet.runtime.interpreter, ""
    if interpreter is not None:
        heap = f", {kilobytes(board.heap_bytes)} KB of heap"
        if interpreter.word_bits == 64:
            heap += ", doubled as words are"
    lines = [
        Text(f"broker: {hub.kind} {hub.version} on {hub.host}:{hub.port}, {_sealed(fleet)}"),
        Text(f"runtime: {fleet.runtime}{heap}"),
    ]
    lines += [
        Text(f"{plan.name}: {_felt(plan, about)}, {plan.sensor_text}") for plan in fleet.plans
    ]
    lines += [Text(f"note: {note}", style="yellow") for note in about.get("notes", ())]
    return lines


def _sealed(fleet: VirtualFleet) -> str:
    """How nodes speak to their broker."""
    because = fleet.site.plain_because
    if because:
        return f"plain MQTT: {because}"
    return "TLS, each node with a certificate of its own"


def _felt(plan: NodePlan, about: Mapping[str, Any]) -> str:
    """What a node's sensor feels."""
    machine = about["kind"] == "machines" or not plan.played
    return plan.machine.title if machine else Path(about["file"]).name


def _live_table(tallies: Mapping[str, Tally], about: Mapping[str, Any]) -> Table:
    table = Table(
        "node",
        "machine" if about["kind"] == "machines" else "recording",
        "report",
        "axis",
        box=box.SIMPLE,
    )
    for name in ("RMS", "reference", "deviation", "worst of all"):
        table.add_column(name, justify="right")
    table.add_column("ok")
    for tally in tallies.values():
        heard = [key for key in tally.sent if key in tally.verdicts]
        if not heard:
            state = "measuring" if tally.booted else "booting"
            table.add_row(tally.plan.name, _felt(tally.plan, about), Text(state, style="dim"))
            continue
        verdict = tally.verdicts[heard[-1]]
        count = f"{len(heard)} of {tally.cycles}"
        first = [tally.plan.name, _felt(tally.plan, about), count]
        for channel in sorted({point.channel for point in verdict.points}):
            points = [point for point in verdict.points if point.channel == channel]
            wanted = tally.plan.leading
            lead = next((point for point in points if point.feature == wanted), None)
            numbers = _numbers(lead) if lead else ["", "", ""]
            table.add_row(*first, channel, *numbers, _worst(points), _mark(points))
            first = ["", "", ""]
        if not verdict.points and verdict.notes:
            table.add_row(*first, "", Text(verdict.notes[0], style="yellow"))
        if verdict.failures:
            table.add_row(*first, "", Text(verdict.failures[0], style="red"))
    return table


def _full_table(tallies: list[Tally]) -> Table:
    """Every value of each node's last report."""
    table = Table("node", "axis", box=box.SIMPLE, collapse_padding=True)
    table.add_column("feature", no_wrap=True, min_width=len("vel_rms_mm_s"))
    table.title = "the last report of each node"
    for name in ("value", "reference"):
        table.add_column(name, justify="right", min_width=len("-0.00044632"))
    for name in ("deviation", "allowed"):
        table.add_column(name, justify="right")
    table.add_column("ok")
    for tally in tallies:
        heard = [key for key in tally.sent if key in tally.verdicts]
        points = tally.verdicts[heard[-1]].points if heard else []
        for index, point in enumerate(points):
            table.add_row(
                tally.plan.name if index == 0 else "",
                point.channel if index == 0 or points[index - 1].channel != point.channel else "",
                point.feature,
                *_numbers(point),
                "" if point.tolerance is None else f"{point.tolerance:.2g}",
                _mark([point]),
                end_section=index == len(points) - 1,
            )
    return table


def _numbers(point: Point) -> list[str]:
    value = point.withheld or "missing" if point.value is None else f"{point.value:.5g}"
    expected = "withheld" if point.reference is None else f"{point.reference:.5g}"
    return [value, expected, "" if point.deviation is None else f"{point.deviation:+.1e}"]


def _share(point: Point) -> float:
    """The deviation as a share of what is allowed."""
    if point.deviation is None or not point.tolerance:
        return 0.0 if point.ok else float("inf")
    return abs(point.deviation) / point.tolerance


def _worst(points: list[Point]) -> str:
    worst = max(points, key=_share)
    return f"{worst.feature} {100 * _share(worst):.2g} %"


def _mark(points: list[Point]) -> Text:
    good = all(point.ok for point in points)
    return Text("ok", style="green") if good else Text("no", style="bold red")


def _verdict(verdict: Verdict) -> str:
    if verdict.failures:
        return "; ".join(verdict.failures)
    bad = [point for point in verdict.points if not point.ok]
    if bad:
        return f"{len(bad)} of {len(verdict.points)} values out of tolerance"
    if not verdict.points:
        return "; ".join(verdict.notes) or "no values"
    marks = f" ({'; '.join(verdict.notes)})" if verdict.notes else ""
    worst = f"the worst {_worst(verdict.points)} of its tolerance"
    return f"{len(verdict.points)} values ok{marks}, {worst}"


def _print_end(console: Console, result: DemoResult) -> None:
    for tally in result.tallies:
        failed = bool(tally.failures)
        line = Text(
            f"{tally.plan.name}: sent {len(tally.sent)}, received {tally.received}, "
            f"lost {tally.lost}, doubled on the wire {tally.duplicates}: "
        )
        line.append("failed" if failed else "ok", style="bold red" if failed else "green")
        console.print(line, soft_wrap=True)
        for text in tally.failures:
            console.print(Text(f"  {text}", style="red"), soft_wrap=True)
        for text in tally.story:
            console.print(Text(f"  {text}", style="cyan"), soft_wrap=True)
        for text in tally.notes:
            console.print(Text(f"  {text}", style="yellow"), soft_wrap=True)
        if tally.destroyed:
            gone = f"  {len(tally.destroyed)} reports were in its memory when it started anew"
            console.print(Text(gone, style="yellow"), soft_wrap=True)
        if tally.cycles > result.cycles:
            took = "its motor" if tally.story else "the faults"
            more = f"  {tally.cycles} reports instead of {result.cycles}, as {took} took them"
            console.print(Text(more, style="dim"), soft_wrap=True)
    for fault in result.faults:
        line = Text(f"fault {fault['fault']} ({fault['node'] or 'all'}): ")
        word, style = ("survived", "green") if fault["ok"] else ("not survived", "bold red")
        line.append(word, style=style).append(f": {fault['proof']}")
        console.print(line, soft_wrap=True)
    values = sum(len(tally.points) for tally in result.tallies)
    good = f"every node booted, every report arrived, all {values} values within tolerance"
    marked = sum(sum(tally.marked.values()) for tally in result.tallies)
    if marked:
        good += f", {marked} marked as spoiled and not compared"
    if result.faults:
        number = len(result.faults)
        good += ", the fault survived" if number == 1 else f", all {number} faults survived"
    if result.realtime and any("overrun" in text or "gap" in text for text in result.failures):
        late = "a busy host is late for sensors in real time; without --realtime it may be busy"
        console.print(Text(late, style="yellow"), soft_wrap=True)
    text = good if result.ok else "not everything passed, see above"
    style = "bold green" if result.ok else "bold red"
    console.print(Text(f"{text} ({result.seconds:.1f} s)", style=style), soft_wrap=True)
