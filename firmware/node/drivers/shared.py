"""What drivers of accelerometers share."""

from math import sqrt

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A chip that works shows its noise.  With 0.6 digits RMS the same digit comes again with a chance
# of 0.6 at most, so a run of 64 has one of 1e-11 in a record of 4096, 16 frames without a change
# in any axis of 1e-7.  With less noise a chip that works may stand still.
_LEAST_NOISE_DIGITS = 0.6
_STILL_SAMPLES = const(64)
_STILL_FRAMES = const(16)
_NEVER = const(65536)  # more than a record has


def choose(key: str, value: float, rows: "Any") -> "Any":
    """The row that starts with value.  Raises ValueError(key, value, allowed)."""
    for row in rows:
        if row[0] == value:
            return row
    raise ValueError(key, value, [row[0] for row in rows])


def stillness(noise_digits: float) -> "tuple[int, int]":
    """How many equal samples of an axis, and of all axes at once, show that a chip is stuck.

    noise_digits: RMS of each axis.  65536, which no record reaches, where it is too little.
    """
    if noise_digits < _LEAST_NOISE_DIGITS:
        return _NEVER, _NEVER
    return _STILL_SAMPLES, _STILL_FRAMES


def with_rounding(noise_g_rthz: float, g_per_digit: float, odr_hz: float) -> float:
    """Density of a chip's noise (g/sqrt(Hz)) with that of rounding to digits."""
    # A digit / sqrt(12) RMS, over half the rate.
    return sqrt(noise_g_rthz * noise_g_rthz + g_per_digit * g_per_digit / 6 / odr_hz)
