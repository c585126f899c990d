"""Which identity a node that speaks TLS shows, and how it comes to another: loaded only there."""

import os

from node import modules
from node.uplink import tls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from node.renewal import Renewal

FOLDER = "/identity"
_SELDOM = ("node.renewal", "wire.renewal")
_NEWS = ("new.tmp", "new.der", "proven.der")  # of node/renewal.py, which is seldom needed


class Identities:
    """The node's own, and a new one while it has to prove itself."""

    def __init__(self, node: str, count: "Callable[[str], None]") -> None:
        """node: its name; count(name): for what went wrong."""
        self._node = node
        self._count = count
        self._coming: "Renewal | None" = None

    def load(self) -> tls.Identity:
        """The one to be used now.  Raises Lost: as tls.load."""
        try:
            names = os.listdir(FOLDER)
        except OSError:
            names = []  # what there is to say of it tls.load says
        for name in _NEWS:
            if name in names:
                from node import renewal

                found = renewal.begin(self._count, FOLDER)
                modules.forget(*_SELDOM)  # but what a trial holds
                if found is not None:
                    return found
                break
        return tls.load()

    def take(self, command: "dict[str, Any]") -> bool:
        """A part of a new one; True where that was the last: `load` gives it from now on.

        Raises ValueError for what is not to be used, OSError of the flash.
        """
        if self._coming is None:
            from node.renewal import Renewal

            self._coming = Renewal(self._node, FOLDER)
        ended = True
        try:
            ended = self._coming.take(command["part"], command["parts"], command["data"])
        finally:
            if ended:  # or refused: what had come of it is of no use
                self._coming = None
                modules.forget(*_SELDOM)
        return ended
