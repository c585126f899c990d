"""Which channels of a sensor are measured together, and which one after the other.

Several blocks of a channel are added up to one verdict of its own, so that nothing is lost where
channels take turns; and the memory that all three would need at once is that of one: the sums of
one axis, and the blocks of the other two to compute in.  Source: docs/decisions/0022-turns.md.
"""

from wire import validity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


def in_turn(measured: "dict[str, Any]") -> bool:
    """Whether a set takes its channels one after the other: with an envelope of several blocks."""
    if measured["kind"] != "waveform":
        return False
    return validity.in_turn(measured["blocks"], measured["features"])


def turns_of(measured: "dict[str, Any]", channels: int) -> "tuple[tuple[int, ...], ...]":
    """The channels of each turn, by their number."""
    if in_turn(measured):
        return tuple([(index,) for index in range(channels)])
    return (tuple(range(channels)),)


def lengths(sets: "Iterable[dict[str, Any]]") -> "tuple[int, ...]":
    """Lengths of records of which never more than one channel counts at a time."""
    waves = [measured for measured in sets if measured["kind"] == "waveform"]
    together = [measured["samples"] for measured in waves if not in_turn(measured)]
    return tuple([m["samples"] for m in waves if m["samples"] not in together])
