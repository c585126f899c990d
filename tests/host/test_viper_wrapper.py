"""The wrapper which runs viper kernels on CPython finds what only a 32-bit board would show."""

import linecache
from array import array
from collections.abc import Callable
from typing import Any

import pytest

from sim.cpython import viper

viper.install()


def product(a: int, b: int) -> int:
    return a * b


def accumulate(count: int, step: int) -> int:
    total = 0
    for _ in range(count):
        total += step
    return total


def negate(a: int) -> int:
    return -a


def shift(a: int, by: int) -> int:
    return a << by


def divide(a, b):  # type: ignore[no-untyped-def]
    return a / b


def fraction(a):  # type: ignore[no-untyped-def]
    return a + 0.5


def large(a):  # type: ignore[no-untyped-def]
    return a + 1073741824


def kernel(source: str) -> Callable[..., Any]:
    """A kernel from source text, as a module of its own would have it."""
    name = f"<kernel {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space: dict[str, Any] = {}
    exec(compile(source, name, "exec"), space)
    made: Callable[..., Any] = viper.checked(space["kernel"])
    return made


LOAD16 = "def kernel(block: ptr16, i: int):\n    return block[i]\n"
LOAD32 = "def kernel(block: ptr32, i: int):\n    return block[i]\n"
MASK32 = (
    "def kernel(block: ptr32, i: int):\n    return (block[i] & 0xFFFFFF ^ 0x800000) - 0x800000\n"
)
SHIFT32 = "def kernel(block: ptr32, i: int):\n    return block[i] >> 8\n"
STORE8 = "def kernel(block: ptr8, i: int, value: int):\n    block[i] = value\n"
STORE32 = "def kernel(block: ptr32, i: int, value: int):\n    block[i] = value\n"
ADD_IN_PLACE = "def kernel(block: ptr32, i: int, value: int):\n    block[i] += value\n"
OFFSET = "def kernel(block: ptr16):\n    part = ptr16(int(block) + 4)\n    return part[0]\n"
POINTER_SUM = "def kernel(block: ptr16):\n    return block + 4\n"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (product, (65536, 32768)),
        (product, (-65536, 32769)),
        (accumulate, (3, 1 << 30)),
        (negate, (-(1 << 31),)),
        (shift, (1, 31)),
        (shift, (0, 32)),
        (shift, (1, -1)),
        (product, (1 << 31, 0)),
    ],
)
def test_checked__result_beyond_int32__overflow_error(
    function: Callable[..., int], arguments: tuple[int, ...]
) -> None:
    with pytest.raises(OverflowError, match=r"int32|shift"):
        viper.checked(function)(*arguments)


def test_checked__results_at_the_ends_of_int32__pass() -> None:
    assert viper.checked(product)(-65536, 32768) == -(1 << 31)
    assert viper.checked(accumulate)(2, (1 << 30) - 1) == (1 << 31) - 2
    assert viper.checked(negate)((1 << 31) - 1) == -(1 << 31) + 1


@pytest.mark.parametrize("function", [divide, fraction, large])
def test_checked__what_viper_cannot_compile__syntax_error(function: Callable[..., int]) -> None:
    with pytest.raises(SyntaxError):
        viper.checked(function)


def test_pointer__loads__zero_extended() -> None:
    assert kernel(LOAD16)(array("h", [-1, -32768]), 0) == 65535
    assert kernel(LOAD32)(array("i", [1 << 30]), 0) == 1 << 30


def test_pointer__word_with_its_top_bit__only_masked() -> None:
    words = array("i", [-5, 5])
    assert kernel(MASK32)(words, 0) == -5
    assert kernel(MASK32)(words, 1) == 5
    with pytest.raises(OverflowError):
        kernel(SHIFT32)(words, 0)


def test_pointer__stores__low_bits() -> None:
    small, words = bytearray(2), array("i", [0])
    kernel(STORE8)(small, 1, -2)
    kernel(STORE32)(words, 0, -2)
    assert small == b"\x00\xfe" and words[0] == -2
    kernel(ADD_IN_PLACE)(array("i", [3]), 0, 4)


@pytest.mark.parametrize("index", [-1, 2])
def test_pointer__index_outside__index_error(index: int) -> None:
    with pytest.raises(IndexError):
        kernel(LOAD16)(array("h", [1, 2]), index)


def test_pointer__arithmetic__only_by_address() -> None:
    assert kernel(OFFSET)(array("h", [1, 2, 3])) == 3
    with pytest.raises(IndexError):
        kernel(OFFSET)(array("h", [1]))
    with pytest.raises(TypeError):
        kernel(POINTER_SUM)(array("h", [1, 2, 3]))


def test_checked__float_or_object__type_error() -> None:
    with pytest.raises(TypeError):
        viper.checked(product)(1.5, 2)
