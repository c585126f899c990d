# Runs first on a board.  Nothing to choose yet: main.py starts the only slot there is.
