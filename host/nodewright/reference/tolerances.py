"""How far a node's value may be from the reference: one row a family of keys.

The rows are those of the accuracy that the feature engine promises.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """The bound is the larger of its parts; a part left at 0 does not count.

    relative: of the reference value, or of the largest among `scale` keys' values where given;
    absolute: in the unit of the key; digits: of the sensor; bins: of the spectrum.
    """

    relative: float = 0.0
    absolute: float = 0.0
    digits: float = 0.0
    bins: float = 0.0
    scale: tuple[str, ...] = ()


_SNR = math.exp(0.04) - 1.0  # 0.04 of S

# First match wins.
TOLERANCES = (
    (r"acc_(rms|peak|p2p)_g", Tolerance(relative=0.001)),
    (r"mean_g", Tolerance(relative=0.001, digits=0.1, scale=("mean_g", "acc_rms_g"))),
    (r"crest", Tolerance(relative=0.002)),
    (r"kurtosis|skewness", Tolerance(relative=0.01, absolute=0.02)),
    (r"vel_rms_mm_s|disp_(rms|p2p)_um", Tolerance(relative=0.01)),
    (r"hf_rms_g|band[1-9]\d*_g", Tolerance(relative=0.01)),
    (r"line[1-9]\d*_g|order[1-9]\d*_mm_s", Tolerance(relative=0.01)),
    (r"line[1-9]\d*_hz|shaft_hz", Tolerance(bins=0.05)),
    (r"env_(bpfo|bpfi|bsf|ftf)_g", Tolerance(relative=0.02)),
    (r"env_(bpfo|bpfi|bsf|ftf)_snr", Tolerance(relative=_SNR)),
    (r"cur_(rms|peak|fund)_a|cur_crest|cur_volt_v|cur_apparent_va", Tolerance(relative=0.002)),
    (r"cur_freq_hz", Tolerance(absolute=0.02)),
    (r"cur_(thd|unbalance|neg_seq)_pct", Tolerance(absolute=0.2)),
    (r"cur_thd_floor_pct", Tolerance(relative=0.01)),
    (r"cur_power_w|cur_power_factor", Tolerance(relative=0.005)),
    (r"cur_thd_order|cur_phase_order", Tolerance()),
    (r"cur_shaft_hz", Tolerance(bins=0.05)),
    (r"cur_slip_pct", Tolerance(absolute=0.2)),
    (r"cur_inrush_a", Tolerance(relative=0.002)),
    (r"cur_inrush_ms", Tolerance(relative=0.001)),
)


def tolerance(
    key: str,
    reference_values: Mapping[str, float],
    *,
    g_per_digit: float = 0.0,
    bin_hz: float = 0.0,
) -> float:
    """The absolute bound on |value - reference| of one feature, in its own unit.

    reference_values: as `compute` gave them; needs the key itself, and for `mean_g` also
    `acc_rms_g`.  g_per_digit: the sensor's; 0 leaves that part out.  bin_hz: rate / samples,
    needed by the keys in Hz.  Raises ValueError for a key without a row or what it lacks.
    """
    row = _row(key)
    needed = row.scale or ((key,) if row.relative else ())
    missing = [name for name in needed if name not in reference_values]
    if missing:
        raise ValueError(f"the tolerance of {key} needs the reference of {', '.join(missing)}")
    if row.bins and not (math.isfinite(bin_hz) and bin_hz > 0.0):
        raise ValueError(f"the tolerance of {key} needs bin_hz above 0, got {bin_hz}")
    largest = max((abs(reference_values[name]) for name in needed), default=0.0)
    return max(row.relative * largest, row.absolute, row.digits * g_per_digit, row.bins * bin_hz)


def _row(key: str) -> Tolerance:
    for pattern, row in TOLERANCES:
        if re.fullmatch(pattern, key):
            return row
    raise ValueError(f"{key!r} has no tolerance; rows: {', '.join(p for p, _ in TOLERANCES)}")
