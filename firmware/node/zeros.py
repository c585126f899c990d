"""Arrays of zeros, made in their own memory alone."""

from array import array

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

_PIECE = const(64)


def zeros(code: "Literal['h', 'i']", count: int) -> "array[int]":
    """array(code) of count zeros, at most 32768.

    array(code, bytes(…)) takes as much again beside it, which a collection may not get back while
    a stale pointer on the stack still shows there: 16 KB of a Pico's heap.
    """
    made = array(code, range(count))
    piece = array(code, [0] * _PIECE)
    whole = count - count % _PIECE
    for at in range(0, whole, _PIECE):
        made[at : at + _PIECE] = piece
    for at in range(whole, count):
        made[at] = 0
    return made
