"""Where words go: results to stdout, the rest to stderr; colours on terminals."""

import json
import sys
from typing import Any

from rich.console import Console


def out() -> Console:
    """Standard output.  Rich leaves colours out where it is no terminal or NO_COLOR is set."""
    return Console(highlight=False)


def err() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON object on a line of its own; a NaN is our own mistake and raises ValueError."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def print_error(text: str) -> None:
    """Say on stderr why it did not work, in the text's own words."""
    console = err()
    console.print("nodewright: ", style="bold red", end="")
    console.print(text, markup=False, soft_wrap=True)
