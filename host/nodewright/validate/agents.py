"""Agents: modules of firmware/bench, sent to a board as text, whose functions are called there."""

import ast
import json
from functools import cache
from typing import Any, Protocol

from nodewright.data import firmware_dir
from nodewright.errors import NodewrightError

_MARK = "\x02"  # before the answer: what the node's code prints meanwhile is not ours
_CALL_S = 30.0
_BENCH = "bench."
_MODEST = "board"  # imports nothing of the node's, and keeps nothing
_FOR_CHECKERS = ("TYPE_CHECKING", "__all__")


class StrangeAnswer(NodewrightError):
    """What a board answered is none.

    port: where; what: the function that was called.
    """

    def __init__(self, port: str, what: str) -> None:
        self.port, self.what = port, what
        super().__init__(
            f"{port}: the board's answer to {what} makes no sense: flash it anew "
            "(nodewright flash), and if it comes back, change the cable or the board"
        )


class Prompt(Protocol):
    """A board's Python, one line of work at a time."""

    port: str

    def ask(self, code: str, within_s: float | None = None) -> bytes:
        """What it prints as it runs code.  Raises BoardFailed where that raises there."""

    def fresh(self) -> None:
        """Start the interpreter anew, without a program."""


class Agents:
    """The agents on one board, one at a time: memory is tight there."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt = prompt
        self._there = ""
        self.session = object()  # another one after each start: what was made there is gone
        self.untouched = False  # since its start nothing ran but "board", which leaves nothing

    def fresh(self) -> None:
        """An interpreter with nothing in its memory, whose watchdog is fed."""
        self._there, self.session = "", object()
        self._prompt.fresh()
        self.untouched = True
        self.call("board", "hold")

    def alone(self, agent: str) -> None:
        """Make sure that nothing but this agent is in the board's memory."""
        if self._there != agent:
            self.fresh()

    def call(self, agent: str, function: str, *arguments: Any, within_s: float = _CALL_S) -> Any:
        """What a function of an agent returns, there.

        arguments: numbers, texts, lists, dicts, None.  Raises BoardFailed where it raises there,
        BoardSilent, PortGone, StrangeAnswer.
        """
        self.untouched = self.untouched and agent == _MODEST
        if self._there != agent:
            before, self._there = self._there, ""  # until all of it is there
            if before:
                names = list(_names(before))
                self._prompt.ask(f"for _n in {names}:\n globals().pop(_n, None)")
            self._prompt.ask(source(agent), within_s)
            self._there = agent
        given = ", ".join(repr(argument) for argument in arguments)
        code = f"import json\nprint('\\x02' + json.dumps({function}({given})))"
        told = self._prompt.ask(code, within_s)
        return _answer(told, self._prompt.port, f"{agent}.{function}")


def _answer(told: bytes, port: str, what: str) -> Any:
    for line in reversed(told.decode("utf-8", "replace").splitlines()):
        if line.startswith(_MARK):
            try:
                return json.loads(line[1:], parse_constant=str)
            except (ValueError, RecursionError):
                break
    raise StrangeAnswer(port, what)


@cache
def source(agent: str) -> str:
    """The text of an agent as a board gets it: what only people and checkers read left out."""
    return ast.unparse(_Lean().visit(_tree(agent)))


def _body(agent: str) -> list[ast.stmt]:
    tree: ast.Module = _Lean().visit(_tree(agent))
    return tree.body


def _tree(agent: str) -> ast.Module:
    path = firmware_dir() / "bench" / f"{agent}.py"
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def _names(agent: str) -> tuple[str, ...]:
    """What it defines: functions and names at its top."""
    found = []
    for node in ast.parse(source(agent)).body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return tuple(found)


class _Lean(ast.NodeTransformer):
    """Without docstrings, annotations and what is under TYPE_CHECKING; what it has of another
    module of firmware/bench stands in it, as a board has no such module."""

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = self._body(node.body, [])
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        node.body = self._body(node.body, [ast.Pass()])
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def _body(self, body: list[ast.stmt], empty: list[ast.stmt]) -> list[ast.stmt]:
        kept: list[ast.stmt] = []
        for part in body:
            if isinstance(part, ast.ImportFrom) and (part.module or "").startswith(_BENCH):
                kept += _body(str(part.module).removeprefix(_BENCH))
            elif not _is_talk(part) and (lean := self.visit(part)) is not None:
                kept.append(lean)
        return kept or empty


def _is_talk(part: ast.stmt) -> bool:
    """A docstring, or what only checkers read."""
    if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):
        return True
    if isinstance(part, ast.Assign):
        return any(getattr(target, "id", "") in _FOR_CHECKERS for target in part.targets)
    return isinstance(part, ast.If) and getattr(part.test, "id", "") == "TYPE_CHECKING"
