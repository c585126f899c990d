"""How a demo ended: the verdict, and the same as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nodewright import __version__
from nodewright.demo.kept import Kept
from nodewright.demo.tally import Tally
from nodewright.offline import Runtime


@dataclass(frozen=True)
class DemoResult:
    """The account of every node, and what it ran on.

    plain_because: why its broker does not speak TLS, "" where it does; kept: node by node, what
    the page shows beside the account; faults: what was made to go wrong, and how it ended;
    fault_failures: why one of them was not survived.
    """

    tallies: list[Tally]
    broker_kind: str
    broker_version: str
    broker_address: str
    plain_because: str
    runtime: Runtime
    realtime: bool
    heap_bytes: int
    about: Mapping[str, Any]
    cycles: int
    interval_s: float
    seconds: float
    refused: Mapping[str, int]
    kept: Mapping[str, Kept] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    fault_failures: list[str] = field(default_factory=list)

    @property
    def failures(self) -> list[str]:
        """What did not pass, with the node's name in front."""
        nodes = [f"{t.plan.name}: {text}" for t in self.tallies for text in t.failures]
        return [*nodes, *self.fault_failures]

    @property
    def ok(self) -> bool:
        """True when every node booted, every report came, and every value is within tolerance."""
        return not self.failures

    def as_dict(self) -> dict[str, Any]:
        """The object of `nodewright demo --json`."""
        return {
            "ok": self.ok,
            "failures": self.failures,
            "nodes": [_node(tally, self.about) for tally in self.tallies],
            "faults": self.faults,
            "broker": {
                "kind": self.broker_kind,
                "version": self.broker_version,
                "address": self.broker_address,
                "tls": not self.plain_because,
                "plain_because": self.plain_because or None,
            },
            "runtime": {
                **self.runtime.as_dict(),
                "note": self.runtime.note,
                # CPython's has no bound.
                "heap_bytes": self.heap_bytes if self.runtime.interpreter else None,
                "realtime": self.realtime,
            },
            "source": dict(self.about),
            "cycles": self.cycles,
            "interval_s": self.interval_s,
            "seconds": round(self.seconds, 3),
            "refused": dict(self.refused),
            "version": __version__,
        }


def _node(tally: Tally, about: Mapping[str, Any]) -> dict[str, Any]:
    machine = about["kind"] == "machines" or not tally.plan.played
    return {
        "node": tally.plan.name,
        # What "source" names is felt in its place.
        "machine": tally.plan.machine.title if machine else None,
        "sensor": tally.plan.sensor_facts,
        "ok": not tally.failures,
        "booted": tally.booted,
        "sent": len(tally.sent),
        "received": tally.received,
        "lost": tally.lost,
        "duplicates": tally.duplicates,
        "destroyed": len(tally.destroyed),
        "marked": dict(tally.marked),
        "points": [point.as_dict() for point in tally.points],
        "failures": tally.failures,
        "notes": tally.notes,
        "story": list(tally.story),
    }
