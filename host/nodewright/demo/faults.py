"""The faults that a demo can show: what is done, to which node, and what the node should say.

Data, and the plan that is made of it: which node bears which fault, in which of its records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from nodewright.demo.fleet_folder import SENSOR
from nodewright.demo.plan import NodePlan
from nodewright.errors import BadInput

ALL = "all"

# Where a fault of the sensor begins: between two records, or in the middle of one.
Begin = Literal["before", "within"]
Scope = Literal["sensor", "node", "fleet"]


@dataclass(frozen=True)
class Fault:
    """One fault.

    name: on the command line; scope: done by the twins to one sensor, or from outside to one node
    or to all; home: the node that bears it, as an index into the demo's nodes.
    Of a sensor's fault: kind, detail: as in the twins' schedule (docs/architecture.md); records:
    how many it spoils; says: the faults of which each spoiled report names one; marks: the reasons
    of which each value of a record under it bears one; bus: the only kind of bus that can have it.
    """

    name: str
    title: str
    scope: Scope
    home: int
    kind: str = ""
    records: int = 1
    begin: Begin = "before"
    says: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    detail: Mapping[str, Any] = field(default_factory=dict)
    bus: str | None = None


# Two of the machines are on I2C, at 800 Hz; the third is on SPI, and its cycles last longest.
FAULTS = (
    Fault(
        "unplugged",
        "sensor unplugged",
        "sensor",
        home=0,
        kind="unplugged",
        records=2,
        begin="within",
        says=("bus_error", "no_answer", "timeout", "sensor_reset", "wrong_identity"),
    ),
    Fault(
        "identity",
        "another chip in the sensor's place",
        "sensor",
        home=1,
        kind="wrong_identity",
        records=2,
        says=("wrong_identity",),
    ),
    Fault(
        "stuck",
        "values stuck",
        "sensor",
        home=2,
        kind="stuck",
        marks=("stuck",),
    ),
    Fault(
        "bus-held",
        "I2C data line held low",
        "sensor",
        home=0,
        kind="bus_held",
        begin="within",
        says=("bus_held",),
        bus="i2c",
    ),
    Fault(
        "overrun",
        "FIFO overrun",
        "sensor",
        home=1,
        kind="overrun",
        marks=("overrun", "gap"),
    ),
    Fault(
        "clipping",
        "signal beyond the range",
        "sensor",
        home=1,
        kind="clipping",
        marks=("clipped",),
        detail={"factor": 60},
    ),
    Fault(
        "mounting",
        "sensor turned on its side",
        "sensor",
        home=0,
        kind="mounting",
        marks=("mounting",),
        detail={"orientation": "zxy"},
    ),
    Fault("reset", "node reset", "node", home=0),
    Fault("power", "power cut in mid-record", "node", home=1),
    Fault("broker", "broker killed and restarted", "fleet", home=0),
    Fault("link", "link frozen", "fleet", home=0),
)
NAMES = tuple(fault.name for fault in FAULTS)

FIRST_RECORD = 1  # one good record comes first
_WITHIN = 0.5  # of the record


def parse(text: str, gravity: bool = True) -> tuple[Fault, ...]:
    """The faults in a list as `unplugged,broker`, or `all`, in the order of the catalogue.

    gravity: whether the sensors feel it; without, nobody can see that one is mounted wrongly.
    Raises BadInput for a name that is not known, and for a fault that cannot be shown.
    """
    asked = [word.strip() for word in text.split(",")]
    for word in asked:
        if word not in (*NAMES, ALL):
            raise BadInput(f"--faults {word!r} is not known: {', '.join(NAMES)}, or {ALL}")
    if "mounting" in asked and not gravity:
        raise BadInput("--faults mounting needs gravity, which a recording need not have in it")
    possible = [fault for fault in FAULTS if gravity or fault.name != "mounting"]
    return tuple(fault for fault in possible if ALL in asked or fault.name in asked)


@dataclass(frozen=True)
class Planned:
    """One fault, assigned.

    node: who bears it, None for all; from_ms, to_ms: of a sensor's fault, in the node's own time
    since its boot; first: the record that it spoils first, counted from 0.
    """

    fault: Fault
    node: str | None = None
    from_ms: int = 0
    to_ms: int = 0
    first: int = 0

    def schedule(self) -> dict[str, Any]:
        """An entry of the twins' schedule."""
        return {
            "kind": self.fault.kind,
            "chip": SENSOR,
            "from_ms": self.from_ms,
            "to_ms": self.to_ms,
            "boot": 1,
            **self.fault.detail,
        }


def assign(faults: Sequence[Fault], plans: Sequence[NodePlan]) -> list[Planned]:
    """Each fault with its node, apart from that node's others by a good record.

    Raises BadInput where no node can have it.
    """
    planned = []
    following = dict.fromkeys((plan.name for plan in plans), FIRST_RECORD)
    for fault in faults:
        if fault.scope == "fleet":
            planned.append(Planned(fault))
            continue
        plan = _home(fault, plans)
        if fault.scope == "node":
            planned.append(Planned(fault, plan.name))
            continue
        first = following[plan.name]
        following[plan.name] = first + fault.records + 1
        from_ms, to_ms = _window_ms(fault, plan, first)
        planned.append(Planned(fault, plan.name, from_ms, to_ms, first))
    return planned


def record_ms(plan: NodePlan) -> float:
    """How long a record of a node's sensor takes, settling left out."""
    odr_hz: float = plan.measured["odr_hz"]
    samples: int = plan.measured["samples"]
    return samples / (odr_hz * (1 + plan.clock_error_ppm * 1e-6)) * 1000


def _home(fault: Fault, plans: Sequence[NodePlan]) -> NodePlan:
    fit = [plan for plan in plans if fault.bus in (None, plan.sensor["bus"]["kind"])]
    if not fit:
        raise BadInput(f"--faults {fault.name} needs a node with its sensor on {fault.bus}")
    wanted = plans[fault.home % len(plans)]
    return wanted if wanted in fit else fit[0]


def _window_ms(fault: Fault, plan: NodePlan, first: int) -> tuple[int, int]:
    """From when to when, so that it spoils its records and no other."""
    interval_ms = plan.interval_s * 1000
    pause_ms = interval_ms - record_ms(plan)
    begin_ms = first * interval_ms
    if fault.begin == "within":
        from_ms = begin_ms + _WITHIN * record_ms(plan)
    else:
        from_ms = begin_ms - pause_ms / 2
    return round(from_ms), round(begin_ms + fault.records * interval_ms - pause_ms / 2)
