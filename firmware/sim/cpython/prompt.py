"""A prompt on CPython, for the agents of a validation: a board has its raw REPL there.

A line of base64 is a program.  What it prints ends in 0x04, then comes what it raised, 0x04.
"""

import binascii
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_END = "\x04"


def serve(builtins: "dict[str, Any]") -> None:
    """Run what comes, until nothing comes any more.  builtins: those of the node's modules."""
    scope = {"__name__": "__main__", "__builtins__": builtins}
    for line in sys.stdin:
        error = ""
        try:
            exec(binascii.a2b_base64(line), scope)  # noqa: S102
        except Exception as raised:
            error = "%s: %s" % (type(raised).__name__, raised)
        sys.stdout.write(_END + error + _END)
        sys.stdout.flush()
