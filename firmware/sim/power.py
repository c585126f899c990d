"""How the process of a virtual board ends, so that its supervisor knows why and starts it again.

A reset must not be catchable by the firmware, and this port has no call for that: the process
sends itself a signal through the shell.  host/nodewright/virtual.py knows the same names.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_SOFT = "kill -ALRM $PPID"
_STILLBORN = "kill -TERM $PPID"
_HARD = "kill -USR1 $PPID"
_WATCHDOG = "kill -USR2 $PPID"


def reset() -> "NoReturn":
    """As if the reset pin had been pulled."""
    _end(_HARD)


def watchdog_bite() -> "NoReturn":
    """The watchdog was not fed in time."""
    _end(_WATCHDOG)


def soft_reset() -> "NoReturn":
    """The interpreter starts anew; this can be caught, as on boards."""
    raise SystemExit(0)


def end_softly() -> "NoReturn":
    """A program let SystemExit through.  With -i, this port would go on to the REPL."""
    _end(_SOFT)


def end_stillborn() -> "NoReturn":
    """The board could not be built."""
    _end(_STILLBORN)


def _end(command: str) -> "NoReturn":
    os.system(command)  # noqa: S605
    raise SystemExit(1)
