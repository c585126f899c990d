"""A bearing's values and verdict from its envelope: what holds, what is withheld, what is marked.

Written from docs/features.md and docs/decisions/0012-envelope.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from nodewright.reference.combs import Speed, judge_speed
from nodewright.reference.envelope import (
    BANDS,
    BANDS_OF,
    Envelope,
    Floats,
    Harmonic,
    amplitude_g,
    envelope_of,
    fluctuation,
    lines,
    score,
)
from nodewright.reference.result import WithheldError

ORDERS = ("bpfo", "bpfi", "bsf", "ftf")
RACES = ("bpfo", "bpfi")
_MOST_UNCERTAINTY = 0.005  # of the speed
_LEAST_TURNS = 2.0  # in a block
_LEAST_RATE_HZ = 10_000.0
_LEAST_CAGE_TURNS, _CAGE_SHARE = 5.0, 0.4
_ENVELOPE_SHARE = 0.05  # 0.4 M/N of the narrowest band, of the rate: where third harmonics end
_LEAST_LEVEL = 1e-3  # mean(e) of each band, of the RMS
_LEAST_FLUCTUATION = 5e-3  # of each floor
_LEAST_AMPLITUDE = 1e-4  # of the RMS
_FEW_BLOCKS = 4
_NEAR_TURNS = 1.5


@dataclass(frozen=True)
class Bearing:
    """What is said of a bearing on one axis.

    values: by feature key, as `env_bpfo_g`; scores: S by order; verdicts: whether a race is
    present, by race, both or none; withheld: the reason, by feature key and by race; marks: the
    reservations of each verdict, the gravest first; near: the whole multiple of the shaft speed
    that a race cannot be told from; speed: None where no verdict is given.
    """

    threshold: float
    blocks: int
    values: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    verdicts: dict[str, bool] = field(default_factory=dict)
    withheld: dict[str, str] = field(default_factory=dict)
    marks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    near: dict[str, int] = field(default_factory=dict)
    speed: Speed | None = None

    @property
    def named(self) -> str | None:
        """The race that is accused, if any."""
        return next((race for race in RACES if self.verdicts.get(race)), None)


def threshold_of(blocks: int, learned: float | None = None) -> float:
    """Above which S tells a fault; learned: what this point's healthy records need."""
    return max(0.5 + 0.4 / math.sqrt(blocks), learned or 0.0)


def keys_of(order: str) -> tuple[str, str]:
    """The feature keys of an order."""
    return f"env_{order}_g", f"env_{order}_snr"


def bearing(
    blocks: Floats,
    rate_hz: float,
    shaft_hz: float | None,
    orders: Mapping[str, float] | None,
    *,
    uncertainty: float | None = None,
    learned: float | None = None,
    band: int = 0,
) -> Bearing:
    """The bearing's values and verdict of one axis.

    blocks: float64[K, N] in g; shaft_hz: None where it is not known; orders: in multiples of it,
    any of the four; uncertainty: of the speed, relative, None where nobody vouches for it;
    learned: threshold of the point's own healthy records; band: of the amplitudes, 0 to 4.
    Raises ValueError for what can never work.
    """
    try:
        envelope = envelope_of(blocks, rate_hz, band)
    except WithheldError as why:
        return _without(len(blocks), learned, _before(shaft_hz, orders) or why.reason)
    return of_envelope(envelope, shaft_hz, orders, uncertainty=uncertainty, learned=learned)


def of_envelope(
    envelope: Envelope,
    shaft_hz: float | None,
    orders: Mapping[str, float] | None,
    *,
    uncertainty: float | None = None,
    learned: float | None = None,
) -> Bearing:
    """The same of an envelope that is there already."""
    reason = _before(shaft_hz, orders)
    if reason is not None or shaft_hz is None or orders is None:
        return _without(envelope.blocks, learned, reason or "no_speed")
    made = Bearing(threshold_of(envelope.blocks, learned), envelope.blocks)
    found: dict[str, list[list[Harmonic]]] = {}
    for order in ORDERS:
        try:
            _require(envelope, order, orders, shaft_hz, uncertainty)
            frequency_hz = orders[order] * shaft_hz
            its = lines(envelope, frequency_hz)
            height_g = amplitude_g(envelope, frequency_hz)
        except WithheldError as why:
            made.withheld.update(dict.fromkeys(keys_of(order), why.reason))
            continue
        key_g, key_snr = keys_of(order)
        if height_g < _LEAST_AMPLITUDE * envelope.rms_g:
            made.withheld[key_g] = "below_floor"
        else:
            made.values[key_g] = height_g
        if _lost(envelope, its):
            made.withheld[key_snr] = "below_floor"
        else:
            found[order], made.scores[order] = its, score(its)
            made.values[key_snr] = math.exp(made.scores[order])
    reason = _verdict_reason(envelope, made)
    if reason is not None:
        made.withheld.update(dict.fromkeys(RACES, reason))
        return made
    speed = judge_speed(envelope, [found[race] for race in RACES], shaft_hz, made.threshold)
    return _with_verdict(made, speed, orders, shaft_hz * envelope.seconds, uncertainty, learned)


def _before(shaft_hz: float | None, orders: Mapping[str, float] | None) -> str | None:
    """Why nothing can be said, whatever the record is."""
    if shaft_hz is None:
        return "no_speed"
    if not (math.isfinite(shaft_hz) and shaft_hz > 0.0):
        raise ValueError(f"shaft_hz: {shaft_hz} Hz cannot be; it must be above 0")
    return None if orders else "no_bearing"


def _without(blocks: int, learned: float | None, reason: str) -> Bearing:
    keys = [key for order in ORDERS for key in keys_of(order)]
    return Bearing(
        threshold_of(blocks, learned), blocks, withheld=dict.fromkeys((*keys, *RACES), reason)
    )


def _require(
    envelope: Envelope,
    order: str,
    orders: Mapping[str, float],
    shaft_hz: float,
    uncertainty: float | None,
) -> None:
    """Raises WithheldError for the first rule of an order's values that is broken."""
    turns = shaft_hz * envelope.seconds
    if order not in orders:
        raise WithheldError("no_bearing")
    if uncertainty is not None and uncertainty > _MOST_UNCERTAINTY:
        raise WithheldError("uncertain_speed")
    if turns < _LEAST_TURNS or (order == "ftf" and _CAGE_SHARE * turns < _LEAST_CAGE_TURNS):
        raise WithheldError("too_short")
    if 3.0 * orders[order] * shaft_hz >= _ENVELOPE_SHARE * envelope.rate_hz:
        raise WithheldError("bandwidth")


def _lost(envelope: Envelope, found: list[list[Harmonic]]) -> bool:
    """Whether S is of rounding: a band holds next to nothing, or nothing but a steady tone."""
    if min(envelope.levels_g) < _LEAST_LEVEL * envelope.rms_g:
        return True
    widths = [width * envelope.samples // BANDS_OF for _, width in BANDS]
    return any(
        fluctuation(line, width) < _LEAST_FLUCTUATION
        for band, width in zip(found, widths, strict=True)
        for line in band
    )


def _verdict_reason(envelope: Envelope, made: Bearing) -> str | None:
    """Why neither race gets a verdict."""
    for race in RACES:
        reason = made.withheld.get(keys_of(race)[1])
        if reason is not None:
            return reason
    return "bandwidth" if envelope.rate_hz < _LEAST_RATE_HZ else None


def _with_verdict(
    made: Bearing,
    speed: Speed,
    orders: Mapping[str, float],
    turns: float,
    uncertainty: float | None,
    learned: float | None,
) -> Bearing:
    outer, inner = (made.scores[race] for race in RACES)
    made.verdicts["bpfo"] = outer > made.threshold and outer >= inner
    made.verdicts["bpfi"] = inner > made.threshold and inner > outer
    for race in RACES:
        whole = max(1, math.floor(orders[race] + 0.5))
        near = abs(orders[race] - whole) * turns < _NEAR_TURNS
        if near:
            made.near[race] = whole
        reservations = (
            ("speed_off", speed.state == "off"),
            ("speed_unproven", speed.state == "unproven" and uncertainty is None),
            ("few_blocks", made.blocks < _FEW_BLOCKS),
            ("near_shaft", near),
            ("threshold_unproven", learned is None),
        )
        made.marks[race] = tuple(reason for reason, holds in reservations if holds)
    return Bearing(
        made.threshold,
        made.blocks,
        made.values,
        made.scores,
        made.verdicts,
        made.withheld,
        made.marks,
        made.near,
        speed,
    )
