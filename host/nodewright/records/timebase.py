"""A column of times: what unit it has, and the sample rate that it gives."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_UNIT_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sekunden"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "usec", "micros", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nsec", "nanoseconds"), 1e-9),
    **dict.fromkeys(("min", "minutes"), 60.0),
    **dict.fromkeys(("h", "hours"), 3600.0),
}
_TIME = re.compile(
    r"(?:(?:elapsed|rel(?:ative)?|abs(?:olute)?|sample|measurement|date|utc|local)[ ./-]*)?"
    r"(?:t|times?|time ?stamps?|zeit|zeitstempel|temps|x value)\b"
)
_INDEX = re.compile(r"(?:n|no|nr|index|sample|samples|point)?", re.IGNORECASE)
_BRACKETED = re.compile(r"[\[({<]\s*([^\[\](){}<>]*?)\s*[\])}>]\s*$")
_LAST_WORD = re.compile(r"[\W_]([^\W_]+)\W*$")
# Times printed with few digits wander by half their resolution; one lost sample shifts the mean
# step, too, and then leaves at least half a step somewhere.
_MOST_STEPS_OFF = 0.45
_GAP_STEPS = 1.5  # from one sample to the next
_EVEN = 0.1  # of the mean step: the steps of a column that can be a clock's
_SAME_RATE = 1e-3
_NO_NAMES = ("min", "minutes", "h", "hours")  # alone they may be a minimum, or a height
_COUNTED = "its first column rises in even steps of whole numbers without a unit"


class NotUniformError(ValueError):
    """The times are not those of a steady clock; the text says where."""


@dataclass(frozen=True)
class Clock:
    """What the columns say about time.

    columns: those that are times or a mere count, and so no channels.  rate_hz: None where they
    give none, then `problem` says why if there are times.  notes: what had to be decided.
    """

    columns: tuple[int, ...] = ()
    rate_hz: float | None = None
    problem: str = ""
    notes: tuple[str, ...] = ()


def find_clock(names: Sequence[str], values: NDArray[np.float64]) -> Clock:
    """The columns of times among columns of numbers [n, columns], at least one of which stays.

    With names the names decide, wherever the column stands; without them (empty) the first one is
    of times if it rises in even steps.  A unit that nobody states is taken for seconds, which a
    note says; whole numbers without a unit give no rate: they may count anything.
    """
    if values.shape[1] < 2:
        return Clock()
    if not names:
        return _nameless(values[:, 0])
    used = [column for column, name in enumerate(names) if _is_time(name, column, values)]
    counts = [0] if 0 not in used and _INDEX.fullmatch(names[0]) and is_even(values[:, 0]) else []
    dropped = tuple(counts + used)
    if len(dropped) == values.shape[1]:
        return Clock()
    if not used:
        return Clock(dropped)
    found = [_rate(names[column], values[:, column]) for column in used]
    rates = [rate_hz for rate_hz, _, _ in found if rate_hz is not None]
    problem = next((why for _, why, _ in found if why), "")
    if rates and max(rates) - min(rates) > _SAME_RATE * max(rates):
        problem = f"its columns of times differ: {min(rates):.6g} and {max(rates):.6g} Hz"
    notes = tuple(note for _, _, note in found if note)
    return Clock(dropped, None if problem else rates[0], problem, notes)


def is_time_unit(text: str) -> bool:
    """Whether a text is a unit of time and nothing else."""
    return text.strip().lower().replace("μ", "µ") in _UNIT_S


def is_even(column: NDArray[np.generic]) -> bool:
    """Whether a column rises in even steps, as times and counts do and a vibration never does."""
    steps = np.diff(column.astype(np.float64))
    if len(steps) < 2 or not np.all(steps > 0.0):
        return False
    return bool(np.ptp(steps) < _EVEN * float(np.mean(steps)))


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
        if repeated := np.count_nonzero(steps_s == 0.0):
            raise NotUniformError(f"{repeated} of them repeat the one before: they are too coarse")
        at = int(off.argmax())
        raise NotUniformError(f"sample {at} is {off[at]:.1f} steps off an even grid")
    return 1.0 / step_s


def _is_time(name: str, column: int, values: NDArray[np.float64]) -> bool:
    """By its name; one that is not the first must not fall, as a temperature T may."""
    said = name.replace("_", " ").strip().lower().replace("μ", "µ")
    bare = said.strip("[](){}<> ")
    if _TIME.match(said) is None and (bare not in _UNIT_S or bare in _NO_NAMES):
        return False
    return column == 0 or not np.any(np.diff(values[:, column]) < 0.0)


def _unit_s(name: str) -> float | None:
    """Seconds per unit by the name; 0 for a unit that is none of time; None where it has none."""
    said = name.strip().lower().replace("μ", "µ")
    if (bare := said.strip("[](){}<> ")) in _UNIT_S:
        return _UNIT_S[bare]
    if found := _BRACKETED.search(said):
        return _UNIT_S.get(found[1], 0.0)
    found = _LAST_WORD.search(said)
    return None if found is None else _UNIT_S.get(found[1])


def _rate(name: str, column: NDArray[np.float64]) -> tuple[float | None, str, str]:
    """(rate in Hz or None, why there is none, a note) of a column that is times by its name."""
    unit_s = _unit_s(name)
    if unit_s == 0.0:
        return None, f"its times, {name!r}, are in no unit of time that is known", ""
    if unit_s is None and _whole(column):
        return None, f"its times, {name!r}, are whole numbers without a unit", ""
    try:
        rate_hz = rate_of(column * (unit_s or 1.0))
    except NotUniformError as error:
        return None, f"its times give no rate: {error}", ""
    note = f"times {name!r} have no unit: read as seconds, {rate_hz:.6g} Hz"
    return rate_hz, "", note if unit_s is None else ""


def _nameless(column: NDArray[np.float64]) -> Clock:
    if not is_even(column):
        return Clock()
    if _whole(column):
        problem = "" if np.all(np.diff(column) == 1.0) else _COUNTED
        return Clock((0,), None, problem, ("column 0 counts: it is left out",))
    rate_hz = rate_of(column)
    note = f"column 0 rises in even steps: read as times in seconds, {rate_hz:.6g} Hz"
    return Clock((0,), rate_hz, "", (note,))


def _whole(column: NDArray[np.float64]) -> bool:
    return bool(np.all(column == np.rint(column)))
