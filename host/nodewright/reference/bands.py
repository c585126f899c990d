"""Values summed over bins: band RMS, velocity, displacement."""

import math

import numpy as np

from nodewright.reference.result import WithheldError
from nodewright.reference.spectrum import Spectrum

_MM_S2_PER_G = 9806.65
_UM_S2_PER_G = 9.80665e6
VELOCITY_LEAST_HZ = 10.0
VELOCITY_MOST_HZ = 1000.0
HIGH_FREQUENCY_HZ = 1000.0


def band_rms_g(spectrum: Spectrum, low_hz: float, high_hz: float) -> float:
    """RMS in g over nearest_bin(low) <= k < nearest_bin(high).

    Raises WithheldError: "above_nyquist" if the band reaches beyond half the rate (by more than
    the rounding to a bin), "too_short" if the record's bins are wider than the band.
    """
    first, end = spectrum.nearest_bin(low_hz), spectrum.nearest_bin(high_hz)
    if end > spectrum.half or first >= spectrum.half:
        raise WithheldError("above_nyquist")
    if first >= end:
        raise WithheldError("too_short")
    return math.sqrt(np.sum(spectrum.power_g2[first:end]))


def high_frequency_rms_g(spectrum: Spectrum) -> float:
    """RMS in g from 1 kHz to below half the rate.  Raises WithheldError."""
    first = spectrum.nearest_bin(HIGH_FREQUENCY_HZ)
    if first >= spectrum.half:
        raise WithheldError("above_nyquist")
    return math.sqrt(np.sum(spectrum.power_g2[first : spectrum.half]))


def velocity_rms_mm_s(
    spectrum: Spectrum,
    sensor_bandwidth_hz: float | None = None,
    low_hz: float = VELOCITY_LEAST_HZ,
) -> float:
    """Velocity RMS in mm/s between low_hz and 1 kHz or what sensor and rate allow.

    Source of the band: ISO 20816-3, 10 to 1000 Hz, from 2 Hz for shafts below 600 rpm.
    Raises WithheldError: "too_short" without a bin in the band, "bandwidth" if sensor or rate end
    below it.
    """
    return _MM_S2_PER_G * _integrated(spectrum, sensor_bandwidth_hz, low_hz, 2)


def displacement_rms_um(
    spectrum: Spectrum,
    sensor_bandwidth_hz: float | None = None,
    low_hz: float = VELOCITY_LEAST_HZ,
) -> float:
    """Displacement RMS in um over the bins of the velocity."""
    return _UM_S2_PER_G * _integrated(spectrum, sensor_bandwidth_hz, low_hz, 4)


def _integrated(
    spectrum: Spectrum, bandwidth_hz: float | None, low_hz: float, exponent: int
) -> float:
    """sqrt(sum P_k / (2 pi f_k)^exponent) over the bins of velocity."""
    high_hz = min(
        VELOCITY_MOST_HZ,
        0.4 * spectrum.rate_hz,
        math.inf if bandwidth_hz is None else bandwidth_hz,
    )
    first = max(2, spectrum.nearest_bin(low_hz) - 1)
    last = min(spectrum.half - 1, spectrum.nearest_bin(high_hz) + 1)
    if first > last:
        raise WithheldError("too_short" if low_hz < high_hz else "bandwidth")
    bins = np.arange(first, last + 1)
    omega = 2.0 * np.pi * bins * spectrum.bin_hz
    return math.sqrt(np.sum(spectrum.power_g2[bins] / omega**exponent))
