"""Three currents at one instant: what their phasors say of each other.

Phasors are (real, imaginary) of the fundamentals, A RMS times any factor, in the order of the
phases.  A sequence is |a + q b + q**2 c|, q a third of a turn forward or back.
"""

from math import cos, pi, sin, sqrt

from wire.validity_current import MOST_SUM

TYPE_CHECKING = False
if TYPE_CHECKING:
    Phasors = list[tuple[float, float]]

_THIRD = 2.0 * pi / 3.0
_NEVER = 1e-6  # of the greater: no quantity is divided by nothing


def share(phasors: "Phasors") -> float:
    """Their sum over three times the greatest: 0 of three wires, whatever they carry."""
    return _length(phasors, 0.0) / 3.0 / max([sqrt(a * a + b * b) for a, b in phasors])


def turned(phasors: "Phasors", phase: int) -> "Phasors":
    """The same with one clamp the other way round."""
    found = list(phasors)
    found[phase] = (-found[phase][0], -found[phase][1])
    return found


def judge(phasors: "Phasors", quantities: "dict[str, float]") -> float:
    """What the rules of the set's keys ask for (wire/validity_current.py); the share."""
    zero = share(phasors)
    forward, backward = _length(phasors, _THIRD), _length(phasors, -_THIRD)
    greater = max(forward, backward)
    quantities["sum_small"] = MOST_SUM / max(zero, _NEVER)
    quantities["forward"], quantities["backward"] = forward, backward
    quantities["orders_apart"] = greater / max(min(forward, backward), _NEVER * greater)
    return zero


def unbalance_pct(rms_a: "list[float]") -> "float | None":
    """NEMA's form, of three RMS currents; None where none flows."""
    mean = sum(rms_a) / 3.0
    return 100.0 * max([abs(rms - mean) for rms in rms_a]) / mean if mean > 0.0 else None


def tell(quantities: "dict[str, float]", values: "dict[str, float]") -> None:
    """Negative sequence and phase order, where judge() has been."""
    if "forward" in quantities:
        forward, backward = quantities["forward"], quantities["backward"]
        lesser, greater = min(forward, backward), max(forward, backward)
        values["cur_neg_seq_pct"] = 100.0 * lesser / greater
        values["cur_phase_order"] = 1.0 if forward >= backward else -1.0


def lesser_pct(phasors: "Phasors") -> "float | None":
    """The lesser sequence over the greater; None where nothing is."""
    forward, backward = _length(phasors, _THIRD), _length(phasors, -_THIRD)
    greater = max(forward, backward)
    return 100.0 * min(forward, backward) / greater if greater > 0.0 else None


def _length(phasors: "Phasors", turn: float) -> float:
    """|a + q b + q**2 c|, q = e**(j turn)."""
    real = imag = 0.0
    for i in range(3):
        c, s = cos(i * turn), sin(i * turn)
        real += phasors[i][0] * c - phasors[i][1] * s
        imag += phasors[i][1] * c + phasors[i][0] * s
    return sqrt(real * real + imag * imag)
