"""Where the firmware and the boards lie: beside host/ in a checkout, inside it in a wheel."""

import importlib.util
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _root() -> Path:
    packed = _PACKAGE / "_data"
    return packed if packed.is_dir() else _PACKAGE.parent.parent


def firmware_dir() -> Path:
    """The folder with wire/, node/, sim/, boot.py and main.py."""
    return _root() / "firmware"


def boards_dir() -> Path:
    """The folder with one folder a board."""
    return _root() / "boards"


def register_contract() -> None:
    """Make firmware/wire importable as `wire`, and nothing else of the firmware.

    Registered by its path and not by sys.path, so that no other distribution can take the name.
    """
    if "wire" in sys.modules:
        return
    folder = firmware_dir() / "wire"
    spec = importlib.util.spec_from_file_location(
        "wire", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"the contract is missing from {folder}; install nodewright again")
    module = importlib.util.module_from_spec(spec)
    sys.modules["wire"] = module
    spec.loader.exec_module(module)
