"""The first thing that the interpreter of a virtual board runs: `launcher.py SPEC.json`."""

import gc
import sys

# Collect often while the twins load: they shall lie together and leave the node one piece of heap.
gc.threshold(16384)

# The folder above this one: twins are imported as `sim.…`, and shadow nothing.
sys.path[:] = [__file__.rsplit("/", 2)[0], ".frozen"]

from sim.board import start  # noqa: E402

start(sys.argv[1], globals())
