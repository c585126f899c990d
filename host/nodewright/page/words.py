"""Features and numbers as a reader of the page meets them."""

import math
import re

_TITLES = (
    (r"acc_rms_g", "Acceleration, RMS"),
    (r"acc_peak_g", "Acceleration, peak"),
    (r"acc_p2p_g", "Acceleration, peak to peak"),
    (r"mean_g", "Mean"),
    (r"crest", "Crest factor"),
    (r"kurtosis", "Kurtosis"),
    (r"skewness", "Skewness"),
    (r"vel_rms_mm_s", "Velocity, RMS"),
    (r"disp_rms_um", "Displacement, RMS"),
    (r"disp_p2p_um", "Displacement, peak to peak"),
    (r"hf_rms_g", "High frequency, RMS"),
    (r"band(\d+)_g", r"Band \1, RMS"),
    (r"line(\d+)_hz", r"Line \1, frequency"),
    (r"line(\d+)_g", r"Line \1, amplitude"),
    (r"shaft_hz", "Shaft speed"),
    (r"shaft_confidence", "Shaft speed, confidence"),
    (r"order(\d+)_mm_s", r"Order \1, velocity"),
    (r"cur_rms_a", "Current, RMS"),
    (r"cur_peak_a", "Current, peak"),
    (r"cur_crest", "Crest factor"),
    (r"cur_freq_hz", "Line frequency"),
    (r"cur_fund_a", "Fundamental, RMS"),
    (r"cur_thd_pct", "Harmonic distortion, THD-F"),
    (r"cur_unbalance_pct", "Unbalance of the phases, NEMA"),
    (r"cur_neg_seq_pct", "Negative sequence"),
    (r"cur_phase_order", "Phase order, 1 or \N{MINUS SIGN}1"),
    (r"cur_turns_hint", "Hint at shorted turns, 1 or 0"),
    (r"cur_inrush_a", "Inrush, peak"),
    (r"cur_inrush_ms", "Inrush, duration"),
    (r"cur_running", "Running"),
    (r"cur_starts", "Starts"),
    (r"cur_run_h", "Running hours"),
    (r"cur_load_pct", "Load factor"),
    (r"zone", "ISO 20816-3 zone, 0 A to 3 D"),
)
_MINUS = "\N{MINUS SIGN}"


def title(key: str) -> str:
    """A feature in words; a key without a title stands for itself."""
    for pattern, words in _TITLES:
        if found := re.fullmatch(pattern, key):
            return found.expand(words)
    return key


def unit(name: str) -> str:
    """A unit of the catalogue as it is written; "1" is none."""
    return {"1": "", "um": "µm"}.get(name, name)


def number(value: float) -> str:
    """Six significant digits, as a report has them, with a true minus."""
    return f"{value:.6g}".replace("-", _MINUS)


def signed(value: float, decimals: int) -> str:
    """With its sign, also above 0."""
    return f"{value:+.{decimals}f}".replace("-", _MINUS)


def small(value: float) -> str:
    """Two digits and a power of ten: of deviations and tolerances."""
    if value == 0:
        return "0"
    mantissa, _, power = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(power)}".replace("-", _MINUS)


def share(deviation: float | None, tolerance: float | None) -> float:
    """A deviation as a share of what is allowed; infinite where nothing can be said."""
    if deviation is None or not tolerance:
        return 0.0 if deviation == 0 else math.inf
    return abs(deviation) / tolerance


def percent(part: float) -> str:
    """A share in percent with two digits; tiny ones are not dressed up as 0."""
    if math.isinf(part):
        return "no value"
    if part < 1e-4:
        return "under 0.01 %"
    return f"{100 * part:.2g} %" if part < 1 else f"{100 * part:.0f} %"


def count(many: int, what: str) -> str:
    """`1 node`, `3 nodes`."""
    return f"{many} {what}" if many == 1 else f"{many} {what}s"
