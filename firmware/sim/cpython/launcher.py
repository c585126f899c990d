"""The first thing that CPython runs for a virtual board: `python -I launcher.py SPEC.json`."""

import sys

# The folder above `sim`.  With -I, this file's own folder is not on the path: it has modules named
# as those of a board.
sys.path.insert(0, __file__.rsplit("/", 3)[0])

from sim.cpython.board import start

start(sys.argv[1])
