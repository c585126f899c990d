"""The envelope's spectrum with a bearing's lines in it, as data for either way of drawing.

Drawn is how often each bin of the log envelope's spectrum is its surroundings: the number that
the verdict is told by, so that a line of a fault is seen against the level from which it counts.
"""

import math
from dataclasses import dataclass

import numpy as np

from nodewright.page.axis import axis
from nodewright.page.curve import crests
from nodewright.page.model import Mark
from nodewright.plot.panel import Panel
from nodewright.reasons import words
from nodewright.reference.bearing import RACES
from nodewright.study_envelope import FAULT, BearingChannel, BearingStudy, sentence_of

_HARMONICS = (1, 2, 3)
_BEYOND = 1.12  # of the highest line, to the right of it
_LEAST_TOP = 1.25  # of the level, so that it is seen
_HEADROOM = 1.12
_ROWS, _COLUMNS = 3, 6


@dataclass(frozen=True)
class BearingSheet:
    """panels: one a channel, all to one scale; level: from which a fault is told; marks: the
    lines, the accused race's first; sentence: the verdict; caption: how to read it."""

    panels: tuple[Panel, ...]
    marks: tuple[Mark, ...]
    level: float
    sentence: str
    caption: str


def bearing_sheet(study: BearingStudy) -> BearingSheet:
    """What is drawn of the bearings of a study."""
    marks = _marks(study)
    ends = [float(its.frequency_hz[-1]) for its in study.channels if len(its.frequency_hz)]
    end_hz = min(ends, default=1.0)
    if marks:
        end_hz = min(end_hz, _BEYOND * max(mark.frequency_hz for mark in marks))
    level = math.exp(study.speaker.reference.threshold)
    tops = [float(its.stands_out.max()) for its in study.channels if len(its.stands_out)]
    top = max(_LEAST_TOP * level, _HEADROOM * max(tops, default=1.0))
    panels = tuple(_panel(its, end_hz, top, level) for its in study.channels)
    named = ", ".join(f"{mark.name} {mark.frequency_hz:.4g}" for mark in marks)
    caption = "How many times each line of the envelope's spectrum stands above its surroundings"
    caption += (
        f". Lines at {named} Hz. A fault of a race is told where its line and the 2nd and 3rd "
        f"multiple, on geometric average, reach the dashed level of {level:.2f}."
        if marks
        else "; without a shaft speed no line has a place."
    )
    return BearingSheet(panels, marks, level, sentence_of(study), caption)


def _marks(study: BearingStudy) -> tuple[Mark, ...]:
    """The lines of both races with their multiples, of ball and cage, and of the shaft.

    Those of an accused race alone are strong; of none accused both races' are.
    """
    shaft_hz = study.shaft_hz
    if shaft_hz is None:
        return ()
    accused, orders = study.speaker.named, study.asked.orders
    races = sorted((race for race in RACES if race in orders), key=lambda race: race != accused)
    marks = [
        Mark(
            race.upper() if number == 1 else f"{number}×{race.upper()}",
            number * orders[race] * shaft_hz,
            "part" if accused in (None, race) else "shaft",
        )
        for race in races
        for number in _HARMONICS
    ]
    marks.append(Mark("1×", shaft_hz, "shaft"))
    others = (order for order in ("bsf", "ftf") if order in orders)
    return (*marks, *(Mark(o.upper(), orders[o] * shaft_hz, "shaft") for o in others))


def _panel(its: BearingChannel, end_hz: float, top: float, level: float) -> Panel:
    across, up = axis(0.0, end_hz, _COLUMNS), axis(0.0, top, _ROWS)
    inside = its.frequency_hz <= end_hz
    x, y = crests(its.frequency_hz[inside], its.stands_out[inside])
    if not len(x):
        x, y = np.array([0.0, end_hz]), np.zeros(2)
    reason = its.said.withheld.get(FAULT)
    if reason is not None:
        note = f"no verdict: {words(reason)}"
    else:
        times = math.exp(its.score)
        said = "fault" if its.named else "no fault"
        note = f"{its.greater.upper()} {times:.2f}×, {said} (from {level:.2f}×)"
    label = f"{its.name}: envelope spectrum up to {end_hz:.4g} Hz; {note}"
    return Panel(its.name, x, y, across, up, note, label)
