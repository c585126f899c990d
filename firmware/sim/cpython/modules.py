"""Imports the node's modules from its own files, each with the built-ins that a board gives it.

Only they see the twins of `os`, `time` and `select`: CPython's library goes on with its own.
"""

import builtins
import sys
import types
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


class NodeModules:
    """A finder for sys.meta_path.

    root: the folder that is the node's `/`; twins: modules which only the node gets; names: its
    own built-ins, beside those of CPython.
    """

    def __init__(
        self, root: str, twins: "Mapping[str, types.ModuleType]", names: "Mapping[str, Any]"
    ) -> None:
        self._root, self._twins = root, twins
        self.builtins = {**vars(builtins), **names, "__import__": self._import}
        self._finders: "dict[str, FileFinder]" = {}
        made = self.builtins

        class Loader(SourceFileLoader):
            def exec_module(self, module: types.ModuleType) -> None:
                module.__dict__["__builtins__"] = made
                super().exec_module(module)

        self._loader = Loader

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, _target: "Any" = None
    ) -> "ModuleSpec | None":
        """Of a module that lies on the node's flash: `/`, as on a board, and `/lib`."""
        folders = (self._root, self._root + "/lib") if path is None else path
        for folder in folders:
            if folder != self._root and not folder.startswith(self._root + "/"):
                continue
            if folder not in self._finders:
                self._finders[folder] = FileFinder(folder, (self._loader, [".py"]))
            spec = self._finders[folder].find_spec(name)
            if spec is not None:
                return spec
        return None

    def run(self, path: str) -> None:
        """Run a file of the host as the board's program."""
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec")
        exec(code, {"__name__": "__main__", "__builtins__": self.builtins})  # noqa: S102

    def _import(
        self,
        name: str,
        scope: "Any" = None,
        local: "Any" = None,
        wanted: "Sequence[str]" = (),
        level: int = 0,
    ) -> types.ModuleType:
        if level == 0 and name in self._twins:
            return self._twins[name]
        return builtins.__import__(name, scope, local, wanted, level)


def install(modules: NodeModules) -> None:
    """Ask it first; nothing of the node's is compiled into a file: its flash stays as it is."""
    sys.dont_write_bytecode = True
    sys.meta_path.insert(0, modules)
