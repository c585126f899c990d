"""Random numbers by counter: the same for the same key, in any order, on any interpreter."""

import math
from array import array

_MASK = 0xFFFFFFFF
_LEVELS = 256
_STEP = 1e-6  # after one as small as that the error is below 1e-11


def mix(key: int) -> int:
    """32 random bits of a key (0…2**32 - 1): two rounds of multiply and shift.

    The factors have 30 bits, so that no product leaves the small integers of a 64-bit interpreter.
    """
    key = ((key ^ key >> 16) * 0x21F0AAAD) & _MASK
    key = ((key ^ key >> 15) * 0x2C1B3C6D) & _MASK
    return key ^ key >> 15


def uniform(key: int) -> float:
    """A number in 0…1 of a key."""
    return mix(key & _MASK) / 4294967296.0


def _quantile(p: float, near: float) -> float:
    """The normal distribution's quantile, exact to float32; near: that of a p a little less.

    Halley's steps on its integral, whose second derivative is -x times the first.
    """
    x = near
    while True:
        away = p - 1 + 0.5 * math.erfc(x / math.sqrt(2))
        step = away * math.sqrt(2 * math.pi) * math.exp(x * x / 2)
        step /= 1 - x * step / 2
        x += step
        if abs(step) < _STEP:
            return x


def _table() -> "array[float]":
    # Scaled so that the sum of two has a deviation of exactly 1.
    half: "list[float]" = []
    for i in range(_LEVELS // 2, _LEVELS):
        half.append(_quantile((i + 0.5) / _LEVELS, half[-1] if half else 0.0))
    power = 2 * sum([q * q for q in half]) / _LEVELS
    scale = 1 / math.sqrt(2 * power)
    return array("f", [-q * scale for q in reversed(half)] + [q * scale for q in half])


NORMAL = _table()
"""256 levels: NORMAL[a] + NORMAL[b] of two random bytes is normal with deviation 1, up to 4.1."""
