"""Kernels and blocks that measurement sets share."""

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
