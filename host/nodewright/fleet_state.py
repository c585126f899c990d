"""What a fleet has said so far: each message applied to a state, without network or clock.

Whatever arrives is bounded and survived: what is no message of ours is counted by name and shown
by its last example. Doubles are told by (node, boot, seq), as a node sends again what was not
acknowledged.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from nodewright.seqset import SeqSet
from wire import REPORT_VERSION, command, report, spectrum, topics
from wire.message import ReportError, loads

# Names of what is survived; `FleetState.refused` counts them.
NOT_OURS = "topic"  # not nodewright/<fleet>/<node>/<kind>
MALFORMED = "malformed"  # not what that kind of message looks like
FOREIGN = "foreign"  # a status in another node's name
TOO_MANY = "too_many_nodes"

_MOST_NODES = 2048
_MOST_BOOTS = 8  # of a node, whose sequence numbers are remembered
_MOST_TEXT = 200
_MOST_KEYS = 64
_BIGGEST = 2**53  # what JSON readers keep exactly
STATES = ("online", "offline")


@dataclass(frozen=True)
class Event:
    """One message that was understood.

    kind: report, status, health or spectrum (its values in g under `values_g`); message: the
    decoded object; double: a report that came before.
    """

    at: float
    fleet: str
    node: str
    kind: str
    message: dict[str, Any]
    double: bool = False


@dataclass
class NodeState:
    """The last word of one node, and the count of its reports."""

    fleet: str
    name: str
    received: int = 0  # reports, each once
    doubles: int = 0
    seen_at: float | None = None
    status: dict[str, Any] | None = None
    health: dict[str, Any] | None = None
    report: dict[str, Any] | None = None
    boots: dict[int, SeqSet] = field(default_factory=dict)
    reported_at: float | None = None  # the last report that was no double
    faulty: dict[str, Any] | None = None  # the last one that named a fault, and when
    faulty_at: float | None = None

    @property
    def gaps(self) -> list[tuple[int, int, int]]:
        """What is missing, as (boot, first, last) of the sequence numbers; oldest first."""
        return [(boot, *gap) for boot, seqs in self.boots.items() for gap in seqs.gaps]

    @property
    def missing(self) -> int:
        """Reports that must have been sent but did not come, over the boots remembered."""
        return sum(seqs.missing for seqs in self.boots.values())

    def has(self, boot: int, seq: int) -> bool:
        """True where this report came."""
        return boot in self.boots and seq in self.boots[boot]

    def _take(self, boot: int, seq: int) -> bool:
        """Count one report.  Returns False for a double."""
        if boot not in self.boots:
            if len(self.boots) >= _MOST_BOOTS:
                del self.boots[next(iter(self.boots))]
            self.boots[boot] = SeqSet()
        if not self.boots[boot].add(seq):
            self.doubles += 1
            return False
        self.received += 1
        return True


class FleetState:
    """All nodes that were heard of.

    nodes: by (fleet, node); refused: how many messages were not taken, by name; last_refused: why
    the last one was not, as printable text.
    """

    def __init__(self, most_nodes: int = _MOST_NODES) -> None:
        self.nodes: dict[tuple[str, str], NodeState] = {}
        self.refused: Counter[str] = Counter()
        self.last_refused = ""
        self._most_nodes = most_nodes

    def apply(self, topic: str, payload: bytes, now: float) -> Event | None:
        """Take one message in.  Returns what it said, or None where it was refused; never raises.

        now: seconds of any clock, kept as the node's last sign of life.
        """
        try:
            fleet, name, kind = topics.parse(topic)
        except ValueError as error:
            self._refuse(NOT_OURS, str(error))
            return None
        try:
            message = _DECODERS[kind](payload)
        except ReportError as error:
            self._refuse(MALFORMED, f"{fleet}/{name} {kind}: {error}")
            return None
        if kind == "status" and message["node"] != name:
            self._refuse(FOREIGN, f"{fleet}/{name} says it is {message['node']!r}")
            return None
        if kind == "command":  # by somebody to a node, of which it tells nothing
            return Event(now, fleet, name, kind, message, False)
        node = self.nodes.get((fleet, name))
        if node is None:
            if len(self.nodes) >= self._most_nodes:
                self._refuse(TOO_MANY, f"{fleet}/{name}: {self._most_nodes} are watched")
                return None
            node = self.nodes[fleet, name] = NodeState(fleet, name)
        node.seen_at = now
        double = False
        if kind == "report":
            double = not node._take(message["boot"], message["seq"])
            if not double:
                node.report, node.reported_at = message, now
                if message["faults"]:
                    node.faulty, node.faulty_at = message, now
        elif kind == "status":
            node.status = message
        elif kind == "health":
            node.health = message
        return Event(now, fleet, name, kind, message, double)

    def _refuse(self, name: str, why: str) -> None:
        self.refused[name] += 1
        self.last_refused = printable(why)


def printable(text: str) -> str:
    """Text from outside, fit for a terminal: one line, bounded, without control characters."""
    shown = text if len(text) <= _MOST_TEXT else text[: _MOST_TEXT - 1] + "…"
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in shown)


def _status(payload: bytes) -> dict[str, Any]:
    message = _loads(payload)
    if message.get("state") not in STATES:
        raise ReportError("state", message.get("state"), " or ".join(STATES))
    if not topics.is_name(message.get("node", "")):
        raise ReportError("node", message.get("node"), "a name of a-z, 0-9 and -")
    return message


def _spectrum(payload: bytes) -> dict[str, Any]:
    head, values_g = spectrum.decode(payload)
    return head | {"values_g": values_g}


def _loads(payload: bytes) -> dict[str, Any]:
    """A status or health message: version 1 of a boot, and nothing but plain values."""
    message = loads(payload)
    if message.get("v") != REPORT_VERSION:
        raise ReportError("v", message.get("v"), str(REPORT_VERSION))
    boot = message.get("boot")
    if not isinstance(boot, int) or isinstance(boot, bool) or not 0 <= boot < _BIGGEST:
        raise ReportError("boot", boot, "a whole number from 0")
    _check_plain("", message, depth=2)
    return message


def _check_plain(path: str, value: object, depth: int) -> None:
    if isinstance(value, dict) and depth:
        if len(value) > _MOST_KEYS:
            raise ReportError(path, len(value), f"at most {_MOST_KEYS} keys")
        for key, inner in value.items():
            _check_plain(f"{path}.{key}" if path else str(key), inner, depth - 1)
        return
    number = isinstance(value, int | float) and abs(value) < _BIGGEST  # false for NaN
    text = isinstance(value, str) and len(value) <= _MOST_TEXT
    if not (value is None or number or text):
        raise ReportError(path, value, "a number, a short text or null")


_DECODERS = {
    "report": report.decode,
    "status": _status,
    "health": _loads,
    "spectrum": _spectrum,
    "command": command.decode,
    "reply": command.decode_reply,
}
