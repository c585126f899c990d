"""Boards at once, each on a thread of its own; what happens to one concerns no other."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

from nodewright.errors import BadInput

_MOST = 16
_TURN_S = 0.1
_Target = TypeVar("_Target")
_Result = TypeVar("_Result")


def each(targets: Sequence[_Target], one: Callable[[_Target], _Result]) -> list[_Result]:
    """What `one` gives for each, in their order.  An error is raised once all have ended."""
    with ThreadPoolExecutor(max_workers=_MOST) as pool:
        waiting = [pool.submit(one, target) for target in targets]
        left = set(waiting)
        while left:
            # A wait without end would keep Ctrl-C from being seen.
            _, left = wait(left, timeout=_TURN_S, return_when=FIRST_COMPLETED)
        return [future.result() for future in waiting]


def named_once(names: Sequence[str], cure: str) -> None:
    """Raises BadInput where one of them is there twice."""
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"{name} is named twice: {cure}")
