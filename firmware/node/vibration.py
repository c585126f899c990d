"""The vibration features of one channel: samples and scale in, values of the catalogue out."""

from array import array
from math import pi, sqrt

import micropython

from node import plan, spectrum
from wire import validity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from node.dsp import Samples
    from node.speed import Estimator

KEYS = plan.KEYS

_MM_S2 = 9806.65  # a standard g in mm/s**2
_ORDER_SCALE = _MM_S2 / sqrt(2.0) / (2.0 * pi)
_MOST_HZ = 1e6
_LEAST_LINE = validity.LEAST_SHARE * sqrt(2.0)  # as an amplitude


def _forget(found: "dict[str, Any]") -> None:
    for key in found:
        found[key] = None


class Vibration:
    """Computes the features of records of one length.  All work space is made here.

    backend: a module of `dsp.backend`, or whatever makes `Kernels`; samples: a power of two from
    64 to 4096; wide: blocks are int32 of 24 bits, not int16; bandwidth_hz: the sensor's -3 dB;
    bands: up to 4 of (low_hz, high_hz); shaft_hz: the speed, None to estimate it within
    shaft_range_hz; machine: (group, support) of ISO 20816-3; noise_g_rthz: the sensor's noise
    density, None where unknown; spectrum: transform every block, also where no key needs it.
    Raises ValueError for what cannot work at any rate.
    """

    def __init__(
        self,
        backend: "ModuleType | Any",
        samples: int,
        wide: bool = False,
        bandwidth_hz: float = 1e6,
        bands: "tuple[tuple[float, float], ...]" = (),
        shaft_hz: "float | None" = None,
        shaft_range_hz: "tuple[float, float]" = (5.0, 100.0),
        machine: "tuple[int, str] | None" = None,
        noise_g_rthz: "float | None" = None,
        spectrum: bool = False,
    ) -> None:
        if len(bands) > plan.BANDS:
            raise ValueError("bands: %d are given; %d at most" % (len(bands), plan.BANDS))
        for low_hz, high_hz in bands:
            if not 0 <= low_hz < high_hz < _MOST_HZ:
                raise ValueError(
                    "bands: %r to %r Hz; 0 <= low < high < 1e6 is needed" % (low_hz, high_hz)
                )
        if shaft_hz is not None and not 0 < shaft_hz < 1000:
            raise ValueError("shaft_hz: %r is not between 0 and 1000" % (shaft_hz,))
        if not 0 < shaft_range_hz[0] < shaft_range_hz[1] < _MOST_HZ:
            raise ValueError(
                "shaft_range_hz: %r; 0 < low < high < 1e6 is needed" % (shaft_range_hz,)
            )
        if not bandwidth_hz > 10:
            raise ValueError("bandwidth_hz: %r is not above 10" % (bandwidth_hz,))
        if noise_g_rthz is not None and not noise_g_rthz > 0:
            raise ValueError("noise_g_rthz: %r is not above 0" % (noise_g_rthz,))
        self.samples, self.shaft_hz = samples, shaft_hz
        self.noise_g_rthz, self.spectrum = noise_g_rthz, spectrum
        self.bands = tuple((low_hz, high_hz) for low_hz, high_hz in bands)
        self.bandwidth_hz, self.shaft_range_hz = bandwidth_hz, shaft_range_hz
        self.kernels = backend.Kernels(samples, wide)
        self._limits: "tuple[float, float, float] | None" = None
        if machine is not None:
            from wire import iso20816  # here, as below: what nobody wants takes no heap

            self._limits, self._zone = iso20816.limits(*machine), iso20816.zone
        self._found = array("H", bytes(2 * (plan.LINES + 1)))
        self._speed: "Estimator | None" = None  # made with the first plan that wants one
        self._plan = plan.Plan((), ())
        # They keep their keys from record to record, so that none of them grows anew each time.
        self._values: "dict[str, float | None]" = {}
        self._reasons: "dict[str, str | None]" = {}
        self._quantities: "dict[str, float | None]" = {}
        self._rms = 0.0  # of the record, digits

    @property
    def shaft_error(self) -> "float | None":
        """Of the speed that was estimated last, relative; None where none was."""
        if self._speed is None or self.shaft_hz is not None:
            return None
        return self._speed.error

    @micropython.native
    def compute(
        self,
        block: "Samples",
        g_per_digit: float,
        rate_hz: float,
        keys: "tuple[str, ...]",
        out: "dict[str, float]",
        withheld: "dict[str, str]",
        marked: "dict[str, str] | None" = None,
    ) -> None:
        """Fill `out` (key -> value) and `withheld` (key -> reason), each key into one of them.

        block: int16[samples] (int32 where wide), digits; g_per_digit > 0; rate_hz > 0, measured.
        marked: key -> reason, of values in `out` that hold with a reservation.  Whatever the block
        holds, no value is NaN or infinite.  Raises ValueError for a length, scale, rate or key
        that cannot work, before anything is computed.
        """
        wanted = self._check(g_per_digit, rate_hz, keys)
        self.kernels.load(block)
        out.clear()
        withheld.clear()
        if marked is not None:
            marked.clear()
        values, reasons, quantities = self._values, self._reasons, self._quantities
        _forget(values)
        _forget(reasons)
        _forget(quantities)
        quantities["seconds"] = self.samples / rate_hz
        self._time(wanted, g_per_digit)
        if wanted.spectrum or self.spectrum:
            self.kernels.transform()
        if wanted.spectrum:
            self._spectral(wanted, g_per_digit, rate_hz)
        broken, bit = 0, 1
        for quantity, least in wanted.conditions:
            known = quantities.get(quantity)
            if known is not None and known < least:
                broken |= bit
            bit <<= 1
        for key, mask, rules in wanted.rules:
            value, reason = values.get(key), ""
            if broken & mask:
                for bit, action, why in rules:
                    if broken & bit:
                        if action == validity.WITHHOLD:
                            value = None
                        if value is not None or action == validity.WITHHOLD:
                            reason = why
                        break
            if value is None:
                withheld[key] = reason or reasons.get(key) or "silent"
            else:
                out[key] = value
                if reason and marked is not None:
                    marked[key] = reason

    def _check(self, g_per_digit: float, rate_hz: float, keys: "tuple[str, ...]") -> "plan.Plan":
        """The plan for the keys: the last one, as long as they stay.  Raises ValueError."""
        if not 0 < g_per_digit < 1:
            raise ValueError("g_per_digit: %r is not between 0 and 1" % (g_per_digit,))
        if not 0 < rate_hz < _MOST_HZ:
            raise ValueError("rate_hz: %r is not between 0 and 1e6" % (rate_hz,))
        wanted = self._plan
        if keys != wanted.keys:
            self._plan = wanted = plan.Plan(tuple(keys), self.bands)
            if wanted.speed and self._speed is None:
                from node import speed

                self._speed = speed.Estimator()
        return wanted

    def _time(self, wanted: "plan.Plan", g_per_digit: float) -> None:
        """The values of the time domain; no crest, kurtosis and skewness of silence."""
        kernels, values = self.kernels, self._values
        values["acc_peak_g"] = kernels.peak * g_per_digit
        values["acc_p2p_g"] = (kernels.most - kernels.least) * g_per_digit
        values["mean_g"] = kernels.mean * g_per_digit
        if wanted.moments:
            kernels.moments()
            variance = kernels.m2
            self._rms = rms = sqrt(variance)
            values["acc_rms_g"] = rms * g_per_digit
            if rms > 0.0:
                values["crest"] = kernels.peak / rms
                values["kurtosis"] = kernels.m4 / variance / variance
                values["skewness"] = kernels.m3 / variance / rms

    def _spectral(self, wanted: "plan.Plan", g_per_digit: float, rate_hz: float) -> None:
        """The values of the spectrum, and the reasons where it gives none."""
        kernels, bin_hz = self.kernels, rate_hz / self.samples
        if wanted.severity:
            self._severity(g_per_digit, bin_hz)
        if wanted.high:
            self._reasons["hf_rms_g"] = "above_nyquist"
            if rate_hz > 2000.0:
                low = spectrum.nearest(1000.0 / bin_hz)
                found = spectrum.band(kernels, low, self.samples // 2)
                if found < self._rms * validity.LEAST_SHARE:
                    self._reasons["hf_rms_g"] = "below_floor"
                else:
                    self._values["hf_rms_g"] = g_per_digit * found
        for key, low_hz, high_hz in wanted.bands:
            low, high = spectrum.nearest(low_hz / bin_hz), spectrum.nearest(high_hz / bin_hz)
            if high > self.samples // 2:  # a sensor may be slower than its data sheet says
                self._reasons[key] = "above_nyquist"
            elif low >= high:
                self._reasons[key] = "too_short"
            else:
                found = spectrum.band(kernels, low, high)
                if found < self._rms * validity.LEAST_SHARE:
                    self._reasons[key] = "below_floor"
                else:
                    self._values[key] = g_per_digit * found
        if wanted.lines:
            self._lines(wanted.lines, g_per_digit, bin_hz)
        if wanted.speed:
            self._shaft(wanted, g_per_digit, bin_hz)
        elif self.shaft_hz is not None:
            self._quantities["shaft_hz"] = self.shaft_hz
            self._quantities["shaft_turns"] = self.shaft_hz / bin_hz

    def _severity(self, g_per_digit: float, bin_hz: float) -> None:
        """Velocity, displacement and the zone."""
        values, reasons = self._values, self._reasons
        top_hz = min(1000.0, self.bandwidth_hz, 0.4 * bin_hz * self.samples)
        self._quantities["velocity_to_hz"] = top_hz
        low, high = spectrum.severity_bins(self.samples, bin_hz, top_hz)
        reasons["vel_rms_mm_s"] = reasons["disp_rms_um"] = reasons["disp_p2p_um"] = "bandwidth"
        reasons["zone"] = "no_machine" if self._limits is None else "bandwidth"
        if low < high:
            once, twice = spectrum.integrated(self.kernels, bin_hz, low, high)
            scale, edge = _MM_S2 * g_per_digit, 2.0 * pi * low * bin_hz
            velocity, away = scale * once, 1e3 * scale * twice
            least = self._rms * validity.LEAST_SEVERITY_SHARE / edge
            if once < least:
                reasons["vel_rms_mm_s"] = reasons["zone"] = "below_floor"
            else:
                values["vel_rms_mm_s"] = velocity
            if edge * twice < least:
                reasons["disp_rms_um"] = reasons["disp_p2p_um"] = "below_floor"
            else:
                values["disp_rms_um"] = away
                values["disp_p2p_um"] = 2.0 * sqrt(2.0) * away
            if self._limits is not None:
                if self.noise_g_rthz is not None:
                    noise = spectrum.noise_integrated(self.noise_g_rthz, bin_hz, low, high)
                    self._quantities["noise_margin"] = self._limits[0] / (_MM_S2 * noise)
                if once >= least:
                    values["zone"] = float(self._zone(velocity, self._limits))

    @micropython.native
    def _lines(self, most: int, g_per_digit: float, bin_hz: float) -> None:
        """The strongest lines, but for the one that may have too few cycles in the record."""
        rank, kernels, least = 0, self.kernels, self._rms * _LEAST_LINE
        found, high = self._found, self.samples // 2 - 2
        count = kernels.lines(3, high, found, most)
        for i in range(count):
            if found[i] <= 4:  # it may be the one, and another takes its place
                count = kernels.lines(3, high, found, most + 1)
                break
        for i in range(count):
            if rank == most:
                break
            place, amplitude = spectrum.line(kernels, found[i])
            if place >= validity.LEAST_CYCLES:
                hz, g = plan.LINE_KEYS[rank]
                if amplitude < least:
                    self._reasons[hz] = self._reasons[g] = "below_floor"
                else:
                    self._values[hz] = place * bin_hz
                    self._values[g] = amplitude * g_per_digit
                rank += 1
        for missing in range(rank, most):
            hz, g = plan.LINE_KEYS[missing]
            reason = "no_line" if kernels.most > kernels.least else "silent"
            self._reasons[hz] = self._reasons[g] = reason

    def _shaft(self, wanted: "plan.Plan", g_per_digit: float, bin_hz: float) -> None:
        """Speed, given or estimated, and the orders that hang on it."""
        values, reasons, quantities = self._values, self._reasons, self._quantities
        shaft_hz, confidence, least = self.shaft_hz, 1.0, self._rms * _LEAST_LINE
        if shaft_hz is None:
            assert self._speed is not None
            shaft_hz, confidence = self._speed.estimate(
                self.kernels, bin_hz, self.shaft_range_hz, least
            )
        values["shaft_confidence"] = quantities["confidence"] = confidence
        reasons["shaft_hz"] = "no_speed"
        if shaft_hz > 0.0:
            values["shaft_hz"] = quantities["shaft_hz"] = shaft_hz
            quantities["shaft_turns"] = shaft_hz / bin_hz
        for key, n in wanted.orders:
            reasons[key] = "no_speed"
            if shaft_hz > 0.0:
                reasons[key] = "above_nyquist" if shaft_hz > 6.0 * bin_hz else "too_short"
                hertz, found = spectrum.order(self.kernels, bin_hz, n, shaft_hz)
                if hertz >= validity.LEAST_CYCLES * bin_hz:
                    if found < least:
                        reasons[key] = "below_floor"
                    else:
                        values[key] = found * g_per_digit * _ORDER_SCALE / hertz
