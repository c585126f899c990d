"""The bearing of one point: the envelope of a set's blocks, and what its healthy records need."""

from micropython import const

from node.baseline import Baseline
from node.envelope import Envelope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from node.health import Health

SLIP, SPECTRUM = "slip", "spectrum"  # where an estimate is from

_MOST_PPM = const(5000)  # a rate that is less sure than that makes no speed sure
_MOST_LEARNED = const(64)  # records of a point: each is a write to the flash


class Bearing:
    """Envelope and baselines of one set.  All work space is made here.

    measured, sensor: the settings of the set and of its sensor; share: the kernels of its length;
    spent: the block that all channels come in, where they take turns.
    """

    def __init__(
        self,
        backend: "ModuleType",
        measured: "dict[str, Any]",
        sensor: "dict[str, Any]",
        keys: "tuple[str, ...]",
        share: "Any",
        health: "Health",
        spent: "Any" = None,
    ) -> None:
        self._channels = sensor["channels"]
        self._envelope = Envelope(
            backend,
            measured["samples"],
            sensor["bearing"],
            measured["envelope_band"],
            len(self._channels) if spent is None else 1,
            share=share,
            spent=spent,
        )
        self._baselines = [
            Baseline("/state/bearing-%s-%s" % (measured["name"], channel))
            for channel in self._channels
        ]
        self._keys = keys
        error_pct = sensor["shaft_error_pct"]
        self._shaft_hz: "float | None" = sensor["shaft_hz"]
        self._shaft_error: "float | None" = None if error_pct is None else error_pct / 100
        self._health = health
        self.begin = self._envelope.begin
        self._together = spent is None
        self.speed: "list[Any] | None" = None

    def add(self, block: "Any", axis: int) -> None:
        """One more block of a channel: of those in turns, since begin() of this one alone."""
        self._envelope.add(block, axis if self._together else 0)

    def finish(
        self,
        axis: int,
        g_per_digit: float,
        rate_hz: float,
        rate_ppm: float,
        timed: "tuple[float, float] | None",
        estimated: "tuple[float, float | None, str] | None",
        values: "dict[str, float]",
        withheld: "dict[str, str]",
        marked: "dict[str, str]",
    ) -> None:
        """Fill in the values of one axis.

        rate_ppm: by how much the rate may be off; timed: the shaft's speed and its relative
        uncertainty, by a tachometer: it counts before what is set; estimated: the same and SLIP
        or SPECTRUM, where there is nothing else.  Writes `speed`: [Hz, % of the speed or of the
        rate, whichever is less sure, where from], or None.
        """
        shaft_hz, error, source = self._shaft_hz, self._shaft_error, "settings"
        if timed is not None:
            shaft_hz, error, source = timed[0], timed[1], "tacho"
        elif shaft_hz is None and estimated is not None:
            shaft_hz, error, source = estimated
        if source != SPECTRUM and (error is not None or rate_ppm > _MOST_PPM):
            # Lines are looked for at bins, and these are as far off as the rate is.  (The spectrum
            # tells bins.)  Each may be 0.5 % off: both together stay within what is searched.
            error = max(error or 0.0, rate_ppm * 1e-6)
        self.speed = None
        if shaft_hz is not None:
            self.speed = [shaft_hz, None if error is None else 100 * error, source]
        self._envelope.finish(
            g_per_digit,
            rate_hz,
            shaft_hz,
            error,
            self._keys,
            values,
            withheld,
            marked,
            axis if self._together else 0,
            self._baselines[axis],
            source != SPECTRUM,
        )
        if timed is not None and marked.get("bearing_fault") == "speed_off":
            # Its pulses came in this very record: lines beside it are no other speed.
            scores, marks = self._envelope.scores, self._envelope.marks
            others = marks["bpfo" if scores["bpfo"] >= scores["bpfi"] else "bpfi"][1:]
            del marked["bearing_fault"]
            if others:
                marked["bearing_fault"] = others[0]

    def learn(self, axis: int) -> None:
        """The axis that finish() was called for last was in a valid record: the point learns."""
        baseline = self._baselines[axis]
        if baseline.frozen or baseline.count >= _MOST_LEARNED:
            return
        try:
            baseline.learn(
                self._envelope.scores, self._envelope.blocks(axis if self._together else 0)
            )
        except OSError:
            self._health.count("flash")

    def freeze(self) -> None:
        """What was learned counts from now on.  Raises ValueError where it is little, OSError."""
        for baseline in self._baselines:
            baseline.freeze()

    def forget(self) -> None:
        """Learn anew: the bearing was changed.  Raises OSError."""
        for baseline in self._baselines:
            baseline.forget()
