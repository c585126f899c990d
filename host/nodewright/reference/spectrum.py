"""The spectrum that all values of the frequency domain are taken from.

w is the periodic Hann window, X = FFT(w (x - m)), k counts bins of rate / N.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodewright.reference.moments import centred


@dataclass(frozen=True)
class Spectrum:
    """One-sided spectrum of one record, bins 0 to N // 2."""

    samples: int
    rate_hz: float
    amplitude_g: NDArray[np.float64]  # A_k = 2 |X_k| / sum w: peak amplitude of a tone on bin k
    power_g2: NDArray[np.float64]  # P_k = 2 |X_k|^2 / (N sum w^2): mean square that bin k holds

    @property
    def bin_hz(self) -> float:
        return self.rate_hz / self.samples

    @property
    def half(self) -> int:
        """floor(N / 2 + 1/2): the first bin that does not lie below half the rate."""
        return (self.samples + 1) // 2

    def nearest_bin(self, frequency_hz: float) -> int:
        """floor(f N / fs + 1/2); may lie outside the spectrum."""
        return math.floor(frequency_hz * self.samples / self.rate_hz + 0.5)


def spectrum_of(samples: NDArray[np.float64], rate_hz: float) -> Spectrum:
    """samples: float64[N] in g, N >= 2; rate_hz: as measured."""
    count = len(samples)
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(count) / count)
    magnitude = np.abs(np.fft.rfft(window * centred(samples)[1]))
    return Spectrum(
        samples=count,
        rate_hz=rate_hz,
        amplitude_g=2.0 * magnitude / np.sum(window),
        power_g2=2.0 * magnitude**2 / (count * np.sum(window**2)),
    )
