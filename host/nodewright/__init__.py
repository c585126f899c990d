"""Nodewright's host tooling: makes, proves and watches condition-monitoring nodes."""

from nodewright.data import register_contract

register_contract()

from wire import VERSION as __version__  # noqa: E402  the contract must be registered first

__all__ = ["__version__"]
