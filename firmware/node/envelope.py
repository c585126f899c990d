"""Bearing values and the verdict of one point, from blocks of samples.

Definitions: wire/features.py, to the letter in docs/decisions/0012-envelope.md.
"""

from math import exp, floor, sqrt

from node import combs, dsp, lines
from node.baseline import KINDS, least_threshold
from node.dsp import bands
from wire import validity, validity_bearing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from node.baseline import Baseline
    from node.dsp import Samples

ORDERS = ("bpfo", "bpfi", "bsf", "ftf")
KEYS = tuple(
    ["env_%s_%s" % (order, kind) for order in ORDERS for kind in ("g", "snr")] + ["bearing_fault"]
)
FAULT = "bearing_fault"
_RULES = {key: validity.rules_of(key) for key in KEYS}  # looked up once, and not for each record

_SURE = 0.005  # a speed's relative uncertainty
_WEAKEST = validity_bearing.LEAST_FLOOR / 1e-3  # a band's mean envelope is to be 0.001 of the RMS
_MOST_ORDER = 50.0


class Envelope:
    """Adds up blocks of one record, then tells what the bearing's lines are.

    backend: a module of `dsp.backend`; samples: a power of two from 256 to 4096; orders: of
    ORDERS, in multiples of the shaft's speed, each may be missing, None: no bearing is known;
    band: the one of env_*_g; axes: how many are added side by side; wide: blocks are int32 of 24
    bits; share: the `kernels` of a Vibration of the same length and backend, whose work space is
    used in add(): its spectrum is gone then; spent: the block that add() is always called with,
    where it may be gone after that, too.  All work space is made here.
    Raises ValueError for what cannot work at any rate.
    """

    def __init__(
        self,
        backend: "ModuleType",
        samples: int,
        orders: "dict[str, float] | None",
        band: int = 0,
        axes: int = 1,
        wide: bool = False,
        share: "Any" = None,
        spent: "Samples | None" = None,
    ) -> None:
        self.orders = dict(orders or {})
        for name, order in self.orders.items():
            if name not in ORDERS or not 0.0 < order <= _MOST_ORDER:
                raise ValueError(
                    "orders: %s = %r cannot be: one of %s, above 0, up to %g"
                    % (name, order, ", ".join(ORDERS), _MOST_ORDER)
                )
        self.samples = samples
        self.spectra = dsp.envelope(backend.NAME).Spectra(samples, wide, band, axes, share, spent)
        self.scores: dict[str, float] = {}
        self.thresholds: dict[str, float] = {}
        self.verdicts: dict[str, bool] = {}
        self.marks: dict[str, tuple[str, ...]] = {}
        self._floors: dict[str, float] = {}
        self._rms = self._weakest = 0.0  # digits; the weakest band's mean envelope, of the RMS
        self._quantities: dict[str, float] = {}

    def begin(self) -> None:
        """Forget the blocks: a new record begins."""
        self.spectra.begin()

    def add(self, block: "Samples", axis: int = 0) -> None:
        """Add one block of an axis: int16[samples], digits (int32 where wide).

        Raises ValueError for another length.
        """
        self.spectra.add(block, axis)

    def blocks(self, axis: int = 0) -> int:
        """K: how many were added since begin()."""
        count: int = self.spectra.blocks[axis]
        return count

    def finish(
        self,
        g_per_digit: float,
        rate_hz: float,
        shaft_hz: "float | None",
        shaft_error: "float | None",
        keys: "tuple[str, ...]",
        out: "dict[str, float]",
        withheld: "dict[str, str]",
        marked: "dict[str, str] | None" = None,
        axis: int = 0,
        baseline: "Baseline | None" = None,
        seen: bool = True,
    ) -> None:
        """Fill `out` (key -> value) and `withheld` (key -> reason), each key into one of them.

        g_per_digit > 0; rate_hz > 0, measured; shaft_hz: the speed, None where unknown;
        shaft_error: its relative uncertainty, None where unknown; keys: of KEYS; marked: key ->
        gravest reason, of values in `out` that hold with a reservation; baseline: of this point
        and axis; seen: the speed is no guess from a spectrum, which might be of a multiple: lines
        have to confirm that, however sure it is.  The blocks stay: more may be added.  Raises
        ValueError for a scale, rate or key that cannot work.
        """
        if not 0 < g_per_digit < 1:
            raise ValueError("g_per_digit: %r is not between 0 and 1" % (g_per_digit,))
        if not 0 < rate_hz < 1e6:
            raise ValueError("rate_hz: %r is not between 0 and 1e6" % (rate_hz,))
        for key in keys:
            if key not in KEYS:
                raise ValueError("%r is no envelope feature: one of %s" % (key, ", ".join(KEYS)))
        for found in (out, withheld, self.scores, self.thresholds, self.verdicts, self.marks):
            found.clear()
        if marked is not None:
            marked.clear()
        self._floors.clear()
        self._quantities.clear()
        known = self._reason(shaft_hz, axis)
        if not known:
            assert shaft_hz is not None
            self._measure(rate_hz, shaft_hz, shaft_error, axis, baseline)
        for key in keys:
            reason = known or self._missing(key) or self._broken(key, validity.WITHHOLD)
            if not reason:
                assert shaft_hz is not None
                turns = shaft_hz * self.samples / rate_hz
                value = self._value(key, turns, g_per_digit, axis, shaft_error if seen else None)
                # What was found may break a rule that waited for it.
                reason = self._broken(key, validity.WITHHOLD)
                if not reason:
                    out[key] = value
                elif key == FAULT:
                    self.verdicts.clear()
                    self.marks.clear()
            if reason:
                withheld[key] = reason
            elif marked is not None:
                reason = self._broken(key, validity.MARK)
                if reason:
                    marked[key] = reason

        for name in KINDS:  # what rounding decides is no score: nobody may learn from it
            if (
                self._quantities.get("floor:" + name, validity_bearing.LEAST_FLOOR)
                < validity_bearing.LEAST_FLOOR
            ):
                self.scores.pop(name, None)

    def _reason(self, shaft_hz: "float | None", axis: int) -> str:
        """Why nothing at all can be told, "" if something can."""
        if shaft_hz is None or not 0.0 < shaft_hz < 1000.0:
            return "no_speed"
        if not self.orders:
            return "no_bearing"
        if not self.spectra.blocks[axis]:
            return "too_short"
        return "silent" if self.spectra.silent[axis] else ""

    def _missing(self, key: str) -> str:
        """`no_bearing` where an order that the key needs is not known."""
        needed = KINDS if key == FAULT else (key.split("_")[1],)
        return "" if all(name in self.orders for name in needed) else "no_bearing"

    def _broken(self, key: str, wanted: str) -> str:
        """The reason of the first rule of this action that the key breaks, "" if of none."""
        for quantity, least, action, reason in _RULES[key]:
            if action == wanted and self._quantities.get(quantity, least) < least:
                return reason
        return ""

    def _measure(
        self,
        rate_hz: float,
        shaft_hz: float,
        shaft_error: "float | None",
        axis: int,
        baseline: "Baseline | None",
    ) -> None:
        """The quantities that the rules ask for."""
        spectra, quantities = self.spectra, self._quantities
        blocks = spectra.blocks[axis]
        quantities.clear()
        turns = shaft_hz * self.samples / rate_hz
        quantities["rate_hz"], quantities["blocks"] = rate_hz, blocks
        quantities["shaft_turns"] = turns
        if shaft_error is not None:
            quantities["speed_sure"] = _SURE / max(shaft_error, 1e-9)
        levels = [
            spectra.power(bands.LEVELS, key) for key in spectra.keys(axis, bands.LEVELS, 0, 6)
        ]
        self._rms = sqrt(levels[bands.SQUARE] / blocks)
        weakest = min(levels[: bands.SQUARE]) / blocks
        self._weakest = weakest / self._rms if self._rms > 0.0 else 0.0
        quantities["learned"] = 1.0 if baseline is not None and baseline.proven else 0.0
        for name, order in self.orders.items():
            room = bands.ROOM * rate_hz - bands.HARMONICS * order * shaft_hz
            quantities["room_hz:" + name] = room
            nearest = max(1, floor(order + 0.5))
            quantities["shaft_bins:" + name] = abs(order - nearest) * turns
        for name in KINDS:
            if baseline is None:
                self.thresholds[name] = least_threshold(blocks)
            else:
                self.thresholds[name] = baseline.threshold(name, blocks)

    def _value(
        self,
        key: str,
        turns: float,
        g_per_digit: float,
        axis: int,
        shaft_error: "float | None",
    ) -> float:
        if key == FAULT:
            return self._verdict(turns, axis, shaft_error)
        _, name, kind = key.split("_")
        if kind == "snr":
            return exp(self._score(name, turns, axis))
        digits = lines.amplitude(self.spectra, axis, self.orders[name] * turns)
        self._quantities["part:" + name] = digits / self._rms if self._rms > 0.0 else 0.0
        return digits * g_per_digit

    def _score(self, name: str, turns: float, axis: int) -> float:
        """S of an order, and how far its floors are from those of rounding."""
        if name not in self.scores:
            found = lines.score(self.spectra, axis, self.orders[name] * turns)
            self.scores[name], self._floors[name], least = found
            self._quantities["floor:" + name] = min(least, _WEAKEST * self._weakest)
        return self.scores[name]

    def _verdict(self, turns: float, axis: int, shaft_error: "float | None") -> float:
        """0 none, 1 outer race, 2 inner race; fills verdicts and marks."""
        quantities = self._quantities
        outer, inner = (self._score(name, turns, axis) for name in KINDS)
        self.verdicts["bpfo"] = outer > self.thresholds["bpfo"] and outer >= inner
        self.verdicts["bpfi"] = inner > self.thresholds["bpfi"] and inner > outer
        combed = [
            (self.orders[name] * turns, self._floors[name], self.thresholds[name])
            for name in KINDS
        ]
        off, confirmed = combs.judge(self.spectra, axis, combed, turns)
        told = off or confirmed or (shaft_error is not None and shaft_error <= _SURE)
        quantities["speed_true"], quantities["speed_told"] = float(not off), float(told)
        for name in KINDS:
            quantities["shaft_bins"] = quantities["shaft_bins:" + name]
            self.marks[name] = tuple(
                reason
                for quantity, least, action, reason in _RULES[FAULT]
                if action == validity.MARK and quantities.get(quantity, least) < least
            )
        greater = "bpfo" if outer >= inner else "bpfi"
        quantities["shaft_bins"] = quantities["shaft_bins:" + greater]
        return 1.0 if self.verdicts["bpfo"] else 2.0 if self.verdicts["bpfi"] else 0.0
