"""Modules that are needed for a moment: their code is let go of, for it takes heap."""

import gc
import sys


def forget(*names: str) -> None:
    """Let go of modules of a package, by their full names; what still holds them keeps them."""
    for name in names:
        sys.modules.pop(name, None)
        package, _, short = name.rpartition(".")
        held = sys.modules.get(package)
        if held is not None and hasattr(held, short):
            delattr(held, short)
    gc.collect()
