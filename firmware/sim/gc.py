"""The twin of `gc`: the interpreter's own collector, whose threshold is of a board's words.

Where words are twice as long, a program leaves twice the bytes behind for the same work: with the
threshold of a board it would be collected twice as often, which is a third of the time that a node
takes to load its modules here.
"""

import gc
import sys

_WORDS = 2 if sys.maxsize > 1 << 32 else 1  # of a board's, in each of ours

collect = gc.collect
disable = gc.disable
enable = gc.enable
isenabled = gc.isenabled
mem_alloc = gc.mem_alloc  # type: ignore[attr-defined]
mem_free = gc.mem_free  # type: ignore[attr-defined]


def threshold(amount: "int | None" = None) -> "int | None":
    """Collect after so many bytes, on the board that this stands for; -1: when memory is full."""
    if amount is None:
        held: int = gc.threshold()  # type: ignore[attr-defined]
        return held // _WORDS if held > 0 else held
    gc.threshold(amount * _WORDS if amount > 0 else amount)  # type: ignore[attr-defined]
    return None
