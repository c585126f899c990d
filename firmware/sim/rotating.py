"""A rotating machine by physics, felt at a bearing housing: x across, y along the shaft, z up.

Every value is a pure function of seed and time: phases come from the shaft's angle in closed form,
random numbers from a counter.  Velocities are RMS at the rated speed, as a vibration analyst would
state them; acceleration of unbalance grows with the square of the speed.
"""

import math

from sim.bearing import Fault
from sim.machines import PRESETS
from sim.noise import NORMAL, mix, uniform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

_TURN = 2 * math.pi
_G_MM_S2 = 9806.65
_AXES = 3
_WANDER_S = (17.0, 5.3)  # periods of the slow wander of the speed: no multiple of each other

# Order, share of x, y, z, and the phase of x ahead of z: what each cause does to a housing
_UNBALANCE = ((1.0, 1.0, 0.15, 0.8, 0.25),)  # radial, 90 degrees apart
_MISALIGNMENT = ((2.0, 0.5, 1.0, 0.4, 0.5), (1.0, 0.1, 0.5, 0.1, 0.5))  # axial, 2x
_LOOSENESS = (
    (0.5, 0.4, 0.1, 0.6, 0.0),
    (1.5, 0.3, 0.1, 0.4, 0.1),
    (3.0, 0.5, 0.1, 0.8, 0.0),
    (4.0, 0.3, 0.1, 0.5, 0.2),
)
_PASSING = ((1.0, 0.9, 0.3, 1.0, 0.1),)  # vanes, blades or teeth, by their number
_HUM = ((2.0, 0.7, 0.2, 1.0, 0.0),)  # twice the mains frequency, whatever the speed


class Machine:
    """A source of samples (sim/signals.py).

    config: a preset's name under "preset" and what differs from it, the keys of sim/machines.py.
    Raises ValueError(key, value, allowed).
    """

    def __init__(self, config: "dict[str, Any]", seed: int) -> None:
        preset = config.get("preset", "pump")
        if preset not in PRESETS:
            raise ValueError("preset", preset, sorted(PRESETS))
        merged = dict(PRESETS[preset])
        for key in config:
            if key not in merged and key != "preset":
                raise ValueError(key, config[key], sorted(merged))
            merged[key] = config[key]
        config = merged
        self._seed = mix(seed)
        self._speed_hz: float = config["speed_hz"]
        self._wander: float = config["wander"] / len(_WANDER_S)
        self._starts = [_TURN * uniform(self._seed + i) for i in range(len(_WANDER_S))]
        self._noise_g_rt_hz: float = config["noise_ug_rt_hz"] * 1e-6
        self._gravity = [0.0, 0.0, 0.0]
        if config["gravity"]:
            self._gravity["xyz".index(config["gravity"])] = 1.0
        # Each line: its order, then cosine and sine of x, y, z
        self._lines: "list[tuple[float, ...]]" = []
        ratio = self._speed_hz / config["rated_hz"]
        self._add(_UNBALANCE, config["unbalance_mm_s"] * ratio, 1)
        self._add(_MISALIGNMENT, config["misalignment_mm_s"], 1)
        self._add(_LOOSENESS, config["looseness_mm_s"], 1)
        self._add(_PASSING, config["passing_mm_s"], config["passing_count"])
        self._mains_hz: float = config["mains_hz"]
        self._hum = len(self._lines)
        self._add(_HUM, config["hum_mm_s"], self._mains_hz / self._speed_hz)
        fault = config["fault"]
        self._fault = Fault(config["bearing"], fault, self._seed) if fault else None
        self._rate_hz = 0.0
        self._filtered: "list[tuple[float, ...]]" = []

    def _add(self, rows: "Any", velocity_mm_s: float, multiple: float) -> None:
        """Lines of one cause: velocity_mm_s is the RMS velocity of a share of 1."""
        if not velocity_mm_s:
            return
        for order, x, y, z, ahead in rows:
            order *= multiple
            amplitude_g = velocity_mm_s * math.sqrt(2) * _TURN * order * self._speed_hz / _G_MM_S2
            begin = uniform(self._seed + 16 + len(self._lines))
            line = [order]
            for share, turns in ((x, begin + ahead), (y, begin + ahead / 2), (z, begin)):
                line.append(share * amplitude_g * math.cos(_TURN * turns))
                line.append(share * amplitude_g * math.sin(_TURN * turns))
            self._lines.append(tuple(line))

    def _filter(self, rate_hz: float) -> None:
        """Weaken what is above the sensor's bandwidth, half its rate."""
        self._rate_hz = rate_hz
        self._filtered = []
        for line in self._lines:
            gain = low_pass(line[0] * self._speed_hz, rate_hz)
            self._filtered.append((line[0],) + tuple([gain * value for value in line[1:]]))
        if self._fault is not None:
            self._fault.filter(rate_hz)

    def turns(self, time_s: float) -> float:
        """Turns of the shaft since the beginning."""
        turns = self._speed_hz * time_s
        if self._wander:
            for i in range(len(_WANDER_S)):
                period_s, start = _WANDER_S[i], self._starts[i]
                swing = math.cos(start) - math.cos(_TURN * time_s / period_s + start)
                turns += self._speed_hz * self._wander * period_s / _TURN * swing
        return turns

    def fill(self, start: int, count: int, rate_hz: float, out: "array[float]") -> None:
        if rate_hz != self._rate_hz:
            self._filter(rate_hz)
        noise_g = self._noise_g_rt_hz * math.sqrt(rate_hz / 2)
        sin, cos = math.sin, math.cos
        lines, hum, fault = self._filtered, self._hum, self._fault
        gx, gy, gz = self._gravity
        if not (lines or fault or noise_g):
            for at in range(0, _AXES * count, _AXES):
                out[at], out[at + 1], out[at + 2] = gx, gy, gz
            return
        for i in range(count):
            time_s = (start + i) / rate_hz
            turns = self.turns(time_s)
            x, y, z = gx, gy, gz
            for number in range(len(lines)):
                order, xc, xs, yc, ys, zc, zs = lines[number]
                angle = order * (turns if number < hum else time_s * self._speed_hz) % 1.0 * _TURN
                c, s = cos(angle), sin(angle)
                x += xc * c - xs * s
                y += yc * c - ys * s
                z += zc * c - zs * s
            if fault is not None:
                knock = fault.at(turns, self._speed_hz)
                x += 0.7 * knock
                y += 0.3 * knock
                z += knock
            key = self._seed + 0x40000000 + 2 * (start + i)
            a, b = mix(key & 0xFFFFFFFF), mix(key + 1 & 0xFFFFFFFF)
            at = _AXES * i
            out[at] = x + noise_g * (NORMAL[a & 0xFF] + NORMAL[a >> 8 & 0xFF])
            out[at + 1] = y + noise_g * (NORMAL[a >> 16 & 0xFF] + NORMAL[a >> 24])
            out[at + 2] = z + noise_g * (NORMAL[b & 0xFF] + NORMAL[b >> 8 & 0xFF])


def low_pass(frequency_hz: float, rate_hz: float) -> float:
    """Gain of a second-order Butterworth filter with its corner at half the rate."""
    return 1 / math.sqrt(1 + (2 * frequency_hz / rate_hz) ** 4)
