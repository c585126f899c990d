"""What CPython lacks of MicroPython, so that the firmware runs here unchanged.

`install()` puts strict mocks into place: what MicroPython has not, they have not either, and a
misuse raises where a board would fail.  Real on a board and missing here: anything of time (a call
takes what CPython takes) and of memory (`heap_lock` does not lock).
"""

import asyncio
import gc
import sys
import time

from sim.cpython import aio, clock, machine, memory, micropython, network, report, viper

_INSTALLED: "list[bool]" = []


def install() -> None:
    """Put the mocks into sys.modules, time, asyncio, gc and sys.  A second call does nothing."""
    if _INSTALLED:
        return
    _INSTALLED.append(True)
    # Set, not left if absent: the packaged interpreter brings a `micropython` of its own.
    sys.modules["micropython"] = micropython
    sys.modules["machine"] = machine
    sys.modules["network"] = network
    viper.install()
    try:
        from sim.cpython import ulab
    except ImportError:
        pass
    else:
        sys.modules["ulab"] = ulab
    for name in clock.NAMES:
        setattr(time, name, getattr(clock, name))
    for name in aio.NAMES:
        setattr(asyncio, name, getattr(aio, name))
    for name in memory.NAMES:
        setattr(gc, name, getattr(memory, name))
    sys.print_exception = report.print_exception  # type: ignore[attr-defined]
