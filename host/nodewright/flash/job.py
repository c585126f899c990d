"""What every programmer is given, what it says meanwhile, and what it gives back.

A programmer is `program(job, say, asked) -> Outcome`; asked: a threading.Event, set when it is to
stop. It raises FlashFailed, WrongBoard, OtherNode, Interrupted and the errors of ports.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from nodewright.pki import chip
from nodewright.pki.errors import ChipTaken

if TYPE_CHECKING:
    from nodewright.image.node import NodeImage


@dataclass(frozen=True)
class Progress:
    """stage: a word or two; done, total: bytes of what is sent in it, 0 where nobody knows."""

    stage: str
    done: int = 0
    total: int = 0


Say = Callable[[Progress], None]
# Binds a node to a chip, by its id, and makes its image anew: `provision` does it.
Bind = Callable[["NodeImage", str], "NodeImage"]


@dataclass(frozen=True)
class Job:
    """An image for a port.

    force: overwrite another node; clean: remove also files that are nobody's; boot_s: how long to
    wait for the node to start, 0 for not at all; baud: of an ESP32's boot loader; bind: what binds
    a node whose chip is open, None leaves it open.
    """

    image: "NodeImage" = field(repr=False)
    port: str
    force: bool = False
    clean: bool = False
    boot_s: float = 30.0
    baud: int = 460_800
    bind: Bind | None = field(default=None, repr=False)

    def for_chip(self, unique_id: str) -> tuple["Job", str]:
        """The job, its node bound to the chip there if it was bound to none; what is to be told.

        unique_id: "" where it could not be told. Before anything is written.  Raises ChipTaken,
        which --force prevents, and as `provision`.
        """
        identity = self.image.identity
        if identity is None or not unique_id:
            return self, ""
        if identity.unique_id is not None:
            if identity.unique_id == unique_id:
                return self, ""
            node = self.image.node
            return self, (
                f"the fleet has {node} bound to chip {identity.unique_id}, and this is "
                f"{unique_id}: nodewright renew {node} --unique-id {unique_id} binds it here"
            )
        if self.bind is None:
            return self, ""
        try:
            image = self.bind(self.image, chip.parse(unique_id))
        except chip.NoChipId as odd:
            return self, f"not bound: {odd}"
        except ChipTaken as taken:
            if not self.force:
                raise
            return self, f"not bound: {taken}"
        return replace(self, image=image), f"bound to chip {unique_id}"


@dataclass(frozen=True)
class Outcome:
    """A board that was flashed.

    by: which programmer; sent_bytes of total_bytes: the rest was there already; wire_s: what
    they take at the line's rate, with esptool's stub, None where it has none; boot: the node's
    count of boots, None where it was not waited for; kept: files that are nobody's and stay;
    back_at: the serial port at which a board answered that had been in its boot loader.
    """

    node: str
    port: str
    by: str
    sent_bytes: int
    total_bytes: int
    sent_files: int
    removed_files: int
    seconds: float
    wire_s: float | None = None
    boot: int | None = None
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    back_at: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)
