"""`python -m nodewright`: the command line, where its script is not on the PATH."""

from nodewright.cli import main

main()
