"""Whether a record agrees with the shaft speed that was given: docs/decisions/0012-envelope.md.

Two combs are laid over the spectra, each stretched by r from -3 to +3 % in quarters of a percent:
that of the fault, over the log envelopes, and that of the shaft, over the record's own spectrum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nodewright.reference.envelope import Envelope, Floats, Harmonic

_STEPS_PER_UNIT, _MOST_STEPS = 400, 12
OFF_STEPS = 4  # beyond 1 %: the speed is off
_APART_STEPS = 6  # 1.5 %
_LEAST_MARGIN = 1.0
_SHAFT_ORDERS = range(1, 11)
_LEAST_ORDERS = 3
_LEAST_PLACE = 3.0
_END_SHARE = 8  # of the N bins' places

STRETCH: Floats = np.arange(-_MOST_STEPS, _MOST_STEPS + 1) / _STEPS_PER_UNIT


@dataclass(frozen=True)
class Speed:
    """What the record says of the speed.

    state: "confirmed", "off" or "unproven"; fault, shaft: by how much of the given speed the
    fault's and the shaft's lines stand off, None where they are no evidence.
    """

    state: str
    fault: float | None
    shaft: float | None

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
    fault = _fault_offset(envelope, races, threshold)
    shaft = _shaft_offset(envelope.spectrum, envelope.samples, shaft_hz * envelope.seconds)
    known = [offset for offset in (fault, shaft) if offset is not None]
    if not known:
        return Speed("unproven", None, None)
    off = any(round(abs(offset) * _STEPS_PER_UNIT) > OFF_STEPS for offset in known)
    return Speed("off" if off else "confirmed", fault, shaft)


def _between(spectrum: Floats, places: Floats) -> Floats:
    """The log of a spectrum between its bins."""
    low = np.floor(places).astype(int)
    share = places - low
    return np.asarray(np.log((1.0 - share) * spectrum[low] + share * spectrum[low + 1]))


def _fault_offset(
    envelope: Envelope, races: Sequence[list[list[Harmonic]]], threshold: float
) -> float | None:
    best, offset = threshold, None
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
    return offset


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
    apart = np.abs(np.arange(len(comb)) - at) >= _APART_STEPS
    if not np.all(comb[at] - comb[apart] >= _LEAST_MARGIN):
        return None
    return float(STRETCH[at])
