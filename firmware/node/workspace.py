"""Kernels and blocks that measurement sets share."""

from array import array

from node.capture import make_blocks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from node.capture import Blocks


class Workspace:
    """A backend whose kernels and blocks are made once a length: one set is measured at a time."""

    def __init__(self, backend: "ModuleType") -> None:
        self.backend = backend
        self._kernels: "dict[tuple[int, bool], Any]" = {}
        self._blocks: "dict[int, Blocks]" = {}

    def Kernels(self, samples: int, wide: bool) -> "Any":
        if (samples, wide) not in self._kernels:
            self._kernels[samples, wide] = self.backend.Kernels(samples, wide)
        return self._kernels[samples, wide]

    def blocks(self, samples: int) -> "Blocks":
        """Three int16[samples]."""
        if samples not in self._blocks:
            self._blocks[samples] = make_blocks(samples)
        return self._blocks[samples]

    def views(self, samples: int, count: int) -> "tuple[Any, ...]":
        """`count` int16[samples] of the longest blocks there are: for who needs none of his own
        between two records of others."""
        longest = max(self._blocks, default=0)
        if longest <= samples:
            blocks = self.blocks(samples)
        else:
            blocks = tuple([memoryview(block)[:samples] for block in self._blocks[longest]])
        while len(blocks) < count:
            blocks += (array("h", bytes(2 * samples)),)
        return blocks[:count]

    def spare(self) -> "tuple[Any, int, Any] | None":
        """What the longest kernels need while they compute only: their work array, bytes of an
        element of it, their table of a turn (dsp/tables.py).  None: there are none, or none of
        the integers' backend.
        """
        best = None
        for samples, wide in self._kernels:
            if best is None or samples > best[0]:
                best = samples, wide
        if best is None or self.backend.NAME != "viper":
            return None
        work, turn, _ = self._kernels[best].work()
        return work, 4 * best[0] // len(work), turn
