"""The firmware's tests run twice: on CPython with mocks, and on MicroPython."""

import sim.cpython

sim.cpython.install()

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
