"""How `nodewright` ends: the one table of exit codes, and which error gives which."""

from nodewright.errors import BadInput, NodewrightError
from nodewright.link.errors import Interrupted

DONE = 0
FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130  # as shells have it: 128 and the number of SIGINT

MEANINGS = {
    DONE: "done",
    FAILED: "failed: what was asked for did not work out, and it says why",
    WRONG_USE: "wrong use: an option, name, number or file that cannot be",
    INTERRUPTED: "interrupted (Ctrl-C, or asked to end) before it was done",
}

_ERRORS = (  # the first that fits
    (Interrupted, INTERRUPTED),
    (BadInput, WRONG_USE),
    (NodewrightError, FAILED),
)


def code_of(error: BaseException) -> int | None:
    """The exit code of an error which is ours to explain; None for one that is a bug."""
    for kind, code in _ERRORS:
        if isinstance(error, kind):
            return code
    return None
