"""Where a board is when it is back from its boot loader: the port at which its own node answers.

Several boards may be on their way at once, and each takes whichever name of a port is free. So a
port is known by the node on its board, and by nothing else. To ask interrupts the program there:
ports that another thread has found or is asking are left alone, and a stranger is asked once.
"""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nodewright.flash import facts
from nodewright.flash.facts import Facts
from nodewright.link.errors import (
    BoardFailed,
    BoardSilent,
    Interrupted,
    PortBusy,
    PortDenied,
    PortGone,
    PortMissing,
)
from nodewright.link.repl import Repl
from nodewright.link.usb import plugged

if TYPE_CHECKING:
    from nodewright.image.node import NodeImage

_LOOK_S = 0.2
# A port that has just come is opened by others, too, and its rights are set a moment later.
_NOT_YET = (PortMissing, PortGone, PortBusy, PortDenied, BoardSilent, BoardFailed)
_changing = threading.Lock()
_held: dict[str, str] = {}  # by port: the node whose it is, or on whose behalf it is asked
_left: set[str] = set()  # ports whose boards were sent into their boot loaders


@dataclass(frozen=True)
class Back:
    """A board that answers.  repl: entered; whoever is given it closes it."""

    repl: Repl
    facts: Facts


def leaves(port: str) -> None:
    """The board at a port is sent into its boot loader: any other may be there after it."""
    with _changing:
        _left.add(port)


def let_go(node: str) -> None:
    """Nothing more is done with the board of a node: its port may be asked by others."""
    with _changing:
        for port in [port for port, whose in _held.items() if whose == node]:
            del _held[port]


def find(
    image: "NodeImage",
    there: Collection[str],
    asked: threading.Event,
    within_s: float,
    own: str = "",
) -> Back | None:
    """The board with the node of an image, its port kept from others until `let_go`.

    there: ports that were plugged in while the board was a drive; own: the one by which it was
    sent into its boot loader, "" where by none.  If none has the node, the only one that is
    nobody's; None where there is no such either.  Raises Interrupted.
    """
    node, deadline_s = image.node, time.monotonic() + within_s
    whose: dict[str, str | None] = {}  # ports that were asked, and which node is there
    while within_s:
        ports = _candidates(image.board.name, there, own)
        whose = {port: name for port, name in whose.items() if port in ports}
        for port in ports:
            if port in whose and port != own:
                continue
            back = _ask(port, node)
            if back is None:
                continue
            if (back.facts.node, back.facts.fleet) == (node, image.settings.get("fleet")):
                return back
            whose[port] = back.facts.node
            back.repl.close()
            _release(port)
        if time.monotonic() > deadline_s:
            break
        if asked.wait(_LOOK_S):
            raise Interrupted(own or "the boot loader", "the image is on the board, not read back")
    nobodys = [port for port, name in whose.items() if name is None]
    return _ask(nobodys[0], node) if len(nobodys) == 1 else None


def _candidates(board: str, there: Collection[str], own: str) -> list[str]:
    with _changing:
        free = set(_left)
    new = [
        one.port
        for one in plugged()
        if board in one.boards and (one.port not in there or one.port in free)
    ]
    return [own, *(port for port in new if port != own)] if own else new


def _ask(port: str, node: str) -> Back | None:
    """What answers at a port, which is held then; None: nothing yet, or another has it."""
    with _changing:
        if _held.get(port, node) != node:
            return None
        _held[port] = node
    repl = None
    try:
        repl = Repl(port, busy_s=0).__enter__()  # the next look comes soon
        return Back(repl, facts.read(repl))
    except _NOT_YET:
        if repl is not None:
            repl.close()
        _release(port)
        return None
    except BaseException:
        _release(port)
        raise


def _release(port: str) -> None:
    with _changing:
        _held.pop(port, None)
