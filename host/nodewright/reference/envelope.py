"""The envelope of K blocks, in float64: its spectra, and how far an order's lines stand out.

Written from docs/features.md and docs/decisions/0012-envelope.md.  Symbols: a block has N samples
at fs, T = N / fs; places p are in bins of 1 / T, which all spectra here share.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nodewright.reference.result import WithheldError

Floats = NDArray[np.float64]

# First bin k0 and width M of each band, at N = 4096; both go with N.
BANDS = ((512, 1024), (1024, 1024), (256, 512), (768, 512), (1280, 512))
BANDS_OF = 4096
LEAST_SAMPLES = 256
HARMONICS = (1, 2, 3)
_DEPTH = 64.0  # the log ends at this part of the mean: a zero of the envelope is no minus infinity
_LEAST_BIN = 2  # bins 0 and 1 are the mean's
_REACH_BINS, _REACH_SHARE = 0.6, 0.01  # u
_FLOOR_BINS, _GAP = 10, 1  # of the floor, on each side


@dataclass(frozen=True)
class Envelope:
    """What K blocks left.

    logs: E, one array of M / 2 bins a band; amplitude_g: of the envelope of the chosen band, g;
    spectrum: V, magnitude of the blocks' own spectrum, N / 2 bins.  All are root mean squares
    over the blocks.  rms_g: of the blocks about their means; levels_g: mean of e, a number a band.
    """

    samples: int
    blocks: int
    rate_hz: float
    band: int
    logs: tuple[Floats, ...]
    amplitude_g: Floats
    spectrum: Floats
    rms_g: float
    levels_g: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """T, of one block."""
        return self.samples / self.rate_hz


@dataclass(frozen=True)
class Harmonic:
    """One line of an order in one band: its search range in bins, its peak and its floor."""

    place: float
    first: int
    last: int
    peak: float
    floor: float


def band_hz(band: int, rate_hz: float) -> tuple[float, float]:
    """From where to where a band reaches."""
    first, width = BANDS[band]
    return first * rate_hz / BANDS_OF, (first + width) * rate_hz / BANDS_OF


def envelope_of(blocks: Floats, rate_hz: float, band: int = 0) -> Envelope:
    """blocks: float64[K, N] in g, finite, N a power of two from 256; rate_hz: as measured.

    band: whose amplitudes are kept, an index into BANDS.  Raises ValueError for what can never
    work, and WithheldError "silent" for a block of equal samples or a band without envelope.
    """
    blocks = np.asarray(blocks, np.float64)
    _check(blocks, rate_hz, band)
    count, samples = blocks.shape
    if np.any(np.ptp(blocks, axis=1) == 0.0):
        raise WithheldError("silent")
    deviation = blocks - np.mean(blocks, axis=1, keepdims=True)
    spectra = np.fft.fft(deviation, axis=1)
    logs, levels_g, amplitude_g = [], [], np.zeros(0)
    for index, (first, width) in enumerate(BANDS):
        low, wide = first * samples // BANDS_OF, width * samples // BANDS_OF
        parts = np.fft.ifft(spectra[:, low : low + wide], axis=1)
        envelopes = 2.0 * wide / samples * np.abs(parts)
        means = np.mean(envelopes, axis=1, keepdims=True)
        if np.any(means <= 0.0):
            raise WithheldError("silent")
        levels_g.append(float(np.mean(means)))
        logs.append(_windowed(np.log(np.maximum(envelopes, means / _DEPTH))))
        if index == band:
            # The window's sum is half its length.
            amplitude_g = 2.0 * _windowed(envelopes) / (0.5 * wide)
    return Envelope(
        samples,
        count,
        rate_hz,
        band,
        tuple(logs),
        amplitude_g,
        _windowed(deviation),
        math.sqrt(np.mean(deviation**2)),
        tuple(levels_g),
    )


def _windowed(rows: Floats) -> Floats:
    """Root over the rows of the mean |FFT(w (row - its mean))|^2, the lower half of the bins."""
    length = rows.shape[1]
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    deviation = rows - np.mean(rows, axis=1, keepdims=True)
    magnitude = np.abs(np.fft.rfft(window * deviation, axis=1))[:, : length // 2]
    return np.asarray(np.sqrt(np.mean(magnitude**2, axis=0)), np.float64)


def search_range(place: float, bins: int) -> tuple[int, int]:
    """First and last bin that a line at `place` is sought in, of a spectrum of so many bins.

    Raises WithheldError "bandwidth" where the spectrum ends before.
    """
    reach = max(_REACH_BINS, _REACH_SHARE * place)
    first, last = max(_LEAST_BIN, math.ceil(place - reach)), math.floor(place + reach)
    if last >= bins:
        raise WithheldError("bandwidth")
    return first, max(first, last)


def harmonic(spectrum: Floats, place: float) -> Harmonic:
    """Peak and floor of the line at `place` of one band's spectrum.  Raises WithheldError."""
    first, last = search_range(place, len(spectrum))
    below = np.arange(first - _GAP - _FLOOR_BINS, first - _GAP)
    above = np.arange(last + _GAP + 1, last + _GAP + 1 + _FLOOR_BINS)
    around = np.concatenate((below[below >= _LEAST_BIN], above[above < len(spectrum)]))
    floor = float(np.median(spectrum[around])) if len(around) else 0.0
    if floor <= 0.0:
        raise WithheldError("silent")
    return Harmonic(place, first, last, float(spectrum[first : last + 1].max()), floor)


def lines(envelope: Envelope, frequency_hz: float) -> list[list[Harmonic]]:
    """The harmonics of a frequency, a list a band.  Raises WithheldError."""
    place = frequency_hz * envelope.seconds
    return [
        [harmonic(spectrum, number * place) for number in HARMONICS] for spectrum in envelope.logs
    ]


def fluctuation(line: Harmonic, width: int) -> float:
    """The floor as a fluctuation of the log envelope: RMS, were all bins as high.

    width: M, of the band: the Hann window of M makes sqrt(3 M / 8) of 1.
    """
    return line.floor / math.sqrt(0.375 * width)


def score(found: list[list[Harmonic]]) -> float:
    """S: the mean over bands and harmonics of ln(peak / floor)."""
    return float(np.mean([[math.log(h.peak / h.floor) for h in band] for band in found]))


def amplitude_g(envelope: Envelope, frequency_hz: float) -> float:
    """The greatest amplitude in g of the first harmonic's range.  Raises WithheldError."""
    place = frequency_hz * envelope.seconds
    first, last = search_range(place, len(envelope.amplitude_g))
    return float(envelope.amplitude_g[first : last + 1].max())


def _check(blocks: Floats, rate_hz: float, band: int) -> None:
    if blocks.ndim != 2 or not len(blocks):
        raise ValueError(f"blocks: one row a block is needed, got {blocks.shape}")
    samples = blocks.shape[1]
    if samples < LEAST_SAMPLES or samples & (samples - 1):
        raise ValueError(f"blocks: {samples} samples; a power of two from {LEAST_SAMPLES}")
    if not np.all(np.isfinite(blocks)):
        raise ValueError("blocks: only finite values have an envelope")
    if not (math.isfinite(rate_hz) and rate_hz > 0.0):
        raise ValueError(f"rate_hz: {rate_hz} Hz cannot be; it must be above 0")
    if not 0 <= band < len(BANDS):
        raise ValueError(f"band: {band} is none of 0 to {len(BANDS) - 1}")
