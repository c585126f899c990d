"""The spectrum of a channel as the node's code gave it: whole, and compressed to log bins."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nodewright.page.target import Target

_FIRST_NAME = "frequency_hz"


def decoded(codes: Sequence[int]) -> NDArray[np.float64]:
    """The RMS in g of a compressed spectrum's bytes: 10**(c / 32 - 6), but 0 is none."""
    given = np.array(codes, np.float64)
    return np.where(given > 0.0, 10.0 ** (given / 32.0 - 6.0), 0.0)


@dataclass(frozen=True)
class ChannelSpectrum:
    """amplitude_g: A_k of the catalogue for 0 <= k < N/2, of several blocks the root of the mean
    square; bin_hz: rate / N; blocks: how many were averaged; log_rms_g: float64[M], as a node
    sends it, of log bins from log_bounds[i] to below log_bounds[i + 1].
    """

    channel: str
    bin_hz: float
    amplitude_g: NDArray[np.float64]
    blocks: int
    log_bounds: tuple[int, ...]
    log_rms_g: NDArray[np.float64]

    @property
    def frequency_hz(self) -> NDArray[np.float64]:
        return np.arange(len(self.amplitude_g), dtype=np.float64) * self.bin_hz

    @property
    def edges_hz(self) -> NDArray[np.float64]:
        """float64[M + 1] of the log bins: bin k stands for the half bin on each side of it."""
        return (np.array(self.log_bounds) - 0.5) * self.bin_hz

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "blocks": self.blocks,
            "bin_hz": self.bin_hz,
            "amplitude_g": [float(f"{value:.7g}") for value in self.amplitude_g],
            "log_bins": {
                "edges_hz": self.edges_hz.tolist(),
                "rms_g": [float(f"{value:.4g}") for value in self.log_rms_g],
            },
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
