"""The command line.  It alone prints and exits."""

from nodewright.cli.app import main

__all__ = ["main"]
