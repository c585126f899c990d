"""What both backends of currents share: angles, where a search starts, the window's sums."""

from array import array
from math import atan2, cos, pi, sin

TURN = 1 << 28  # of a phase
MASK = TURN - 1
HARMONICS = 15
LOW_HZ, HIGH_HZ = 40.0, 70.0  # where a line is looked for
_THIN_HZ = 800.0  # to where samples are thinned for the search
# Radians between the halves: when a search is over, and when it did not begin near its line.
SETTLED, FAR = 0.02, 0.5
LEAST_WAVES = 5.7  # of HIGH_HZ in a record: below there is no search


def step_of(turns: float) -> int:
    """A frequency over the rate, 0 to 0.5, as a phase a sample."""
    return int(turns * TURN + 0.5)


def angle_of(step: int, count: int) -> float:
    """The phase after so many samples (a power of two), in radians from 0 to 2 pi.

    In whole numbers of 28 bits, so that floats of 24 bits lose nothing.
    """
    return (step & (TURN // count - 1)) * count * (2.0 * pi / TURN)


def thinning(samples: int, rate_hz: float) -> int:
    """How often the rate may be halved: above 800 Hz, with 16 samples left, at most 7 times."""
    shift = 0
    while rate_hz >= 2.0 * _THIN_HZ and samples >= 32 and shift < 7:
        rate_hz *= 0.5
        samples >>= 1
        shift += 1
    return shift


def bins(samples: int, rate_hz: float) -> "tuple[int, int]":
    """The first bin in 40 to 70 Hz, and the first beyond, below half of the rate."""
    low = int(LOW_HZ * samples / rate_hz)
    if low < LOW_HZ * samples / rate_hz:
        low += 1
    return max(low, 1), min(int(HIGH_HZ * samples / rate_hz) + 1, samples // 2)


def hann(step: int, count: int) -> "tuple[float, float]":
    """The sum of w e**(-j phase) over a window of `count`, phase = n * step."""
    theta = step * (2.0 * pi / TURN)
    real = imag = 0.0
    for part, away in ((0.5, 0.0), (-0.25, 2.0 * pi / count), (-0.25, -2.0 * pi / count)):
        half = 0.5 * (theta + away)
        size = part * (count if abs(half) < 1e-6 else sin(count * half) / sin(half))
        real += size * cos((count - 1) * half)
        imag -= size * sin((count - 1) * half)
    return real, imag


def spline() -> "array[int]":
    """uint16[513]: the cubic B-spline in Q15 at distances (512 - i) / 256 cells."""
    table = array("H", bytes(2 * 513))
    for i in range(513):
        u = (i & 255) / 256.0
        if i < 256:
            value = u * u * u / 6.0
        elif i < 512:
            value = (1.0 + 3.0 * u * (1.0 + u * (1.0 - u))) / 6.0
        else:
            value = 4.0 / 6.0
        table[i] = int(32768.0 * value + 0.5)
    return table


def apart(one: "tuple[float, float]", other: "tuple[float, float]", angle: float) -> float:
    """arg(other one* e**(-j angle)), in radians from -pi to pi."""
    real = other[0] * one[0] + other[1] * one[1]
    imag = other[1] * one[0] - other[0] * one[1]
    c, s = cos(angle), sin(angle)
    return atan2(imag * c - real * s, real * c + imag * s)


def bent(
    first: "tuple[float, float]", middle: "tuple[float, float]", last: "tuple[float, float]"
) -> float:
    """|arg(middle**2 first* last*)|: by how much the phase of three parts leaves a line."""
    real = middle[0] * middle[0] - middle[1] * middle[1]
    imag = 2.0 * middle[0] * middle[1]
    other = last[0] * first[0] - last[1] * first[1], last[1] * first[0] + last[0] * first[1]
    return abs(apart(other, (real, imag), 0.0))
