"""The module `ulab` over NumPy float32: what the firmware uses of it, and nothing more.

Strict where ulab is poorer than NumPy: floats are float32 and are summed one after the other, a
function or method that ulab lacks is missing here, fft takes powers of two only.
"""

import types

import numpy as _np

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_DTYPES = {
    ord("f"): _np.float32,
    ord("c"): _np.complex64,
    ord("h"): _np.int16,
    ord("H"): _np.uint16,
    ord("b"): _np.int8,
    ord("B"): _np.uint8,
}


def _plain(value: "Any") -> "Any":
    """An operand as NumPy takes it: arrays by their content, numbers as they are."""
    if isinstance(value, ndarray):
        return value.content
    if isinstance(value, (int, float, complex)):
        return value
    raise TypeError("unsupported types for operation: %s" % type(value).__name__)


def _wrap(result: "_np.ndarray[Any, Any]") -> "ndarray":
    if result.dtype == _np.float64:
        result = result.astype(_np.float32)
    elif result.dtype == _np.complex128:
        result = result.astype(_np.complex64)
    return ndarray(result)


class ndarray:  # noqa: N801  ulab's name
    """An array of ulab: slices are views, operators give new arrays."""

    def __init__(self, content: "_np.ndarray[Any, Any]") -> None:
        self.content = content

    def __len__(self) -> int:
        return len(self.content)

    @property
    def shape(self) -> "tuple[int, ...]":
        return tuple(self.content.shape)

    @property
    def size(self) -> int:
        return self.content.size

    @property
    def real(self) -> "ndarray":
        return ndarray(self.content.real.copy())

    @property
    def imag(self) -> "ndarray":
        return ndarray(self.content.imag.copy())

    def __iter__(self) -> "Any":
        return (value.item() for value in self.content)

    def __getitem__(self, index: "Any") -> "Any":
        if isinstance(index, ndarray):
            index = index.content
        found = self.content[index]
        return ndarray(found) if isinstance(found, _np.ndarray) else found.item()

    def __setitem__(self, index: "Any", value: "Any") -> None:
        self.content[index] = _plain(value)

    def _operate(self, function: "Any", left: "Any", right: "Any") -> "ndarray":
        with _np.errstate(all="ignore"):
            return _wrap(function(_plain(left), _plain(right)))

    def _in_place(self, function: "Any", other: "Any") -> "ndarray":
        with _np.errstate(all="ignore"):
            function(self.content, _plain(other), out=self.content)
        return self

    def __add__(self, other: "Any") -> "ndarray":
        return self._operate(_np.add, self, other)

    def __radd__(self, other: "Any") -> "ndarray":
        return self._operate(_np.add, other, self)

    def __sub__(self, other: "Any") -> "ndarray":
        return self._operate(_np.subtract, self, other)

    def __rsub__(self, other: "Any") -> "ndarray":
        return self._operate(_np.subtract, other, self)

    def __mul__(self, other: "Any") -> "ndarray":
        return self._operate(_np.multiply, self, other)

    def __rmul__(self, other: "Any") -> "ndarray":
        return self._operate(_np.multiply, other, self)

    def __truediv__(self, other: "Any") -> "ndarray":
        return self._operate(_np.divide, self, other)

    def __rtruediv__(self, other: "Any") -> "ndarray":
        return self._operate(_np.divide, other, self)

    def __gt__(self, other: "Any") -> "ndarray":
        return self._operate(_np.greater, self, other)

    def __ge__(self, other: "Any") -> "ndarray":
        return self._operate(_np.greater_equal, self, other)

    def __neg__(self) -> "ndarray":
        return ndarray(-self.content)

    def __iadd__(self, other: "Any") -> "ndarray":
        return self._in_place(_np.add, other)

    def __isub__(self, other: "Any") -> "ndarray":
        return self._in_place(_np.subtract, other)

    def __imul__(self, other: "Any") -> "ndarray":
        return self._in_place(_np.multiply, other)

    def __itruediv__(self, other: "Any") -> "ndarray":
        return self._in_place(_np.divide, other)


def _array(values: "Any", *, dtype: int = ord("f")) -> ndarray:
    content = _plain(values) if isinstance(values, ndarray) else list(values)
    return ndarray(_np.array(content, dtype=_DTYPES[dtype]))


def _zeros(shape: "int | tuple[int, ...]", *, dtype: int = ord("f")) -> ndarray:
    return ndarray(_np.zeros(shape, dtype=_DTYPES[dtype]))


def _sum(values: ndarray) -> float:
    """Added up one after the other in the array's own type, as ulab does."""
    if not len(values):
        return 0.0
    total = _np.add.accumulate(values.content, dtype=values.content.dtype)[-1]
    return total.item()  # type: ignore[no-any-return]


def _reduce(name: str) -> "Any":
    function = getattr(_np, name)

    def reduce(values: ndarray) -> "Any":
        if not len(values):
            raise ValueError("attempt to get (arg)min/(arg)max of empty sequence")
        return function(values.content).item()

    return reduce


def _maximum(left: "ndarray | float", right: "ndarray | float") -> ndarray:
    return _wrap(_np.maximum(_plain(left), _plain(right)))


def _mean(values: ndarray) -> float:
    return _sum(values) / len(values)


def _map(name: str) -> "Any":
    function = getattr(_np, name)

    def apply(values: "ndarray | float") -> "Any":
        if isinstance(values, ndarray):
            with _np.errstate(all="ignore"):
                return _wrap(function(values.content.astype(_np.float32)))
        return function(_np.float32(values)).item()

    return apply


def _arange(stop: int) -> ndarray:
    return ndarray(_np.arange(stop).astype(_np.float32 if stop > 32767 else _np.int16))


def _fft(values: ndarray) -> ndarray:
    """Of float32, in complex64; ulab's own twiddles come out of a recurrence and are worse."""
    count = len(values)
    if count & (count - 1):
        raise ValueError("input array length must be power of 2")
    return _wrap(_np.fft.fft(values.content))


def _from_buffer(dtype: "Any") -> "Any":
    def convert(buffer: "Any", count: int = -1, offset: int = 0) -> ndarray:
        values = _np.frombuffer(memoryview(buffer).cast("B"), dtype, count, offset)
        return ndarray(values.astype(_np.float32))

    return convert


numpy = types.ModuleType("ulab.numpy")
vars(numpy).update(
    ndarray=ndarray,
    float=ord("f"),
    complex=ord("c"),
    int16=ord("h"),
    uint16=ord("H"),
    int8=ord("b"),
    uint8=ord("B"),
    array=_array,
    zeros=_zeros,
    sum=_sum,
    min=_reduce("min"),
    max=_reduce("max"),
    argmax=_reduce("argmax"),
    argmin=_reduce("argmin"),
    mean=_mean,
    maximum=_maximum,
    sqrt=_map("sqrt"),
    log=_map("log"),
    cos=_map("cos"),
    sin=_map("sin"),
    arange=_arange,
    pi=_np.pi,
    fft=types.ModuleType("ulab.numpy.fft"),
)
vars(numpy.fft).update(fft=_fft)
utils = types.ModuleType("ulab.utils")
vars(utils).update(
    from_int16_buffer=_from_buffer(_np.int16), from_int32_buffer=_from_buffer(_np.int32)
)
