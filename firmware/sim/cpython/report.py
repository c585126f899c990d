"""`sys.print_exception`."""

import sys
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def print_exception(error: BaseException, file: "Any" = None) -> None:
    """Print the traceback of error to a stream, stdout if none is given."""
    print("".join(traceback.format_exception(error)), end="", file=file or sys.stdout)
