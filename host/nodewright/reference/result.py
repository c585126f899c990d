"""What the reference answers."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """Features of one channel: each key is in `values` or in `withheld`, never in both.

    values: finite, in the unit of the key's name.  withheld: the reason.  marked: values which
    are given although they are less sure than the catalogue asks, with the reason.
    """

    values: dict[str, float]
    withheld: dict[str, str]
    marked: dict[str, str] = field(default_factory=dict)


class WithheldError(Exception):
    """A value that is undefined or not valid on this record; `reason` is one word for why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
