"""The sequence numbers seen in one boot of a node: what is new, came twice, is missing."""

from bisect import bisect_right


class SeqSet:
    """A set of whole numbers as ranges, bounded: what arrives in order takes one range.

    Past `most_ranges` the lowest one is given up: its gap stays counted as missing, and a number
    below it counts as new again, for a report must never be taken for a double by mistake.
    """

    def __init__(self, most_ranges: int = 64) -> None:
        """most_ranges: at least 2."""
        assert most_ranges >= 2
        self._most = most_ranges
        self._starts: list[int] = []
        self._ends: list[int] = []  # inclusive
        self._given_up = 0  # numbers missing below the lowest range kept

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number <= self._ends[at]

    def add(self, number: int) -> bool:
        """Take a number in.  Returns False where it was there already."""
        starts, ends = self._starts, self._ends
        at = bisect_right(starts, number) - 1
        if at >= 0 and number <= ends[at]:
            return False
        joins_left = at >= 0 and ends[at] + 1 == number
        joins_right = at + 1 < len(starts) and starts[at + 1] - 1 == number
        if joins_left and joins_right:
            ends[at] = ends.pop(at + 1)
            del starts[at + 1]
        elif joins_left:
            ends[at] = number
        elif joins_right:
            starts[at + 1] = number
        else:
            starts.insert(at + 1, number)
            ends.insert(at + 1, number)
            if len(starts) > self._most:
                self._given_up += starts[1] - ends[0] - 1
                del starts[0], ends[0]
        return True

    @property
    def missing(self) -> int:
        """How many numbers between the lowest and the highest seen have not come."""
        gaps = sum(
            start - end - 1 for start, end in zip(self._starts[1:], self._ends, strict=False)
        )
        return gaps + self._given_up

    @property
    def gaps(self) -> list[tuple[int, int]]:
        """The missing numbers as (first, last)."""
        return [
            (end + 1, start - 1) for start, end in zip(self._starts[1:], self._ends, strict=False)
        ]
