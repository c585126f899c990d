"""Several boards at once, each on a thread of its own; what happens to one concerns no other."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

from nodewright.errors import BadInput, NodewrightError
from nodewright.make.job import Result, Stage, Step, Target
from nodewright.make.node import Maker

_MOST = 16
_TURN_S = 0.1


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
    _check(targets)

    def one(target: Target) -> Result:
        stage: Stage = "provision"

        def tell(step: Step) -> None:
            nonlocal stage
            stage = step.stage
            say(target, step)

        try:
            result = Result(target, maker.make(target, tell, asked), None, "certify")
        except NodewrightError as error:
            result = Result(target, None, error, stage)
        done(result)
        return result

    with ThreadPoolExecutor(max_workers=_MOST) as pool:
        waiting = [pool.submit(one, target) for target in targets]
        left = set(waiting)
        while left:
            # A wait without end would keep Ctrl-C from being seen.
            _, left = wait(left, timeout=_TURN_S, return_when=FIRST_COMPLETED)
        return [future.result() for future in waiting]


def _check(targets: Sequence[Target]) -> None:
    nodes = [target.node for target in targets]
    ports = [target.port for target in targets if target.port is not None]
    for names, cure in ((nodes, "one board a node"), (ports, "one node a board")):
        for name in names:
            if names.count(name) > 1:
                raise BadInput(f"{name} is named twice: {cure}")
