"""Start the node.  Whatever happens, the serial port and its REPL stay reachable."""

import gc

# What loading a module leaves behind would lie between the modules, and cut the heap into pieces.
gc.threshold(4096)

from node import start  # noqa: E402

start.main()
