"""The vibration features of one channel: samples and scale in, values of the catalogue out."""

from array import array
from math import pi, sqrt

from node import spectrum, speed
from wire import features, iso20816, validity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from node.dsp import Samples

KEYS = features.KEYS
LINES, BANDS = 5, 4

_TIME = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g", "kurtosis", "skewness")
_SHAPE = ("crest", "kurtosis", "skewness")
_MM_S2 = 9806.65  # a standard g in mm/s**2


class Vibration:
    """Computes the features of records of one length.  All work space is made here.

    backend: a module of `dsp.backend`; samples: a power of two from 64 to 4096; wide: blocks are
    int32 of 24 bits, not int16; bandwidth_hz: the sensor's -3 dB; bands: up to 4 of (low_hz,
    high_hz); shaft_hz: the speed, None to estimate it within shaft_range_hz; machine: (group,
    support) of ISO 20816-3.  Raises ValueError for what cannot work.
    """

    def __init__(
        self,
        backend: "ModuleType",
        samples: int,
        wide: bool = False,
        bandwidth_hz: float = 1e6,
        bands: "tuple[tuple[float, float], ...]" = (),
        shaft_hz: "float | None" = None,
        shaft_range_hz: "tuple[float, float]" = (5.0, 100.0),
        machine: "tuple[int, str] | None" = None,
    ) -> None:
        if len(bands) > BANDS:
            raise ValueError("bands: %d are more than %d" % (len(bands), BANDS))
        for low_hz, high_hz in bands:
            if not 0 <= low_hz < high_hz:
                raise ValueError("bands: %r to %r Hz is no band" % (low_hz, high_hz))
        if shaft_hz is not None and not 0 < shaft_hz < 1000:
            raise ValueError("shaft_hz: %r is not between 0 and 1000" % (shaft_hz,))
        if not 0 < shaft_range_hz[0] < shaft_range_hz[1]:
            raise ValueError("shaft_range_hz: %r is no range" % (shaft_range_hz,))
        if not bandwidth_hz > 10:
            raise ValueError("bandwidth_hz: %r is not above 10" % (bandwidth_hz,))
        self.samples, self.bands, self.shaft_hz = samples, bands, shaft_hz
        self.bandwidth_hz, self.shaft_range_hz = bandwidth_hz, shaft_range_hz
        self.kernels = backend.Kernels(samples, wide)
        self._limits = None if machine is None else iso20816.limits(*machine)
        self._found = array("H", bytes(2 * (LINES + 1)))
        self._speed = speed.Estimator()

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
        holds, no value is NaN or infinite.  Raises ValueError for a length, scale, rate, band or
        key that cannot work, before anything is computed.
        """
        self._check(g_per_digit, rate_hz, keys)
        kernels = self.kernels
        kernels.load(block)
        out.clear()
        withheld.clear()
        if marked is not None:
            marked.clear()
        quantities = {"seconds": self.samples / rate_hz}
        values = self._time(g_per_digit, keys)
        reasons: dict[str, str] = {}
        for key in keys:
            if key not in _TIME:
                kernels.transform()
                self._spectral(g_per_digit, rate_hz, keys, values, reasons, quantities)
                break
        for key in keys:
            action, reason = validity.judge(key, quantities) or ("", "")
            if action == validity.WITHHOLD:
                withheld[key] = reason
            elif key not in values:
                withheld[key] = reasons.get(key, "silent")
            else:
                out[key] = values[key]
                if action and marked is not None:
                    marked[key] = reason

    def _check(self, g_per_digit: float, rate_hz: float, keys: "tuple[str, ...]") -> None:
        if not 0 < g_per_digit < 1:
            raise ValueError("g_per_digit: %r is not between 0 and 1" % (g_per_digit,))
        if not 0 < rate_hz < 1e6:
            raise ValueError("rate_hz: %r is not between 0 and 1e6" % (rate_hz,))
        for key in keys:
            if key not in KEYS:
                raise ValueError("%r is no vibration feature: one of %s" % (key, ", ".join(KEYS)))
            if key.startswith("band"):
                index = int(key[4]) - 1
                if index >= len(self.bands):
                    raise ValueError("%s: only %d bands are set" % (key, len(self.bands)))
                if self.bands[index][1] > rate_hz / 2:
                    facts = (key, self.bands[index][1], rate_hz / 2)
                    raise ValueError("%s: %r Hz is above half of the rate, %r Hz" % facts)

    def _time(self, g_per_digit: float, keys: "tuple[str, ...]") -> "dict[str, float]":
        """The values of the time domain; of crest, kurtosis and skewness none if it is silent."""
        kernels = self.kernels
        values = {
            "acc_peak_g": kernels.peak * g_per_digit,
            "acc_p2p_g": (kernels.most - kernels.least) * g_per_digit,
            "mean_g": kernels.mean * g_per_digit,
        }
        if "acc_rms_g" in keys or any(key in keys for key in _SHAPE):
            kernels.moments()
            variance = kernels.m2
            rms = sqrt(variance)
            values["acc_rms_g"] = rms * g_per_digit
            if rms > 0.0:
                values["crest"] = kernels.peak / rms
                values["kurtosis"] = kernels.m4 / variance / variance
                values["skewness"] = kernels.m3 / variance / rms
        return values

    def _spectral(
        self,
        g_per_digit: float,
        rate_hz: float,
        keys: "tuple[str, ...]",
        values: "dict[str, float]",
        reasons: "dict[str, str]",
        quantities: "dict[str, float]",
    ) -> None:
        """Add what the spectrum gives to values; to reasons why it gives no more."""
        kernels, bin_hz = self.kernels, rate_hz / self.samples
        kinds = {key[:4] for key in keys}
        if "vel_" in kinds or "disp" in kinds or "zone" in kinds:
            top_hz = min(1000.0, self.bandwidth_hz, 0.4 * rate_hz)
            quantities["velocity_to_hz"] = top_hz
            low, high = spectrum.severity_bins(self.samples, bin_hz, top_hz)
            if low < high:
                scale = _MM_S2 * g_per_digit
                velocity = scale * spectrum.integrated(kernels, bin_hz, low, high, 1)
                values["vel_rms_mm_s"] = velocity
                if self._limits is not None:
                    values["zone"] = float(iso20816.zone(velocity, self._limits))
                if "disp" in kinds:
                    away = 1e3 * scale * spectrum.integrated(kernels, bin_hz, low, high, 2)
                    values["disp_rms_um"], values["disp_p2p_um"] = away, 2.0 * sqrt(2.0) * away
            for key in ("vel_rms_mm_s", "disp_rms_um", "disp_p2p_um"):
                reasons[key] = "above_nyquist"
            reasons["zone"] = "no_machine"
        if "hf_r" in kinds:
            if rate_hz > 2000.0:
                found = spectrum.band(kernels, bin_hz, 1000.0, rate_hz / 2)
                values["hf_rms_g"] = g_per_digit * found
            reasons["hf_rms_g"] = "above_nyquist"
        for i, (low_hz, high_hz) in enumerate(self.bands):
            if "band" in kinds:
                found = spectrum.band(kernels, bin_hz, low_hz, high_hz)
                values["band%d_g" % (i + 1)] = g_per_digit * found
        if "line" in kinds:
            self._lines(g_per_digit, bin_hz, values, reasons)
        if "shaf" in kinds or "orde" in kinds:
            self._shaft(g_per_digit, bin_hz, keys, values, reasons, quantities)
        elif self.shaft_hz is not None:
            quantities["shaft_hz"] = self.shaft_hz
            quantities["shaft_turns"] = self.shaft_hz * quantities["seconds"]

    def _lines(
        self,
        g_per_digit: float,
        bin_hz: float,
        values: "dict[str, float]",
        reasons: "dict[str, str]",
    ) -> None:
        """The strongest lines, but for the one that may have too few cycles in the record."""
        rank, kernels = 1, self.kernels
        for i in range(kernels.lines(3, self.samples // 2 - 2, self._found)):
            place, amplitude = spectrum.line(kernels, self._found[i])
            if place >= validity.LEAST_CYCLES and rank <= LINES:
                values["line%d_hz" % rank] = place * bin_hz
                values["line%d_g" % rank] = amplitude * g_per_digit
                rank += 1
        for missing in range(rank, LINES + 1):
            reason = "no_line" if kernels.most > kernels.least else "silent"
            reasons["line%d_hz" % missing] = reasons["line%d_g" % missing] = reason

    def _shaft(
        self,
        g_per_digit: float,
        bin_hz: float,
        keys: "tuple[str, ...]",
        values: "dict[str, float]",
        reasons: "dict[str, str]",
        quantities: "dict[str, float]",
    ) -> None:
        """Speed, given or estimated, and the orders that hang on it."""
        shaft_hz, confidence = self.shaft_hz, 1.0
        if shaft_hz is None:
            shaft_hz, confidence = self._speed.estimate(self.kernels, bin_hz, self.shaft_range_hz)
        values["shaft_confidence"] = quantities["confidence"] = confidence
        reasons["shaft_hz"] = "no_speed"
        if shaft_hz > 0.0:
            values["shaft_hz"] = quantities["shaft_hz"] = shaft_hz
            quantities["shaft_turns"] = shaft_hz * quantities["seconds"]
        for key in keys:
            if key.startswith("order"):
                reasons[key] = "no_speed"
                if shaft_hz > 0.0:
                    reasons[key] = "above_nyquist" if shaft_hz > 6.0 * bin_hz else "too_short"
                    hertz, found = spectrum.order(self.kernels, bin_hz, int(key[5]), shaft_hz)
                    if hertz >= validity.LEAST_CYCLES * bin_hz:
                        scale = _MM_S2 / sqrt(2.0) / (2.0 * pi)
                        values[key] = found * g_per_digit * scale / hertz
