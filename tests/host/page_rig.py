"""A demo's result without a demo, and an HTML page taken apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright import boards, reference
from nodewright.console import Event
from nodewright.demo.fleet_folder import CHANNELS
from nodewright.demo.judge import judge
from nodewright.demo.kept import ImageDigest, Kept, Said
from nodewright.demo.plan import NodePlan, make_plans
from nodewright.demo.result import DemoResult
from nodewright.demo.tally import Tally
from nodewright.offline import Runtime
from nodewright.page import build, gather

MADE_AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MACHINES: Mapping[str, Any] = {"kind": "machines"}
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\x00\u202e&amp;\ud800'
RECORDING = {
    "kind": "record",
    "file": "bearing.npy",
    "sha256": "ef" * 32,
    "rate_hz": 25600.0,
    "seconds": 10.0,
    "channels": ["de"],
    "scale": 1.0,
    "notes": ["repeated"],
}
_VOID = {"meta", "link", "br", "img", "input", "hr"}


class _Served:
    """One block of samples, whatever is asked for."""

    def __init__(self, digits: NDArray[np.int16]) -> None:
        self._digits = digits

    def samples(
        self, sensor: str, boot_index: int, run: int, first: int, count: int
    ) -> NDArray[np.int16]:
        return self._digits


def report_of(
    plan: NodePlan, digits: NDArray[np.int16], seq: int = 0, **record: Any
) -> dict[str, Any]:
    """What a node that computes right would send; record: what to say of the record instead."""
    nominal_hz = plan.measured["odr_hz"]
    rate_hz = nominal_hz * (1 + plan.clock_error_ppm * 1e-6)
    channels = {}
    for axis, name in enumerate(CHANNELS):
        samples = digits[:, axis].astype(np.float64) * plan.g_per_digit
        values = reference.compute(samples, rate_hz, plan.measured["features"]).values
        channels[name] = {key: float(f"{value:.6g}") for key, value in values.items()}
    return {
        "boot": 1,
        "seq": seq,
        "uptime_ms": 2000 * seq,
        "faults": [],
        "channels": channels,
        "withheld": {name: {} for name in CHANNELS},
        "marked": {name: {} for name in CHANNELS},
        "record": {
            "set": "vibration",
            "sensor": "acc",
            "chip": "adxl345",
            "samples": len(digits),
            "decimate": 1,
            "blocks": 1,
            "rate_hz": rate_hz,
            "rate_ppm": 100.0,
            "nominal_hz": nominal_hz,
            "run": 1,
            "first": 4,
            "overruns": 0,
            "gaps": 0,
            "clipped": 0,
            "zone": None,
            "clock": "unset",
            "settings": "9f86d081",
            "valid": True,
            **record,
        },
    }


def digits_of(samples: int = 1024, seed: int = 1) -> NDArray[np.int16]:
    """Three axes of a tone in noise, the last about 1 g."""
    turns = np.arange(samples)[:, None] * np.array([0.03, 0.06, 0.21])
    noise = np.random.default_rng(seed).normal(0, 4, (samples, 3))
    block = 40 * np.sin(2 * np.pi * turns) + noise + np.array([0, 0, 256])
    return np.rint(block).astype(np.int16)


def result_of(
    nodes: int = 3, samples: int = 1024, about: Mapping[str, Any] = MACHINES
) -> DemoResult:
    """Two reports of each node, as they would be judged."""
    tallies, kept = [], {}
    for plan in make_plans(boards.load("virtual"), nodes, 2.0, 1883):
        digits = digits_of(samples, plan.seed)
        tally, node = (
            Tally(plan, 2),
            Kept(ImageDigest("ab" * 32, 868_352, {"/main.py": "cd" * 32})),
        )
        tally.on_console("boot", {"boot": "1", "version": "0.1.0"})
        node.console.append(Said(0.5, Event("boot", {"boot": "1", "version": "0.1.0"})))
        for seq in range(2):
            tally.on_console("report", {"boot": "1", "seq": str(seq)})
            report = report_of(plan, digits, seq)
            node.on_message("report", report)
            if tally.on_report(report):
                verdict = judge(report, _Served(digits), CHANNELS, plan.g_per_digit)
                tally.on_verdict(report, verdict)
        node.find_last(tally, _Served(digits))
        tallies.append(tally)
        kept[plan.name] = node
    return DemoResult(
        tallies=tallies,
        broker_kind="mosquitto",
        broker_version="2.0.11",
        broker_address="127.0.0.1:1883",
        plain_because="",
        runtime=Runtime(None),
        realtime=False,
        heap_bytes=200 * 1024,
        about=about,
        cycles=2,
        interval_s=2.0,
        seconds=5.0,
        refused={},
        kept=kept,
    )


def hostile() -> DemoResult:
    """A result in which every text that may come from outside is an attack."""
    result = result_of(1, about=RECORDING | {"file": HOSTILE, "notes": [HOSTILE]})
    (tally,), kept = result.tallies, result.kept["pump-1"]
    tally.faults.append(HOSTILE)
    tally.verdicts[1, 1].notes.append(HOSTILE)
    tally.version = HOSTILE
    record: dict[str, Any] = dict(kept.reports[1, 1])
    record["record"] = record["record"] | {"settings": HOSTILE, "clock": HOSTILE}
    record["withheld"] = {"x": {HOSTILE: HOSTILE}}
    record["marked"] = {"x": {"acc_rms_g": HOSTILE}}
    record["channels"] = record["channels"] | {"x": {HOSTILE: 1.0}}
    kept.reports[1, 1] = record
    kept.console.append(Said(1.0, Event(HOSTILE, {HOSTILE: HOSTILE})))
    kept.health = {"errors": {HOSTILE: 1}, "reset_cause": HOSTILE, "stages_us": {HOSTILE: 1}}
    plan = replace(tally.plan, name=HOSTILE)
    tally.plan = plan
    words = {"title": HOSTILE, "node": HOSTILE, "said": [HOSTILE * 5, "W" * 400]}
    faults = [fault_of(**words, ok=False, failures=[HOSTILE * 5, "x" * 400])]
    return replace(
        result, broker_version=HOSTILE, kept={HOSTILE: kept}, refused={HOSTILE: 1}, faults=faults
    )


def fault_of(**told: Any) -> dict[str, Any]:
    """A fault that a node survived, as a result has it; told: what is otherwise."""
    return {
        "title": "sensor unplugged",
        "node": "fan-1",
        "clock": "node",
        "from": 4.25,
        "to": 5.5,
        "said": ["no_answer in 1 report"],
        "recovered": 1,
        "ok": True,
        "failures": [],
        **told,
    }


def page_of(result: DemoResult) -> str:
    """The page of a result, on a host and at a time of its own."""
    return build(gather(result, MADE_AT, "a host"))


@dataclass(repr=False)
class Element:
    """An element with its children in order; text is a plain string among them."""

    name: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def all(self, name: str = "") -> list["Element"]:
        """Every element of that name below it, in the order of the page; "" for all."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                found += [child] if name in ("", child.name) else []
                found += child.all(name)
        return found

    def first(self, name: str) -> "Element":
        return self.all(name)[0]

    def by_id(self, key: str) -> "Element":
        (found,) = [e for e in self.all() if e.attributes.get("id") == key]
        return found

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().name == tag, f"</{tag}> ends something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(html: str) -> Element:
    """The tree of a page.  AssertionError where an element is not ended by its own end."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert [element.name for element in reader.open] == [""], "not every element ends"
    return reader.open[0]
