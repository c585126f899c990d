"""What the evidence of a record says of its values, in one order of precedence."""

from math import cos, pi, sqrt

from micropython import const

from node.drivers.kernels import axis_sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    Finding = tuple[str, int]

_ALL_AXES = const(7)
_AXES = "xyz"

# Gravity may be so far from where the settings say: offsets (ADXL345 table 1: up to 0.15 g in x
# and y, 0.25 g in z) turn it by up to 16 degrees, a bracket bent by a hand by a few more; the next
# way to mount a sensor wrongly is 90 degrees away.
_MOST_TURNED_DEG = const(30)
_LEAST_G = 0.5  # less: whatever it is, gravity it is not


def findings(record: "Any", misplaced: bool) -> "list[Finding]":
    """(reason, axes) of all that is wrong with a record, the gravest first; axes: bit 0 is x.

    The order is the precedence: what is lost cannot be judged any further; without a rate no
    frequency holds; a rail that was touched may look stuck, and not the other way round; and where
    an axis points matters only of samples that are right.
    """
    found: "list[Finding]" = []
    if record.overruns:
        found.append(("overrun", _ALL_AXES))
    if record.gaps:
        found.append(("gap", _ALL_AXES))
    if not record.rate_known:
        found.append(("rate", _ALL_AXES))
    if record.clipped:
        found.append(("clipped", _ALL_AXES))
    if record.stuck:
        found.append(("stuck", record.stuck))
    if misplaced:
        found.append(("mounting", _ALL_AXES))
    return found


def judge(found: "list[Finding]", axis: int) -> "str | None":
    """The reason to mark the values of an axis (0 is x) for: the gravest that concerns it."""
    for reason, axes in found:
        if axes >> axis & 1:
            return reason
    return None


def misplaced(
    x: "array[int]",
    y: "array[int]",
    z: "array[int]",
    samples: int,
    g_per_digit: float,
    gravity: "str | None",
) -> bool:
    """Whether gravity is not where the settings say.

    x, y, z: int16[samples] digits; gravity: the axis that reads +1 g at rest ("z", "-x"), or None
    where nobody knows: then nothing is misplaced.
    """
    if gravity is None:
        return False
    mean_g = [axis_sum(block, samples) * g_per_digit / samples for block in (x, y, z)]
    length_g = sqrt(sum([value * value for value in mean_g]))
    along_g = mean_g[_AXES.index(gravity[-1])] * (-1 if gravity[0] == "-" else 1)
    return along_g < _LEAST_G or along_g < length_g * cos(_MOST_TURNED_DEG * pi / 180)
