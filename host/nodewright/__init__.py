"""Nodewright's host tooling: makes, proves and watches condition-monitoring nodes."""

import os

from nodewright.data import register_contract

# Before NumPy: nothing here multiplies large matrices, and the threads that wait to do so spin for
# some 80 ms of CPU in every process.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
register_contract()

from wire import VERSION as __version__  # noqa: E402  the contract must be registered first

__all__ = ["__version__"]
