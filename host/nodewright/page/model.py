"""What the page says, as data; how it looks is decided elsewhere.

Text here is plain: whoever puts it on the page escapes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nodewright.demo.judge import Point


@dataclass(frozen=True)
class Fact:
    """A name and what there is to say; code: for machines' words (digests, commands, keys)."""

    name: str
    text: str
    code: bool = False


@dataclass(frozen=True)
class Mark:
    """A frequency at which the spectrum may show a line, and why.

    shaft: a multiple of the shaft's speed; part: of vanes, blades, a bearing's balls.
    labelled: worth a label above the plot.
    """

    name: str
    frequency_hz: float
    kind: Literal["shaft", "part"]
    labelled: bool = True


@dataclass(frozen=True)
class FaultEvent:
    """One fault that was made on purpose.

    begin_s, end_s: since the start of the `clock` they are by, None where it did not come to that;
    node: "" for all; said: how the nodes reported it; outcome: how it ended, ok: as it should.
    """

    fault: str
    node: str
    begin_s: float | None
    end_s: float | None
    clock: Literal["node", "host"]
    said: tuple[str, ...]
    outcome: str
    ok: bool


@dataclass(frozen=True)
class Unjudged:
    """A value that no reference judges, since the node itself marked it; reason: "" for none."""

    channel: str
    feature: str
    unit: str
    value: float
    reason: str


@dataclass(frozen=True)
class LastRecord:
    """The waveform that a node's last values were computed from, and what it says of itself.

    samples: float64[N, channels] in `unit`, g or A, as the sensor's twin served them; rate_hz: as
    the node measured it;
    points: its values beside the reference; marked, withheld: (channel, feature) to reason;
    unjudged: its other values.
    """

    name: str
    channels: tuple[str, ...]
    samples: NDArray[np.float64]
    rate_hz: float
    evidence: tuple[Fact, ...]
    points: tuple[Point, ...]
    marked: Mapping[tuple[str, str], str] = field(default_factory=dict)
    withheld: Mapping[tuple[str, str], str] = field(default_factory=dict)
    unjudged: tuple[Unjudged, ...] = ()
    unit: str = "g"


@dataclass(frozen=True)
class NodePage:
    """One node.  points: of all its reports that count; last: None where no record came.

    story: what its machine was seen to do, where that was judged.
    """

    name: str
    title: str
    ok: bool
    sent: int
    received: int
    lost: int
    doubled: int
    points: tuple[Point, ...]
    failures: tuple[str, ...]
    notes: tuple[str, ...]
    machine: tuple[Fact, ...]
    sensor: tuple[Fact, ...]
    delivery: tuple[Fact, ...]
    health: tuple[Fact, ...]
    image: tuple[Fact, ...]
    files: tuple[tuple[str, str], ...]
    console: tuple[str, ...]
    marks: tuple[Mark, ...] = ()
    story: tuple[str, ...] = ()
    last: LastRecord | None = None


@dataclass(frozen=True)
class Page:
    """Everything.  made_at: when the demo ended; how: sentences on how it was made."""

    made_at: datetime
    version: str
    ok: bool
    seconds: float
    how: tuple[str, ...]
    nodes: tuple[NodePage, ...]
    faults: tuple[FaultEvent, ...]
    made_with: tuple[Fact, ...]
