"""The firmware's tests run twice: on CPython with mocks, and on MicroPython."""

import signal

import sim.cpython

sim.cpython.install()

# A shell starts what it puts in the background with SIGINT ignored, and children inherit that:
# the tests that interrupt a child would wait for one which cannot hear.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from runner.plugin import (  # noqa: E402  the mocks come before all else
    pytest_collect_file,
    pytest_configure,
    pytest_pycollect_makeitem,
    pytest_pycollect_makemodule,
)

__all__ = [
    "pytest_collect_file",
    "pytest_configure",
    "pytest_pycollect_makeitem",
    "pytest_pycollect_makemodule",
]
