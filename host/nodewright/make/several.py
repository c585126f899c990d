"""Several boards at once, each on a thread of its own; what happens to one concerns no other."""

import threading
from collections.abc import Callable, Sequence

from nodewright import side_by_side
from nodewright.errors import NodewrightError
from nodewright.make.job import Result, Stage, Step, Target
from nodewright.make.node import Maker
from nodewright.validate.host_failed import HostFailed
from nodewright.validate.result import Validation


def run(
    targets: Sequence[Target],
    maker: Maker,
    say: Callable[[Target, Step], None],
    asked: threading.Event,
    done: Callable[[Result], None],
) -> list[Result]:
    """Make all of them, in the order of targets.  say and done are called on other threads.

    An error that is a bug of ours is raised once all have ended.  Raises BadInput where a node or
    a port is named twice.
    """
    side_by_side.named_once([target.node for target in targets], "one board a node")
    ports = [target.port for target in targets if target.port is not None]
    side_by_side.named_once(ports, "one node a board")

    def one(target: Target) -> Result:
        stage: Stage = "provision"

        def tell(step: Step) -> None:
            nonlocal stage
            stage = step.stage
            say(target, step)

        turns: list[Validation] = []
        try:
            made = maker.make(target, tell, asked, turns)
            result = Result(target, made, None, "certify", tuple(turns))
        except NodewrightError as error:
            result = Result(target, None, error, stage, tuple(turns))
        except OSError as error:  # a disk that is full is no reason to lose the other nodes
            result = Result(target, None, HostFailed(error), stage, tuple(turns))
        done(result)
        return result

    return side_by_side.each(targets, one)
