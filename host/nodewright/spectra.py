"""The spectrum of a channel as the node's code gave it: whole, and compressed to log bins."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright.page.target import Target

LOG_BINS = 32
_FIRST_NAME = "frequency_hz"


@dataclass(frozen=True)
class ChannelSpectrum:
    """amplitude_g: A_k of the catalogue for 0 <= k < N/2, of several blocks the root of the mean
    square; bin_hz: rate / N; blocks: how many were averaged."""

    channel: str
    bin_hz: float
    amplitude_g: NDArray[np.float64]
    blocks: int

    @property
    def frequency_hz(self) -> NDArray[np.float64]:
        return np.arange(len(self.amplitude_g), dtype=np.float64) * self.bin_hz

    @cached_property
    def log_bins(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(edges in Hz, float64[M + 1]; RMS in g, float64[M]) from the first bin to N/2.

        M <= LOG_BINS: evenly on a log scale, but none narrower than a bin, of which there are few
        at the low end.  Their squares add up to the square of the whole.
        """
        half = len(self.amplitude_g)
        ideal = np.exp(np.linspace(0.0, np.log(half), LOG_BINS + 1))
        edges = np.unique(np.floor(ideal + 0.5).astype(int))
        # The power of bin k is A_k^2 / 3: the window's noise bandwidth is 1.5 bins.
        power = np.add.reduceat(self.amplitude_g**2 / 3.0, edges[:-1])
        # Bin k stands for the half bin on each side of it.
        return (edges - 0.5) * self.bin_hz, np.asarray(np.sqrt(power), np.float64)

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        edges_hz, rms_g = self.log_bins
        return {
            "blocks": self.blocks,
            "bin_hz": self.bin_hz,
            "amplitude_g": [float(f"{value:.7g}") for value in self.amplitude_g],
            "log_bins": {"edges_hz": edges_hz.tolist(), "rms_g": rms_g.tolist()},
        }


def csv_text(spectra: Sequence[ChannelSpectrum]) -> str:
    """All bins, a row each: the frequency and the amplitude of each channel (peak g)."""
    names = [f"{spectrum.channel}_g".replace(",", " ").replace('"', " ") for spectrum in spectra]
    rows = [",".join([_FIRST_NAME, *names])]
    columns = [spectra[0].frequency_hz, *(spectrum.amplitude_g for spectrum in spectra)]
    rows += [",".join(f"{value:.7g}" for value in row) for row in zip(*columns, strict=True)]
    return "\n".join(rows) + "\n"


def csv_target(path: Path) -> Target:
    """Where `csv_text` may go.  Raises BadInput."""
    return Target(path, "--spectrum-to", _FIRST_NAME.encode() + b",", "spectrum of nodewright")
