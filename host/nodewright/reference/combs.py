"""Whether a record agrees with the shaft speed that was given: docs/decisions/0012-envelope.md.

Two combs are laid over the spectra, each stretched by r from -3 to +3 % in quarters of a percent:
that of the fault, over the log envelopes, and that of the shaft, over the record's own spectrum.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nodewright.reference.envelope import Envelope, Floats, Harmonic

_STEPS_PER_UNIT, _MOST_STEPS = 400, 12
OFF_STEPS = 4  # beyond 1 %: the speed is off
SURE_STEPS = 2  # up to 0.5 %, as a verdict needs it: confirmed
_APART_STEPS = 6  # 1.5 %
_LEAST_MARGIN = 1.0
_WRONG_STEPS = 8  # 2 %
_CHANCE = 0.4  # over sqrt(K), of the threshold
_SHAFT_ORDERS = range(1, 11)
_LEAST_ORDERS = 3
_LEAST_PLACE = 3.0
_END_SHARE = 8  # of the N bins' places

STRETCH: Floats = np.arange(-_MOST_STEPS, _MOST_STEPS + 1) / _STEPS_PER_UNIT


@dataclass(frozen=True)
class Speed:
    """What the record says of the speed.

    state: "confirmed", "off" or "unproven"; fault, shaft: by how much of the given speed the
    fault's and the shaft's lines stand off, None where they are no evidence; distinct: whether the
    fault's would show an error of 2 %.
    """

    state: str
    fault: float | None
    shaft: float | None
    distinct: bool = False

    @property
    def found(self) -> float | None:
        """The offset that goes furthest."""
        known = [offset for offset in (self.fault, self.shaft) if offset is not None]
        return max(known, key=abs) if known else None


def judge_speed(
    envelope: Envelope,
    races: Sequence[list[list[Harmonic]]],
    shaft_hz: float,
    threshold: float,
) -> Speed:
    """races: the lines of BPFO and BPFI at the speed given; threshold: that of the verdict."""
    fault, distinct = _fault_offset(envelope, races, threshold)
    shaft = _shaft_offset(envelope.spectrum, envelope.samples, shaft_hz * envelope.seconds)
    known = [offset for offset in (fault, shaft) if offset is not None]
    furthest = max((round(abs(offset) * _STEPS_PER_UNIT) for offset in known), default=0)
    state = "unproven"
    if furthest > OFF_STEPS:
        state = "off"
    elif furthest <= SURE_STEPS and (distinct or shaft is not None):
        state = "confirmed"
    return Speed(state, fault, shaft, distinct)


def _between(spectrum: Floats, places: Floats) -> Floats:
    """The log of a spectrum between its bins."""
    low = np.floor(places).astype(int)
    share = places - low
    return np.asarray(np.log((1.0 - share) * spectrum[low] + share * spectrum[low + 1]))


def _fault_offset(
    envelope: Envelope, races: Sequence[list[list[Harmonic]]], threshold: float
) -> tuple[float | None, bool]:
    """Where the higher comb of the two races stands, and whether it is lower 2 % away."""
    best, offset, distinct = threshold, None, False
    margin = _CHANCE / math.sqrt(envelope.blocks)
    for found in races:
        rows = [
            _between(spectrum, line.place * (1.0 + STRETCH)) - np.log(line.floor)
            for spectrum, band in zip(envelope.logs, found, strict=True)
            for line in band
        ]
        comb = np.mean(rows, axis=0)
        at = int(np.argmax(comb))
        if comb[at] > best:
            best, offset = float(comb[at]), float(STRETCH[at])
            distinct = _stands_out(comb, at, _WRONG_STEPS, margin)
    return offset, distinct


def _shaft_offset(spectrum: Floats, samples: int, turns: float) -> float | None:
    """turns: shaft revolutions in a block."""
    least, most = 1.0 + STRETCH[0], 1.0 + STRETCH[-1]
    places = [
        order * turns
        for order in _SHAFT_ORDERS
        if least * order * turns >= _LEAST_PLACE
        and most * order * turns + 1.0 < samples / _END_SHARE
    ]
    if len(places) < _LEAST_ORDERS:
        return None
    comb = np.sum([_between(spectrum, place * (1.0 + STRETCH)) for place in places], axis=0)
    at = int(np.argmax(comb))
    return float(STRETCH[at]) if _stands_out(comb, at, _APART_STEPS, _LEAST_MARGIN) else None


def _stands_out(comb: Floats, at: int, steps: int, margin: float) -> bool:
    """Whether everything so many steps away, or more, is lower by the margin."""
    apart = np.abs(np.arange(len(comb)) - at) >= steps
    return bool(np.all(comb[at] - comb[apart] >= margin))
