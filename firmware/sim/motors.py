"""Currents and voltages of motors as clamps feel them: a pure function of seed and time.

A motor is described by numbers an electrician knows: rated RMS current, line frequency, harmonics
in percent, unbalance, how it starts and what befalls it when.
"""

from math import exp, pi, sin, sqrt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

_RATED: "dict[str, Any]" = {
    "amps": 10.0,  # RMS of each phase at the load it has
    "volts": 230.0,  # RMS of each phase against neutral
    "line_hz": 50.0,
    "phases": 3,
    "order": 1,  # -1: two phases swapped
    "lag_deg": 32.0,  # by which the current follows the voltage: power factor 0.85
    "harmonics": ((5, 3.0, 20.0), (7, 2.0, -40.0)),  # number, percent of the fundamental, degrees
    "volts_harmonics": ((5, 1.5, 180.0),),
    "balance": (1.0, 1.0, 1.0),  # of the phases' RMS currents
    "negative_pct": 0.0,  # of the currents: a sequence that turns the other way
    "volts_negative_pct": 0.0,
    "dc": 0.0,  # amperes that flow besides
    "inrush": 6.0,  # times the rated current, while it runs up
    "inrush_s": 0.4,
    "timeline": (
        (0.0, "run"),
    ),  # from when, in seconds: "off", "run", "start" or "lost0" … "lost2"
}
STATES = ("off", "run", "start", "lost0", "lost1", "lost2")


class Motor:
    """A motor on its mains.  config: what differs from the rated one (above).

    Raises ValueError(key, value, allowed).
    """

    def __init__(self, config: "dict[str, Any]") -> None:
        facts = dict(_RATED)
        for key in config:
            if key not in _RATED:
                raise ValueError("motor", key, sorted(_RATED))
        facts.update(config)
        for entry in facts["timeline"]:
            if entry[1] not in STATES:
                raise ValueError("motor.timeline", entry[1], STATES)
        self._facts = facts
        self.line_hz: float = facts["line_hz"]

    def amps(self, phase: int, from_s: float, step_s: float, out: "array[float]") -> None:
        """The currents of a phase at from_s, from_s + step_s, … into all of out, A."""
        facts = self._facts
        peak = facts["amps"] * facts["balance"][phase] * sqrt(2)
        angle = self._angle(phase) - facts["lag_deg"] * pi / 180
        self._wave(facts["harmonics"], angle, from_s, step_s, out)
        self._turn_back(facts["negative_pct"], phase, from_s, step_s, out)
        start = 0
        while start < len(out):
            # One state at a time: it may change within the block.
            now_s = from_s + start * step_s
            since_s, state, until_s = self._state(now_s)
            end = len(out)
            if until_s is not None and step_s > 0:
                end = min(end, start + max(1, int((until_s - now_s) / step_s + 0.999999)))
            if state.startswith("lost"):
                self._lose(int(state[4]), phase, peak, from_s, step_s, start, end, out)
            else:
                for i in range(start, end):
                    part = self._level(state, from_s + i * step_s - since_s)
                    out[i] = peak * part * out[i] + facts["dc"] * (part > 0)
            start = end

    def volts(self, phase: int, from_s: float, step_s: float, out: "array[float]") -> None:
        """The voltages of a phase against neutral, likewise, V, whatever the motor does."""
        facts = self._facts
        self._wave(facts["volts_harmonics"], self._angle(phase), from_s, step_s, out)
        self._turn_back(facts["volts_negative_pct"], phase, from_s, step_s, out)
        peak = facts["volts"] * sqrt(2)
        for i in range(len(out)):
            out[i] *= peak

    def _angle(self, phase: int) -> float:
        return -2 * pi / 3 * phase * self._facts["order"] if self._facts["phases"] == 3 else 0.0

    def _wave(
        self, harmonics: "Any", angle: float, from_s: float, step_s: float, out: "array[float]"
    ) -> None:
        """A wave whose fundamental has the peak 1."""
        line_hz = self.line_hz
        rows = [(number, part / 100, deg * pi / 180) for number, part, deg in harmonics]
        for i in range(len(out)):
            turns = line_hz * (from_s + i * step_s)
            theta = 2 * pi * (turns - int(turns)) + angle
            value = sin(theta)
            for number, part, lead in rows:
                value += part * sin(number * theta + lead)
            out[i] = value

    def _turn_back(
        self, part_pct: float, phase: int, from_s: float, step_s: float, out: "array[float]"
    ) -> None:
        """Add a fundamental of the negative sequence."""
        if not part_pct:
            return
        angle, line_hz = -self._angle(phase), self.line_hz
        for i in range(len(out)):
            turns = line_hz * (from_s + i * step_s)
            out[i] += part_pct / 100 * sin(2 * pi * (turns - int(turns)) + angle)

    def _lose(
        self,
        lost: int,
        phase: int,
        peak: float,
        from_s: float,
        step_s: float,
        start: int,
        end: int,
        out: "array[float]",
    ) -> None:
        """One phase is dead: the others carry one current, in and out, sqrt(3) times it."""
        others = [other for other in range(3) if other != lost]
        sign = 0 if phase == lost else 1 if phase == others[0] else -1
        line_hz, angle = self.line_hz, self._angle(others[0])
        for i in range(start, end):
            turns = line_hz * (from_s + i * step_s)
            out[i] = sign * sqrt(3) * peak * sin(2 * pi * (turns - int(turns)) + angle)

    def _level(self, state: str, since_s: float) -> float:
        """The current as a part of the rated one, so long after the state began."""
        facts = self._facts
        if state == "off":
            return 0.0
        if state == "run":
            return 1.0
        # Near the locked rotor's current until shortly before the breakdown torque's speed.
        place = (since_s - facts["inrush_s"]) / (0.08 * facts["inrush_s"])
        if place > 30:
            return 1.0
        level: float = 1.0 + (facts["inrush"] - 1.0) / (1.0 + exp(place))
        return level

    def _state(self, now_s: float) -> "tuple[float, str, float | None]":
        """(since when, state, until when) of an instant."""
        since_s, state, until_s = 0.0, "off", None
        for begin_s, name in self._facts["timeline"]:
            if begin_s <= now_s + 1e-9:
                since_s, state = begin_s, name
            else:
                until_s = begin_s
                break
        return since_s, state, until_s
