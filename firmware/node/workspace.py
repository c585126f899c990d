"""Kernels and blocks that measurement sets share."""

from node.capture import make_blocks
from node.zeros import zeros

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from types import ModuleType
    from typing import Any

    from node.capture import Blocks


class Workspace:
    """A backend whose kernels and blocks are made once a length: one set is measured at a time."""

    def __init__(self, backend: "ModuleType", lent: "tuple[int, ...]" = ()) -> None:
        """lent: lengths of records of which one channel counts at a time (node/turns.py).

        The kernels then work in the second and the third block, where the backend can.
        """
        self.backend = backend
        self._lent = lent if getattr(backend, "LENT", False) else ()
        self._works: "dict[int, array[int]]" = {}
        self._kernels: "dict[tuple[int, bool], Any]" = {}
        self._blocks: "dict[int, Any]" = {}  # of Blocks, or of views

    def Kernels(self, samples: int, wide: bool) -> "Any":
        if (samples, wide) not in self._kernels:
            self._kernels[samples, wide] = (
                self.backend.Kernels(samples, wide, self._work(samples))
                if samples in self._lent and not wide
                else self.backend.Kernels(samples, wide)
            )
        return self._kernels[samples, wide]

    def blocks(self, samples: int) -> "Blocks":
        """Three int16[samples]."""
        if samples not in self._blocks:
            if samples in self._lent:
                view = memoryview(self._work(samples))
                own = zeros("h", samples)
                self._blocks[samples] = own, view[:samples], view[samples:]
            else:
                self._blocks[samples] = make_blocks(samples)
        found: "Blocks" = self._blocks[samples]
        return found

    def views(self, samples: int, count: int) -> "tuple[Any, ...]":
        """`count` int16[samples] of the longest blocks there are: for who needs none of his own
        between two records of others."""
        longest = max(self._blocks, default=0)
        blocks: "tuple[Any, ...]"
        if longest <= samples:
            blocks = self.blocks(samples)
        else:
            blocks = tuple([memoryview(block)[:samples] for block in self._blocks[longest]])
        while len(blocks) < count:
            blocks += (zeros("h", samples),)
        return blocks[:count]

    def spare(self) -> "tuple[Any, int, Any] | None":
        """What the longest kernels need while they compute only: their work array, bytes of an
        element of it, their table of a turn (dsp/tables.py).  None: there are none, blocks are in
        it, or they are none of the integers' backend.
        """
        best = None
        for samples, wide in self._kernels:
            if samples not in self._lent and (best is None or samples > best[0]):
                best = samples, wide
        if best is None or self.backend.NAME != "viper":
            return None
        work, turn, _ = self._kernels[best].work()
        return work, 4 * best[0] // len(work), turn

    def _work(self, samples: int) -> "array[int]":
        """int16[2 * samples]: two blocks while a record runs, and the kernels' data after it."""
        if samples not in self._works:
            self._works[samples] = zeros("h", 2 * samples)
        return self._works[samples]
