"""What this point's own healthy records score, and the threshold that follows from it.

A file of /state, of under 250 bytes: JSON with a checksum, replaced whole or not at all.
Source of the least threshold: docs/features.md; of the margin: docs/decisions/0013.
"""

import json
from math import sqrt

from micropython import const

from node import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = ("bpfo", "bpfi")
LEAST_RECORDS = 8  # below, a mean and a scatter say nothing: the threshold is not proven
_SIGMAS = 4.0
_MOST_SCORE = 20.0  # of a finite record; what is over it is no score
_MOST_BYTES = const(512)
_VERSION = const(1)
_PRIME = const(65521)


def least_threshold(blocks: int) -> float:
    """0.5 + 0.4 / sqrt(K): what no point goes below.  blocks: K, from 1."""
    return 0.5 + 0.4 / sqrt(max(blocks, 1))


class Baseline:
    """Learns until it is frozen; then it only tells.

    path: the file, its folder is made when something is learned.  What cannot be read counts as
    nothing learned: `state` is then "empty", and thresholds are the least ones.
    """

    def __init__(self, path: str) -> None:
        self._folder, _, self._name = path.rpartition("/")
        self._path = path
        self.count, self.frozen = 0, False
        # Of each kind: mean, sum of squared deviations, greatest; in least thresholds.
        self._stats = {kind: [0.0, 0.0, 0.0] for kind in KINDS}
        self._load()

    @property
    def state(self) -> str:
        """`empty`, `learning` or `frozen`."""
        if self.frozen:
            return "frozen"
        return "learning" if self.count else "empty"

    @property
    def proven(self) -> bool:
        """Whether enough healthy records were learned and frozen."""
        return self.frozen and self.count >= LEAST_RECORDS

    def learn(self, scores: "dict[str, float]", blocks: int = 8) -> bool:
        """Add one healthy record of K blocks: S of both races.  Returns whether it was taken.

        Not taken: once frozen, or where a race has no finite score.  Few blocks scatter more: what
        is learned is S over (0.5 + 0.4 / sqrt(K)).  Raises OSError when the flash takes no file.
        """
        values = [scores.get(kind) for kind in KINDS]
        if self.frozen or any(value is None or not abs(value) <= _MOST_SCORE for value in values):
            return False
        self.count += 1
        for kind, value in zip(KINDS, values):  # noqa: B905  MicroPython has no strict
            stat = self._stats[kind]
            part = (value or 0.0) / least_threshold(blocks)
            before = part - stat[0]
            stat[0] += before / self.count
            stat[1] += before * (part - stat[0])
            stat[2] = part if self.count == 1 else max(stat[2], part)
        self._save()
        return True

    def freeze(self) -> None:
        """End the learning.  Raises ValueError with too few records, OSError of the flash."""
        if self.count < LEAST_RECORDS:
            raise ValueError(
                "baseline: %d records learned, at least %d are needed"
                % (self.count, LEAST_RECORDS)
            )
        self.frozen = True
        self._save()

    def forget(self) -> None:
        """Begin anew: the bearing was changed.  Raises OSError when the flash takes no file."""
        self._clear()
        self._save()

    def threshold(self, kind: str, blocks: int) -> float:
        """What S of a race must exceed with so many blocks; learned only once frozen."""
        least = least_threshold(blocks)
        if not self.proven:
            return least
        mean, squares, most = self._stats[kind]
        scatter = sqrt(squares / (self.count - 1))
        return least * max(1.0, mean + _SIGMAS * scatter, most + scatter)

    def _clear(self) -> None:
        self.count, self.frozen = 0, False
        for kind in KINDS:
            self._stats[kind] = [0.0, 0.0, 0.0]

    def _save(self) -> None:
        numbers = ["%.6g" % value for kind in KINDS for value in self._stats[kind]]
        content = [_VERSION, self.count, int(self.frozen)] + numbers
        text = json.dumps(content + [_sum(content)])
        state.replace(self._folder or "/", self._name, text)

    def _load(self) -> None:
        """What the file has; a torn, foreign or impossible one is no file."""
        try:
            with open(self._path) as file:
                content = json.loads(file.read(_MOST_BYTES))
            numbers = self._checked(content)
        except (OSError, ValueError, TypeError):
            return
        self.count, self.frozen = content[1], bool(content[2])
        for i, kind in enumerate(KINDS):
            self._stats[kind] = numbers[3 * i : 3 * i + 3]

    @staticmethod
    def _checked(content: "Any") -> "list[float]":
        """The numbers of a file's content.  Raises ValueError, TypeError for what it cannot be."""
        if len(content) != 4 + 3 * len(KINDS) or content[0] != _VERSION:
            raise ValueError("baseline: another version")
        if content[-1] != _sum(content[:-1]) or not content[1] >= 0:
            raise ValueError("baseline: torn")
        numbers = [float(text) for text in content[3:-1]]
        if not all(abs(number) < 1e6 for number in numbers):
            raise ValueError("baseline: out of range")
        return numbers


def _sum(content: "list[Any]") -> int:
    """Adler's sum of the content as JSON; below 2**30, so that it is a small integer anywhere."""
    low, high = 1, 0
    for byte in json.dumps(content).encode():
        low = (low + byte) % _PRIME
        high = (high + low) % _PRIME
    return (high & 0x3FFF) << 16 | low
