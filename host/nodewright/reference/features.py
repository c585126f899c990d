"""From samples to features: which definition a key means, and when its value is valid."""

import math
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nodewright.reference import bands as band_values
from nodewright.reference.lines import LEAST_PERIODS, Line, order_line, strongest_lines
from nodewright.reference.moments import KEYS as MOMENT_KEYS
from nodewright.reference.moments import moments
from nodewright.reference.result import Result, WithheldError
from nodewright.reference.spectrum import Spectrum, spectrum_of

LEAST_VELOCITY_S = 0.4  # below: marked
LEAST_MARKED_VELOCITY_S = 0.16  # below: withheld
_INTEGRATED_KEYS = ("vel_rms_mm_s", "disp_rms_um", "disp_p2p_um")
_NUMBERED = re.compile(r"(band|line|order)([1-9]\d*)_(g|hz|mm_s)")
_UNITS = {"band": ("g",), "line": ("hz", "g"), "order": ("mm_s",)}

# What is computed where no keys are given; bands follow the bands given.
DEFAULT_KEYS = (
    *MOMENT_KEYS,
    *_INTEGRATED_KEYS,
    "hf_rms_g",
    *(f"line{rank}_{unit}" for rank in (1, 2, 3) for unit in ("hz", "g")),
    "shaft_hz",
    *(f"order{order}_mm_s" for order in (1, 2, 3)),
)


def compute(
    samples: NDArray[np.float64],
    rate_hz: float,
    keys: Sequence[str] | None = None,
    *,
    shaft_hz: float | None = None,
    bands: Sequence[tuple[float, float]] | None = None,
    sensor_bandwidth_hz: float | None = None,
) -> Result:
    """The features of one channel.

    samples: float64[N] in g, finite, N >= 2; rate_hz: as measured.  keys: which features, None
    for all that the arguments define.  shaft_hz: the speed, for the orders and the validity of
    velocity; without it orders are withheld.  bands: (low, high) in Hz of band1_g, band2_g, ….
    sensor_bandwidth_hz: the sensor's -3 dB, which bounds velocity.
    Every key asked for is in the result's values or in its withheld.
    Raises ValueError, before anything is computed, for what can never work.
    """
    samples = np.asarray(samples, np.float64)
    bands = tuple(bands or ())
    _check(samples, rate_hz, shaft_hz, bands, sensor_bandwidth_hz)
    if keys is None:
        keys = (*DEFAULT_KEYS, *(f"band{rank}_g" for rank in range(1, len(bands) + 1)))
    record = _Record(samples, rate_hz, shaft_hz, bands, sensor_bandwidth_hz)
    ways = [(key, record.way(key)) for key in keys]
    values, withheld = {}, {}
    for key, way in ways:
        try:
            values[key] = way()
        except WithheldError as why:
            withheld[key] = why.reason
    marked = {key: "short" for key in values if key in _INTEGRATED_KEYS and record.short}
    return Result(values, withheld, marked)


class _Record:
    """One record with what is computed once for several features."""

    def __init__(
        self,
        samples: NDArray[np.float64],
        rate_hz: float,
        shaft_hz: float | None,
        bands: tuple[tuple[float, float], ...],
        bandwidth_hz: float | None,
    ) -> None:
        self._samples, self._rate_hz, self._shaft_hz = samples, rate_hz, shaft_hz
        self._bands, self._bandwidth_hz = bands, bandwidth_hz
        self._length_s = len(samples) / rate_hz
        self.short = self._length_s < LEAST_VELOCITY_S
        self._moments: tuple[dict[str, float], dict[str, str]] | None = None
        self._spectrum: Spectrum | None = None
        self._lines: list[Line] | None = None

    def way(self, key: str) -> Callable[[], float]:
        """How the key is computed.  Raises ValueError for a key that is no feature."""
        if key in MOMENT_KEYS:
            return lambda: self._moment(key)
        if key in _INTEGRATED_KEYS:
            return lambda: self._integrated(key)
        if key == "hf_rms_g":
            return lambda: band_values.high_frequency_rms_g(self._spectral())
        if key == "shaft_hz":
            return self._speed
        numbered = _NUMBERED.fullmatch(key)
        if numbered is None or numbered[3] not in _UNITS[numbered[1]]:
            raise ValueError(
                f"{key!r} is no feature of the reference; known: {', '.join(DEFAULT_KEYS)}, "
                "band<n>_g, and lines and orders of any number"
            )
        family, number, unit = numbered[1], int(numbered[2]), numbered[3]
        if family == "line":
            return lambda: self._line(number, unit)
        if family == "order":
            return lambda: self._order(number)
        if number > len(self._bands):
            raise ValueError(f"{key}: {len(self._bands)} bands are given; give its edges in bands")
        low_hz, high_hz = self._bands[number - 1]
        return lambda: band_values.band_rms_g(self._spectral(), low_hz, high_hz)

    def _spectral(self) -> Spectrum:
        if self._spectrum is None:
            self._spectrum = spectrum_of(self._samples, self._rate_hz)
        return self._spectrum

    def _moment(self, key: str) -> float:
        if self._moments is None:
            self._moments = moments(self._samples)
        values, withheld = self._moments
        if key in withheld:
            raise WithheldError(withheld[key])
        return values[key]

    def _integrated(self, key: str) -> float:
        periods = math.inf if self._shaft_hz is None else self._shaft_hz * self._length_s
        if self._length_s < LEAST_MARKED_VELOCITY_S or periods < LEAST_PERIODS:
            raise WithheldError("too_short")
        if key == "vel_rms_mm_s":
            return band_values.velocity_rms_mm_s(self._spectral(), self._bandwidth_hz)
        rms_um = band_values.displacement_rms_um(self._spectral(), self._bandwidth_hz)
        return rms_um if key == "disp_rms_um" else 2.0 * math.sqrt(2.0) * rms_um

    def _line(self, rank: int, unit: str) -> float:
        if self._lines is None:
            self._lines = strongest_lines(self._spectral())
        if rank > len(self._lines):
            raise WithheldError("silent" if not np.ptp(self._samples) else "no_line")
        line = self._lines[rank - 1]
        return line.frequency_hz if unit == "hz" else line.amplitude_g

    def _speed(self) -> float:
        if self._shaft_hz is None:
            raise WithheldError("no_speed")
        return self._shaft_hz

    def _order(self, order: int) -> float:
        shaft_hz = self._speed()
        if shaft_hz * self._length_s < LEAST_PERIODS:
            raise WithheldError("too_short")
        line = order_line(self._spectral(), shaft_hz, order)
        if line is None:
            raise WithheldError("above_nyquist")
        if line.periods < LEAST_PERIODS:
            raise WithheldError("too_short")
        return line.velocity_rms_mm_s


def _check(
    samples: NDArray[np.float64],
    rate_hz: float,
    shaft_hz: float | None,
    bands: tuple[tuple[float, float], ...],
    sensor_bandwidth_hz: float | None,
) -> None:
    if samples.ndim != 1 or len(samples) < 2:
        raise ValueError(f"samples: one channel of at least 2 is needed, got {samples.shape}")
    if not np.all(np.isfinite(samples)):
        at = int(np.flatnonzero(~np.isfinite(samples))[0])
        raise ValueError(f"samples: {samples[at]} at index {at}; only finite values have features")
    above_zero = (("rate_hz", rate_hz), ("shaft_hz", shaft_hz))
    for name, value in (*above_zero, ("sensor_bandwidth_hz", sensor_bandwidth_hz)):
        if value is not None and not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{name}: {value} Hz cannot be; it must be above 0")
    for rank, (low_hz, high_hz) in enumerate(bands, start=1):
        if not (math.isfinite(high_hz) and 0.0 <= low_hz < high_hz):
            raise ValueError(f"band{rank}: {low_hz} to {high_hz} Hz; 0 <= low < high is needed")
