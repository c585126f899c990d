"""Viper kernels on CPython: each intermediate integer is checked against int32.

`checked(function)` rewrites a kernel's syntax tree so that the result of each operation passes
a range check, and gives it viper's pointers.  It is stricter than a board in four ways, and each
is a bug that a 64-bit interpreter would hide: a result outside int32 raises OverflowError (a board
wraps, 64 bits do not), an index outside the buffer raises IndexError (a board writes into its
heap), a shift by 32 places or more raises OverflowError (processors disagree), and a 32-bit word
with its top bit set may only be masked (a board loads a negative number, 64 bits a positive one).
"""

import ast
import builtins
import inspect
import textwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_LEAST = -(1 << 31)
_MOST = (1 << 31) - 1
_LARGEST_CONSTANT = 1 << 30  # mpy-cross refuses constants from here on


def int32(value: int) -> int:
    """The value, if 32 bits hold it.  Raises OverflowError; TypeError for no integer."""
    if value.__class__ is not int and value.__class__ is not bool:
        raise TypeError("viper computes with integers, not with %r" % (value,))
    if _LEAST <= value <= _MOST:
        return value
    raise OverflowError("%d does not fit into int32" % value)


class Word(int):
    """A loaded word with its top bit set: 32 and 64 bits agree on it only once it is masked."""

    def __and__(self, mask: int) -> int:
        return int32(int.__and__(self, int32(mask)))

    __rand__ = __and__

    def _refuse(self, *_: object) -> "Any":
        raise OverflowError("%d from memory is negative on 32 bits only: mask it" % int(self))


for _name in ["add", "sub", "mul", "floordiv", "mod", "lshift", "rshift", "or", "xor"]:
    setattr(Word, "__%s__" % _name, Word._refuse)
    setattr(Word, "__r%s__" % _name, Word._refuse)
for _name in ["neg", "pos", "invert", "eq", "ne", "lt", "le", "gt", "ge"]:
    setattr(Word, "__%s__" % _name, Word._refuse)


class Address:
    """What int(pointer) gives: a number to add bytes to."""

    def __init__(self, view: memoryview) -> None:
        self.view = view

    def __add__(self, count: int) -> "Address":
        if not 0 <= count <= len(self.view):
            raise IndexError("%d bytes from a buffer of %d" % (count, len(self.view)))
        return Address(self.view[count:])


class _Pointer:
    """A typed pointer: loads zero-extended, stores the low bits, never leaves its buffer."""

    code, bytes_each = "B", 1

    def __init__(self, source: "Any") -> None:
        if isinstance(source, _Pointer):
            source = source.view
        view = source.view if isinstance(source, Address) else memoryview(source).cast("B")
        self.view: memoryview = view[: len(view) // self.bytes_each * self.bytes_each].cast(
            self.code
        )  # type: ignore[call-overload]
        self.mask = (1 << 8 * self.bytes_each) - 1

    def __getitem__(self, index: int) -> int:
        if index < 0:
            raise IndexError("index %d is before the buffer" % index)
        value: int = self.view[index]
        return value if value <= _MOST else Word(value)

    def __setitem__(self, index: int, value: int) -> None:
        if index < 0:
            raise IndexError("index %d is before the buffer" % index)
        self.view[index] = int32(value) & self.mask

    def __add__(self, other: object) -> "Any":
        raise TypeError("viper adds no number to a pointer: ptr8(int(p) + bytes)")


class Ptr8(_Pointer):
    pass


class Ptr16(_Pointer):
    code, bytes_each = "H", 2


class Ptr32(_Pointer):
    code, bytes_each = "I", 4


def _count(value: int) -> int:
    """The places of a shift.  From 32 on, and below 0, each processor does something else."""
    if not 0 <= value <= 31:
        raise OverflowError("a shift by %d places is undefined" % value)
    return value


def _int(value: "Any") -> "Any":
    """Viper's int(): the address of a pointer, or the integer itself."""
    if isinstance(value, _Pointer):
        return Address(value.view.cast("B"))
    return int32(value)


def _sum(left: "Any", right: "Any") -> "Any":
    """left + right, of integers or of an address and a number of bytes."""
    result = left + right
    return result if isinstance(result, Address) else int32(result)


_TYPES = {"ptr8": Ptr8, "ptr16": Ptr16, "ptr32": Ptr32, "int": _int}
_NAMES = {**_TYPES, "_int32": int32, "_sum": _sum, "_count": _count}


class _Checks(ast.NodeTransformer):
    """Wraps the result of each operation; refuses what viper has not."""

    def _call(self, name: str, *arguments: ast.expr) -> ast.Call:
        return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.op, (ast.Div, ast.Pow, ast.MatMult)):
            raise SyntaxError("viper has no %s of integers" % type(node.op).__name__)
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            node.right = self._call("_count", node.right)
        if isinstance(node.op, ast.Add):
            return self._call("_sum", node.left, node.right)
        return self._call("_int32", node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        return node if isinstance(node.op, ast.Not) else self._call("_int32", node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        target = node.target
        source = ast.parse(ast.unparse(target), mode="eval").body
        return ast.Assign([target], self.visit_BinOp(ast.BinOp(source, node.op, node.value)))

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, float):
            raise SyntaxError("viper computes with integers, not with %r" % node.value)
        if isinstance(node.value, int) and node.value >= _LARGEST_CONSTANT:
            raise SyntaxError("mpy-cross refuses constants from 2**30: %d" % node.value)
        return node


def checked(function: "Callable[..., Any]") -> "Callable[..., Any]":
    """The kernel with viper's types and each intermediate checked against int32.

    Raises SyntaxError here for what viper cannot compile (floats, true division, large constants);
    the kernel raises OverflowError, IndexError or TypeError where a board would go wrong.
    """
    lines, first = inspect.getsourcelines(function)
    module = ast.parse(textwrap.dedent("".join(lines)))
    kernel = module.body[0]
    assert isinstance(kernel, ast.FunctionDef)
    kernel.decorator_list = []
    types = []
    for argument in kernel.args.args:
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id in _TYPES:
            text = "{0} = {1}({0})".format(argument.arg, argument.annotation.id)
            types.append(ast.parse(text).body[0])
        argument.annotation = None
    kernel.returns = None
    kernel.body = types + [_Checks().visit(statement) for statement in kernel.body]
    # A closure brings viper's names in; the kernel's own module stays its namespace.
    maker = ast.parse("def make(%s):\n    return %s" % (", ".join(_NAMES), kernel.name)).body[0]
    assert isinstance(maker, ast.FunctionDef)
    ast.increment_lineno(module, first - 1)
    maker.body.insert(0, kernel)
    module.body = [maker]
    local: dict[str, Any] = {}
    code = compile(ast.fix_missing_locations(module), inspect.getfile(function), "exec")
    exec(code, function.__globals__, local)  # noqa: S102  the source is the kernel's own
    result: Callable[..., Any] = local["make"](**_NAMES)
    result.__doc__ = function.__doc__
    return result


def install() -> None:
    """Make the pointers' names known, as viper's compiler does: annotations are evaluated here."""
    for name in ("ptr8", "ptr16", "ptr32"):
        setattr(builtins, name, _TYPES[name])
