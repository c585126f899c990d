"""Envelope spectra in ulab's calls, float32: for chips with an FPU and images with ulab."""

from ulab import numpy as np
from ulab import utils

from node.dsp import check_envelope
from node.dsp.bands import AMPLITUDE, BANDS, LEVELS, SHAFT, SQUARE, bins_of_slots

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from node.dsp import Samples

_DEPTH = 64.0


class Spectra:
    """Sums over blocks of the spectra that a bearing shows in.  See node/dsp/__init__.py.

    ulab gives each result a new array, so this backend allocates.  share: the kernels of the
    same record length, spent: a block, both of no use here.
    """

    def __init__(
        self,
        samples: int,
        wide: bool = False,
        band: int = 0,
        axes: int = 1,
        share: "Any" = None,
        spent: "Samples | None" = None,  # noqa: ARG002
    ) -> None:
        check_envelope(samples, band, axes)
        if share is not None and share.samples != samples:
            raise ValueError("share: of %d samples, not of %d" % (share.samples, samples))
        self.samples, self.wide = samples, wide
        self.bins = bins_of_slots(samples)
        self._band = band
        self._windows = {count: _hann(count * samples // 4096) for _, count in BANDS}
        self._sums = tuple([np.zeros(bins) for bins in self.bins] for _ in range(axes))
        self.blocks, self.silent = [0] * axes, [False] * axes

    def begin(self) -> None:
        """Forget the blocks: a new record begins."""
        for axis in range(len(self._sums)):
            self.blocks[axis], self.silent[axis] = 0, False
            for sums in self._sums[axis]:
                sums[:] = 0.0

    def add(self, block: "Samples", axis: int) -> None:
        """Raises ValueError for a block of another length."""
        samples = self.samples
        if len(block) != samples:
            raise ValueError("block: %d samples instead of %d" % (len(block), samples))
        self.blocks[axis] += 1
        x = utils.from_int32_buffer(block) if self.wide else utils.from_int16_buffer(block)
        least, most = float(np.min(x)), float(np.max(x))
        if least == most:
            self.silent[axis] = True
            return
        # The middle is a half of a whole number: differences from it are exact in float32.
        x -= 0.5 * (least + most)
        # To a deviation of 1 at most: powers stay far from the ends of float32.
        unit = 0.5 * (most - least)
        x /= unit
        mean = float(np.mean(x))
        square = float(np.mean(x * x)) - mean * mean
        levels = self._sums[axis][LEVELS]
        levels[SQUARE] = levels[SQUARE] + square * unit * unit
        spectrum = np.fft.fft(x)[: samples // 2]
        x = None
        self._shaft(spectrum, unit, self._sums[axis][SHAFT])
        for slot, (first, count) in enumerate(BANDS):
            first, bins = first * samples // 4096, count * samples // 4096
            self._add_band(axis, slot, np.fft.fft(spectrum[first : first + bins]), count, unit)

    def _shaft(self, spectrum: "Any", unit: float, sums: "Any") -> None:
        bins = self.bins[SHAFT]
        smooth = spectrum[2:bins] * 2.0 - spectrum[1 : bins - 1] - spectrum[3 : bins + 1]
        sums[2:] = sums[2:] + _power(smooth, 0.25 * unit)

    def _add_band(self, axis: int, slot: int, parts: "Any", count: int, unit: float) -> None:
        """The log's spectrum of one band, and the amplitude's of the one that is asked for.

        A transform back would turn in the other direction: its samples come out backwards, which
        changes no power of their spectrum, as the window is even.
        """
        size = np.sqrt(_power(parts, 2.0 / self.samples))
        parts = None
        mean = float(np.mean(size))
        if not mean > 0.0:
            self.silent[axis] = True
            return
        sums, window = self._sums[axis], self._windows[count]
        sums[LEVELS][slot] = sums[LEVELS][slot] + mean * unit
        if slot == self._band:
            bins = self.bins[AMPLITUDE]
            found = np.fft.fft((size - mean) * window)[:bins]
            # 2 |X| / sum w, of digits.
            sums[AMPLITUDE] += _power(found, 4.0 / len(window) * unit)
        size = np.log(np.maximum(size * (1.0 / mean), 1.0 / _DEPTH))
        size -= float(np.mean(size))
        size *= window
        sums[slot] += _power(np.fft.fft(size)[: self.bins[slot]], 1.0)

    def keys(self, axis: int, slot: int, low: int, high: int) -> "list[float]":
        return list(self._sums[axis][slot][low:high])

    def power(self, slot: int, key: float) -> float:  # noqa: ARG002  sums are powers
        return key


def _hann(count: int) -> "Any":
    return 0.5 - 0.5 * np.cos(np.arange(count) * (2.0 * np.pi / count))


def _power(parts: "Any", scale: float) -> "Any":
    """|scale * parts|**2."""
    real, imag = parts.real, parts.imag
    real *= scale
    imag *= scale
    real *= real
    imag *= imag
    real += imag
    return real
