"""What `make` is asked for, what it says meanwhile, and what it gives back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nodewright.errors import NodewrightError
from nodewright.flash.choose import By
from nodewright.flash.job import Outcome
from nodewright.validate.keep import Kept
from nodewright.validate.photo import Photo
from nodewright.validate.result import Validation
from nodewright.validate.sign import BENCH

STAGES = ("provision", "image", "bind", "flash", "validate", "certify")
Stage = Literal["provision", "image", "bind", "flash", "validate", "certify"]


@dataclass(frozen=True)
class Target:
    """A node, and the port of its board; port None: a virtual board."""

    node: str
    port: str | None

    @property
    def where(self) -> str:
        return "a virtual board" if self.port is None else self.port


@dataclass(frozen=True)
class Options:
    """How all of them are made.

    runtime, by, baud, force: as of `flash`; count: validations of each; seed: of what is drawn,
    None: another each time; bench: who signs; after_s: how long a board may take to come back.
    """

    runtime: str | None = None
    by: By = "auto"
    baud: int = 460_800
    force: bool = False
    count: int = 1
    seed: int | None = None
    bench: str = BENCH
    photo: Photo | None = field(default=None, repr=False)
    boot_s: float = 30.0
    after_s: float = 30.0


@dataclass(frozen=True)
class Step:
    """stage: where it is; what: in it; done, total: of bytes or cases, 0 where nobody knows."""

    stage: Stage
    what: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Made:
    """A node that was made.  provisioned: what was done; flashed: None of a virtual board."""

    target: Target
    folder: Path
    provisioned: str
    image_sha256: str
    flashed: Outcome | None
    kept: Kept
    validations: tuple[Validation, ...] = field(repr=False)
    seconds: float

    @property
    def passed(self) -> bool:
        """In each of its validations."""
        return self.kept.validation.passed

    def as_dict(self) -> dict[str, Any]:
        found = self.kept.validation
        return {
            "node": self.target.node,
            "port": self.target.port,
            "passed": self.passed,
            "provisioned": self.provisioned,
            "image_sha256": self.image_sha256,
            "flashed": None if self.flashed is None else self.flashed.as_dict(),
            "validation": {
                "place": found.place,
                "unique_id": found.unique_id,
                "seconds": found.seconds,
                "seed": found.seed,
                "cases": {case.case: case.verdict for case in found.cases},
                "reasons": {case.case: case.reason for case in found.cases if case.reason},
            },
            **self.kept.as_dict(),
            "seconds": self.seconds,
        }


Say = Callable[[Step], None]


@dataclass(frozen=True)
class Result:
    """What became of a target: a node, or the error that stopped it, at which stage.

    validations: those that came to their end, also where an error came later.
    """

    target: Target
    made: Made | None
    error: NodewrightError | None
    stage: Stage
    validations: tuple[Validation, ...] = field(default=(), repr=False)
