"""From what an accelerometer feels to its digits: mounting, noise, conversion, rails."""

import math
from array import array

from sim.noise import NORMAL, mix
from sim.signals import source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from sim.chips.accelerometer import World

    Step = tuple[int, float, float, float]  # axis of the source, digits per g, noise, offset

_CHUNK = 16  # samples that are computed at once
_MASK = 0xFFFFFFFF
FLAWS = ("scale", "noise", "dead", "rail_g")


class Sampler:
    """Makes the digits of a sample by its number in the source: always the same for the same.

    config: noise (whether it has any); seed; orientation: which axis of the source x, y and z
    see, as "xyz" or "-zyx"; source: see sim/signals.py; flaws: what is wrong with the chip for
    good: "scale", "noise" (so many times what it should be), "dead" (an axis that says nothing),
    "rail_g" (where its range really ends).  Raises ValueError(key, value, allowed).
    """

    def __init__(self, config: "dict[str, Any]", world: "World") -> None:
        self.source = source(config["source"], world.open_file)
        self.digits = array("h", [0, 0, 0])  # of the sample loaded last
        self.frozen = False  # the digits keep their values
        self._noisy = config.get("noise", True)
        self._seed = mix(config.get("seed", 1))
        self._mounted = config.get("orientation", "xyz")
        self._axes, self._signs = orientation(self._mounted)
        self._gain = 1.0
        self._flaws: "dict[str, Any]" = config.get("flaws") or {}
        for key in self._flaws:
            if key not in FLAWS:
                raise ValueError("flaws", key, FLAWS)
        self._chunk, self._rate_hz = -1, 0.0  # of what is in _g
        self._g = array("f", [0.0] * (3 * _CHUNK))
        self._steps: "list[Step]" = []
        self.convert(1.0, 1)

    def convert(
        self,
        g_per_digit: float,
        rail: int,
        factor: int = 1,
        noise_g: "float | tuple[float, ...]" = 0.0,
        offsets_g: "tuple[float, ...]" = (0, 0, 0),
        mask: int = -1,
    ) -> None:
        """How g become digits from now on.

        Digits end at -rail and rail - 1; factor: what shifts them to the left of their word;
        noise_g: RMS in each axis, or of each; offsets_g: what is added to each, by a self-test;
        mask: the bits of digits that there are.
        """
        flaws = self._flaws
        if "rail_g" in flaws:
            rail = min(rail, int(flaws["rail_g"] / g_per_digit))
        self._conversion = (g_per_digit, rail, factor, noise_g, offsets_g, mask)
        rms_g = noise_g if isinstance(noise_g, tuple) else (noise_g, noise_g, noise_g)
        scale, louder = flaws.get("scale", 1.0) / g_per_digit, flaws.get("noise", 1.0)
        self._steps = [
            (
                self._axes[axis],
                self._signs[axis] * self._gain * scale,
                louder * rms_g[axis] / g_per_digit if self._noisy else 0.0,
                offsets_g[axis] * scale,
            )
            for axis in range(3)
        ]
        if "dead" in flaws:
            self._steps["xyz".index(flaws["dead"])] = (0, 0.0, 0.0, 0.0)

    def amplify(self, gain: float) -> None:
        """The signal is gain times as strong as that of the source."""
        self._gain = gain
        self.convert(*self._conversion)

    def turn(self, text: "str | None") -> None:
        """Mount it as an orientation says; None: as it was meant to be."""
        self._axes, self._signs = orientation(self._mounted if text is None else text)
        self.convert(*self._conversion)

    def clear(self) -> None:
        """Without supply nothing is left of the digits."""
        for axis in range(3):
            self.digits[axis] = 0

    def load(self, index: int, rate_hz: float, part: float = 1.0) -> None:
        """Bring sample number index of the source, at rate_hz, to digits.

        part: how much of the signal has come through a filter that has not settled yet.
        """
        if self.frozen:
            return
        if index // _CHUNK != self._chunk or rate_hz != self._rate_hz:
            self._chunk, self._rate_hz = index // _CHUNK, rate_hz
            self.source.fill(self._chunk * _CHUNK, _CHUNK, rate_hz, self._g)
        at = index % _CHUNK * 3
        _, rail, factor, _, _, mask = self._conversion
        key = self._seed + 2 * index
        bits = mix(key & _MASK) | (mix(key + 1 & _MASK) & 0xFFFF) << 32
        g, out, steps = self._g, self.digits, self._steps
        for axis in range(3):
            felt, scale, noise, offset = steps[axis]
            value = (g[at + felt] * scale + offset) * part + 0.5
            if noise:
                value += (NORMAL[bits & 0xFF] + NORMAL[bits >> 8 & 0xFF]) * noise
                bits >>= 16
            # Beyond the range the converter stays at its rail (and a float may not fit an int).
            digits = rail - 1 if value >= rail else -rail if value < -rail else math.floor(value)
            out[axis] = (digits & mask) * factor

    def peek_g(self, index: int, rate_hz: float, part: float) -> "tuple[float, float, float]":
        """What the axes feel in a sample, in g; the digits stay those of the last one loaded."""
        digits = self.digits
        kept = digits[0], digits[1], digits[2]
        self.load(index, rate_hz, part)
        scale = self._conversion[0] / self._conversion[2]
        felt = (digits[0] * scale, digits[1] * scale, digits[2] * scale)
        for axis in range(3):
            digits[axis] = kept[axis]
        return felt


def orientation(text: str) -> "tuple[list[int], list[int]]":
    """Axis and sign that each of x, y, z sees.  Raises ValueError(key, value, allowed)."""
    letters = text.replace("-", "")
    axes = ["xyz".find(letter) for letter in letters]
    signs = [-1 if "-" + letter in text else 1 for letter in letters]
    if len(axes) != 3 or min(axes) < 0 or text.count("-") != signs.count(-1):
        raise ValueError("orientation", text, "xyz in any order, each with or without '-'")
    return axes, signs
