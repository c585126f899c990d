"""A column of times: what unit it has, and the sample rate that it gives."""

import re

import numpy as np
from numpy.typing import NDArray

_UNIT_S = {"s": 1.0, "sec": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_TIME = re.compile(r"(?:t|time|times|timestamp|zeit|temps|x_value|seconds)\b", re.IGNORECASE)
_INDEX = re.compile(r"(?:n|no|nr|index|sample|samples|point)?", re.IGNORECASE)
_UNIT = re.compile(r"[\W_](s|sec|ms|us|µs|μs|ns)\W*$")
# Times printed with few digits wander by half their resolution; one lost sample shifts the mean
# step, too, and then leaves at least half a step somewhere.
_MOST_STEPS_OFF = 0.45
_GAP_STEPS = 1.5  # from one sample to the next


class NotUniformError(ValueError):
    """The times are not those of a steady clock; the text says where."""


def time_unit_s(name: str | None, column: NDArray[np.float64]) -> float | None:
    """Seconds per unit of the first column; 0 for a mere count; None if it is no time at all.

    With a name the name decides; without one a column that rises in even steps is time, in s.
    """
    if name is not None:
        unit = _UNIT.search(name)
        if _TIME.match(name.replace("_", " ")):
            return _UNIT_S[unit[1]] if unit else 1.0
        if not _INDEX.fullmatch(name):
            return None
    steps = np.diff(column)
    if len(steps) < 2 or not np.all(steps > 0.0):
        return None
    if np.all(steps == 1.0):
        return 0.0
    even = bool(np.ptp(steps) < 0.1 * float(np.mean(steps)))
    return 1.0 if name is None and even else None


def rate_of(times_s: NDArray[np.float64]) -> float:
    """Samples per second.  Raises NotUniformError."""
    if len(times_s) < 2 or not np.all(np.isfinite(times_s)):
        raise NotUniformError("fewer than two, or not all of them finite")
    backwards = np.flatnonzero(np.diff(times_s) < 0.0)
    span_s = float(times_s[-1] - times_s[0])
    if len(backwards) or span_s <= 0.0:
        at = int(backwards[0]) + 1 if len(backwards) else len(times_s) - 1
        raise NotUniformError(f"time does not rise at sample {at}")
    step_s = span_s / (len(times_s) - 1)
    off = np.abs((times_s - times_s[0]) / step_s - np.arange(len(times_s)))
    if float(off.max()) > _MOST_STEPS_OFF:
        steps_s = np.diff(times_s)
        at, usual_s = int(steps_s.argmax()) + 1, float(np.median(steps_s))
        if steps_s[at - 1] > _GAP_STEPS * usual_s > 0.0:
            raise NotUniformError(
                f"sample {at} is {steps_s[at - 1]:.4g} s after the one before, where "
                f"{usual_s:.4g} s are usual: a gap, and no even grid"
            )
        at = int(off.argmax())
        raise NotUniformError(f"sample {at} is {off[at]:.1f} steps off an even grid")
    return 1.0 / step_s
