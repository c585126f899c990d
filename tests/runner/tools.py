"""The programs of tools/, as modules: their tests load them by name."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).resolve().parents[2] / "tools"


def load(name: str) -> ModuleType:
    """tools/NAME.py, loaded once, as an import of it would be."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _FOLDER / f"{name}.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # where its dataclasses look for it
        spec.loader.exec_module(module)
    return sys.modules[name]
