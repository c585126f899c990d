"""What is kept of a node beside its account: what a page shows of it and no table has."""

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from nodewright.console import Event
from nodewright.demo.tally import Key, Tally
from nodewright.image import Image
from nodewright.served import Samples, ServedError

_MOST_LINES = 400


@dataclass(frozen=True)
class ImageDigest:
    """What a node booted from: SHA-256 of its flash image, and of each file in it.

    Without an image, on CPython, it is that of version.json, which has those of all other files.
    """

    sha256: str
    size_bytes: int
    files: Mapping[str, str]

    @classmethod
    def of(cls, image: Image) -> Self:
        return cls(hashlib.sha256(image.data).hexdigest(), len(image.data), dict(image.files))

    @classmethod
    def of_files(cls, files: Mapping[str, bytes]) -> Self:
        digests = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
        return cls(digests["/version.json"], sum(map(len, files.values())), digests)


@dataclass(frozen=True)
class Said:
    """One event of a node's serial port; at_s: since the demo began."""

    at_s: float
    event: Event


@dataclass
class Kept:
    """Beside the `Tally` of one node: its words, its reports, and the samples of the last one.

    console: the last few hundred events; status, health: the last of each; reports: as received;
    digits: int16[N, channels], what its sensor's twin served for the report `last`.
    """

    image: ImageDigest | None = None
    console: deque[Said] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    status: Mapping[str, Any] | None = None
    health: Mapping[str, Any] | None = None
    reports: dict[Key, Mapping[str, Any]] = field(default_factory=dict)
    last: Key | None = None
    digits: NDArray[np.int16] | None = None

    def on_message(self, kind: str, message: Mapping[str, Any]) -> None:
        """Keep a message off the broker.  kind: report, status or health."""
        if kind == "report":
            self.reports.setdefault((message["boot"], message["seq"]), message)
        elif kind == "status":
            self.status = message
        elif kind == "health":
            self.health = message

    def find_last(self, tally: Tally, served: Samples) -> None:
        """Take the samples of the last report that counts and has a record, while they exist."""
        for key in reversed(tally.sent):
            record = self.reports.get(key, {}).get("record")
            if record is None:
                continue
            try:
                self.digits = tally.plan.digits_of(served, key[0], record)
            except (ServedError, ValueError):
                continue  # the verdict on that report says so
            self.last = key
            return
