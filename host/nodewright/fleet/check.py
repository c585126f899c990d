"""A whole fleet judged: every error at once, each with its place and its cure."""

from dataclasses import dataclass, replace
from pathlib import Path as File

from nodewright.errors import BadInput
from nodewright.fleet import (
    check_authority,
    check_names,
    check_secrets,
    check_sensors,
    check_sets,
    check_windows,
    check_wiring,
    like,
    memory,
)
from nodewright.fleet.compiled import Compiled, compile_node
from nodewright.fleet.finding import Finding, FleetErrors
from nodewright.fleet.load import Loaded, load
from nodewright.fleet.model import FleetFile
from nodewright.fleet.places import Path
from nodewright.fleet.resolve import NodeOf
from nodewright.fleet.secret import Secrets
from nodewright.fleet.values import nearest
from nodewright.fleet.whole import Whole


class UnknownNode(BadInput):
    """A fleet has no node of a name."""

    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        near = nearest(name, known)
        cure = f"did you mean {near}?" if near else "nodewright nodes lists them"
        super().__init__(f"no node is named {name!r}: {cure}")


@dataclass(frozen=True)
class Judged:
    """What a check has found.

    findings: in the order of the file; nodes: those that are good, compiled.
    """

    loaded: Loaded
    findings: tuple[Finding, ...]
    nodes: dict[str, NodeOf]
    compiled: dict[str, Compiled]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "warning"]

    @property
    def fleet(self) -> FleetFile:
        """The fleet, where it has no error.  Raises FleetErrors."""
        if self.errors or self.loaded.fleet is None:
            raise FleetErrors(self.errors)
        return self.loaded.fleet


def check(folder: File, secrets: Secrets | None = None) -> Judged:
    """A fleet's folder, judged.  Raises FleetNotFound."""
    return judge(load(folder), secrets or Secrets(folder))


def good_node(folder: File, name: str) -> tuple[Judged, Compiled]:
    """A fleet, and the settings of one node of it that has no error, whatever others have.

    Raises UnknownNode; FleetErrors where it has one; FleetNotFound.
    """
    judged = check(folder)
    known = judged.loaded.raw.get("nodes")
    if judged.loaded.raw and name not in (known if isinstance(known, dict) else ()):
        raise UnknownNode(name, list(known) if isinstance(known, dict) else [])
    if name not in judged.compiled:
        raise FleetErrors(judged.errors)
    return judged, judged.compiled[name]


def judge(loaded: Loaded, secrets: Secrets) -> Judged:
    """What was read, judged as a whole."""
    if loaded.fleet is None:
        return Judged(loaded, tuple(loaded.findings), {}, {})
    whole = Whole(loaded, loaded.fleet)
    found = [*like.check(loaded.raw), *check_names.check(whole), *check_sets.check(whole)]
    found += check_secrets.check(whole, secrets)
    found += check_authority.check(whole)
    compiled: dict[str, Compiled] = {}
    for node in whole.nodes.values():
        for judge_node in (check_wiring, check_sensors, check_windows, memory):
            found += judge_node.check(node)
    common = [*loaded.findings, *found]
    bad = {
        finding.path[:length]
        for finding in common
        if finding.level == "error"
        for length in range(1, len(finding.path) + 1)
    }
    for name, node in whole.nodes.items():
        if not _concerned(whole, node, bad):
            compiled[name] = compile_node(loaded.fleet, node)
            refused = compiled[name].check()
            if refused:
                found += refused
                del compiled[name]
    placed = loaded.placed(_once([*loaded.findings, *found]))
    return Judged(loaded, tuple(placed), whole.nodes, compiled)


def _concerned(whole: Whole, node: NodeOf, bad: set[Path]) -> bool:
    """Whether an error lies in a node or what it names; bad: paths of errors and around them."""
    given = node.given
    tables: set[Path] = {("fleet",), ("nodes", node.name)}
    lacks = node.network is None or node.broker is None
    if node.by_lorawan:
        lacks = whole.fleet.lorawan is None
        tables.add(("lorawan",))
    if lacks or whole.damaged("nodes", node.name):
        return True
    if len(node.sensors) != len(whole.names("nodes", node.name, "sensors")):
        return True
    for sensor in node.sensors:
        tables |= {("sets", name) for name in sensor.given.sets}
        if sensor.given.point is not None:
            tables.add(("assets", sensor.given.point.split("/")[0]))
        for held in (sensor.point, sensor.asset):
            if held is not None and held.bearing is not None:
                tables.add(("bearings", held.bearing))
    for table, named in (("networks", given.network), ("brokers", given.broker)):
        name = None if node.by_lorawan else named or _only(whole, table)
        tables |= {(table, name)} if name else set()
    return not bad.isdisjoint(tables)


def _only(whole: Whole, table: str) -> str | None:
    names = whole.names(table)
    return names[0] if len(names) == 1 else None


def _once(findings: list[Finding]) -> list[Finding]:
    """Each said once: many nodes may share a set that is wrong."""
    seen: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.path, finding.allowed, finding.cure, finding.level, finding.file)
        seen.setdefault(key, []).append(finding)
    done = []
    for alike in seen.values():
        first, others = alike[0], len({finding.value for finding in alike}) - 1
        if others:
            first = replace(first, value=f"{first.value} (and {others} more like it)")
        done.append(first)
    return done
