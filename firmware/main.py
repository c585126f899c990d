"""Start the node.  Whatever happens, the serial port and its REPL stay reachable."""

from node import start

start.main()
