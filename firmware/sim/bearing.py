"""A rolling bearing with a damaged race or ball: trains of knocks that make the housing ring.

Orders, as multiples of the shaft's turns, come from the geometry (outer ring at rest, no slip);
each knock comes early or late by a slip of about a percent, so the train is not quite periodic.
"""

import math

from sim.noise import NORMAL, mix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TURN = 2 * math.pi
_SILENT = 6.0  # time constants after which a ring is over (0.2 %)
_LARGEST_SLIP = 4.2  # of NORMAL[a] + NORMAL[b]


def orders(bearing: "dict[str, float]") -> "dict[str, float]":
    """Orders of the outer and inner race, the ball's spin and the cage.

    bearing: balls, ball_mm, pitch_mm, angle_deg.
    """
    n = bearing["balls"]
    ratio = bearing["ball_mm"] / bearing["pitch_mm"] * math.cos(math.radians(bearing["angle_deg"]))
    return {
        "outer": n / 2 * (1 - ratio),
        "inner": n / 2 * (1 + ratio),
        "ball": bearing["pitch_mm"] / bearing["ball_mm"] / 2 * (1 - ratio * ratio),
        "cage": (1 - ratio) / 2,
    }


class Fault:
    """fault: race ("outer", "inner", "ball"), impact_g, slip (deviation, part of a period), and
    modes: (frequency_hz, damping ratio, share) of what rings.
    """

    def __init__(self, bearing: "dict[str, float]", fault: "dict[str, Any]", seed: int) -> None:
        race = fault["race"]
        if race not in ("outer", "inner", "ball"):
            raise ValueError("race", race, ("outer", "inner", "ball"))
        found = orders(bearing)
        # A spot on a ball meets both races in one spin.
        self.order = found[race] * (2 if race == "ball" else 1)
        # What carries the spot through the loaded zone: the shaft, the cage, or nothing.
        self._carrier = {"outer": 0.0, "inner": 1.0, "ball": found["cage"]}[race]
        self._depth = {"outer": 0.0, "inner": 0.45, "ball": 0.4}[race]
        self._alternate = 0.7 if race == "ball" else 1.0
        self._impact_g: float = fault["impact_g"]
        self._slip: float = fault["slip"]
        self._modes = fault["modes"]
        self._seed = seed
        self._rings: "list[tuple[float, float, float]]" = []
        self._over_s = 0.0
        # What a knock's ring, all positive at first, would push the housing away by in the mean:
        # g s.  The blow itself, which no sensor resolves, takes it back.
        self._push_g_s = 0.0

    def filter(self, rate_hz: float) -> None:
        """Prepare for a sensor of a rate: second-order low-pass at half of it."""
        self._rings = []
        self._over_s = self._push_g_s = 0.0
        usual = (1 - self._depth) * (1 + self._alternate) / 2  # strength in the mean
        for frequency_hz, damping, share in self._modes:
            gain = self._impact_g * share / math.sqrt(1 + (2 * frequency_hz / rate_hz) ** 4)
            decay = damping * _TURN * frequency_hz
            pulse = _TURN * frequency_hz
            self._rings.append((gain, decay, pulse))
            self._push_g_s += usual * gain * pulse / (decay * decay + pulse * pulse)
            self._over_s = max(self._over_s, _SILENT / decay)

    def at(self, turns: float, speed_hz: float) -> float:
        """Acceleration in g at a shaft angle: what the knocks up to now have left ringing."""
        phase = turns * self.order
        cycles_hz = speed_hz * self.order
        oldest = int(phase - self._over_s * cycles_hz - _LARGEST_SLIP * self._slip)
        total = -self._push_g_s * cycles_hz
        for number in range(max(0, oldest), int(phase + _LARGEST_SLIP * self._slip) + 1):
            bits = mix(self._seed + 0x20000000 + number & 0xFFFFFFFF)
            slip = self._slip * (NORMAL[bits & 0xFF] + NORMAL[bits >> 8 & 0xFF])
            age_s = (phase - number - slip) / cycles_hz
            if not 0 <= age_s < self._over_s:
                continue
            strength = 0.85 + 0.3 * (bits >> 16 & 0xFF) / 255
            if self._carrier:
                carried = number / self.order * self._carrier
                strength *= 1 - self._depth + self._depth * math.cos(_TURN * carried)
            if number & 1:
                strength *= self._alternate
            for gain, decay, pulse in self._rings:
                total += strength * gain * math.exp(-decay * age_s) * math.sin(pulse * age_s)
        return total
