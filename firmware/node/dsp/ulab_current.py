"""Sums over a record of currents in ulab's calls, float32: for boards with ulab and an FPU."""

from math import pi

from ulab import numpy as np
from ulab import utils

from node.dsp import check_currents, tones, viper_mains

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from node.dsp import Samples


class Sums:
    """See node/dsp/__init__.py.  ulab gives each result a new array, so this backend allocates."""

    def __init__(self, samples: int, channels: int) -> None:
        check_currents(samples, channels)
        self.samples = samples
        self._window, self._half = _hann(samples), _hann(samples // 2)
        self._weight = 0.5 * samples
        self._place = np.arange(samples) * 1.0
        self._x = self._window
        self.mean, self.square, self.peak = ([0.0] * channels for _ in range(3))
        self.turns = self.halves = self.sweep = 0.0

    def weigh(self, channel: int, block: "Samples") -> bool:
        if len(block) != self.samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), self.samples))
        x = utils.from_int16_buffer(block)
        least, most = float(np.min(x)), float(np.max(x))
        self.mean[channel], self.square[channel], self.peak[channel] = least, 0.0, 0.0
        if least == most:
            return False
        # About a whole number near the mean first: there float32 differences are exact.
        centre = round(np.sum(x) / self.samples)
        x -= centre
        away = np.sum(x * self._window) / self._weight
        x -= away
        self.square[channel] = float(np.sum(x * x * self._window) / self._weight)
        self.mean[channel] = centre + away
        self.peak[channel] = max(most - centre - away, centre - least + away)
        return True

    def _about(self, channel: int, block: "Samples") -> "Any":
        x = utils.from_int16_buffer(block)
        centre = round(self.mean[channel])
        x -= centre
        x -= self.mean[channel] - centre
        return x

    def cross(self, a: int, block_a: "Samples", b: int, block_b: "Samples") -> float:
        product = self._about(a, block_a) * self._about(b, block_b)
        return float(np.sum(product * self._window) / self._weight)

    def crossings(self, channel: int, block: "Samples") -> int:
        reach = 0.5 * self.square[channel] ** 0.5
        low, high = int(self.mean[channel] - reach), int(self.mean[channel] + reach)
        return viper_mains.crossings(block, self.samples, low, high)

    def line(self, channel: int, block: "Samples", rate_hz: float, near: float = 0.0) -> bool:
        samples = self.samples
        half = samples // 2
        x = self._about(channel, block)
        self._x = x
        turns = near or self._greatest(x, rate_hz) / samples
        first = last = (0.0, 0.0)
        step = 0
        for _ in range(3):
            if not 0.0 < turns < 0.5:
                return False
            step = tones.step_of(turns)
            first = self._sum(x[:half], step)
            last = self._sum(x[half:], step)
            moved = tones.apart(first, last, tones.angle_of(step, half))
            turns += moved / (2.0 * pi * half)
            if abs(moved) < tones.SETTLED:
                break
            if near and abs(moved) > tones.FAR:
                return self.line(channel, block, rate_hz)
        if not 0.0 < turns < 0.5:
            return False
        self.sweep = tones.bent(first, self._sum(x[half // 2 : half + half // 2], step), last)
        a = (first[0] * first[0] + first[1] * first[1]) ** 0.5
        b = (last[0] * last[0] + last[1] * last[1]) ** 0.5
        self.halves = min(a, b) / max(a, b, 1e-9)
        self.turns = turns
        return True

    def tone(self, place: float) -> float:
        y = self._x * self._window
        y -= self._window * (np.sum(y) / self._weight)
        angle = self._place * (2.0 * pi * place / self.samples)
        real, imag = float(np.sum(y * np.cos(angle))), float(np.sum(y * np.sin(angle)))
        return (real * real + imag * imag) ** 0.5

    def _greatest(self, x: "Any", rate_hz: float) -> int:
        """The greatest bin of 40 to 70 Hz, 0 where there is none."""
        low, high = tones.bins(self.samples, rate_hz)
        if low >= high:
            return 0
        spectrum = np.fft.fft(x * self._window)
        real, imag = spectrum.real[low:high], spectrum.imag[low:high]
        power = real * real + imag * imag
        best = int(np.argmax(power))
        return low + best if power[best] else 0

    def _sum(self, x: "Any", step: int) -> "tuple[float, float]":
        """The Hann-weighted sum over a half about its weighted mean at one frequency."""
        y = x * self._half
        y -= self._half * (np.sum(y) / (0.5 * len(y)))
        angle = self._place[: len(y)] * (step * (2.0 * pi / tones.TURN))
        real = float(np.sum(y * np.cos(angle)))
        return real, -float(np.sum(y * np.sin(angle)))

    def harmonics(
        self, channel: int, block: "Samples", turns: float, most: int, out: "array[float]"
    ) -> None:
        y = self._about(channel, block) * self._window
        y *= self._window
        turn = self._place * (2.0 * pi * turns)
        for h in range(1, most + 1):
            angle = turn * h
            out[2 * h] = float(np.sum(y * np.cos(angle)))
            out[2 * h + 1] = -float(np.sum(y * np.sin(angle)))


def _hann(samples: int) -> "Any":
    return 0.5 - 0.5 * np.cos(np.arange(samples) * (2 * pi / samples))
