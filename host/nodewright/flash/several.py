"""Several boards at once, each on a thread of its own; what happens to one concerns no other."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodewright import side_by_side
from nodewright.errors import NodewrightError
from nodewright.flash import back
from nodewright.flash.choose import Make, Target, flash
from nodewright.flash.job import Bind, Outcome, Progress

if TYPE_CHECKING:
    from nodewright.image.node import NodeImage


@dataclass(frozen=True)
class Result:
    """What became of a target: an outcome, or an error that says what the board is now."""

    target: Target
    outcome: Outcome | None
    error: Exception | None


def run(
    targets: Sequence[Target],
    make: Make,
    say: Callable[[Target, Progress], None],
    asked: threading.Event,
    done: Callable[[Result], None],
    bind: Bind | None = None,
) -> list[Result]:
    """Flash all of them.  say and done are called on other threads, make and bind one at a time.

    An error that is a bug of ours is raised once all have ended.  Raises BadInput where one port
    is named twice.
    """
    side_by_side.named_once([target.port for target in targets], "one node a board")
    one_at_a_time = threading.Lock()  # the maker reads and caches files

    def made(node: str, virtual: bool) -> "NodeImage":
        with one_at_a_time:
            return make(node, virtual)

    def bound(image: "NodeImage", unique_id: str) -> "NodeImage":
        assert bind is not None
        with one_at_a_time:
            return bind(image, unique_id)

    binder = None if bind is None else bound

    def one(target: Target) -> Result:
        try:
            outcome = flash(target, made, lambda step: say(target, step), asked, binder)
            result = Result(target, outcome, None)
        except NodewrightError as error:
            result = Result(target, None, error)
        finally:
            back.let_go(target.node)
        done(result)
        return result

    return side_by_side.each(targets, one)


class Speed:
    """Bytes a second and time left, from the progress of one stage."""

    def __init__(self) -> None:
        self._stage = ""
        self._begun_s = 0.0
        self._first = 0

    def of(self, step: Progress) -> tuple[float | None, float | None]:
        """(bytes/s, seconds left), None while nobody can know."""
        now_s = time.monotonic()
        if step.stage != self._stage:
            self._stage, self._begun_s, self._first = step.stage, now_s, step.done
        took_s = now_s - self._begun_s
        sent = step.done - self._first
        if not step.total or took_s < 0.2 or sent <= 0:
            return None, None
        rate = sent / took_s
        return rate, (step.total - step.done) / rate
