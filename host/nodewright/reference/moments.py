"""Values of the time domain: moments and extremes of one channel.

Symbols as in the catalogue: x the samples in g, N their number, m their mean.
"""

import numpy as np
from numpy.typing import NDArray

KEYS = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "mean_g", "crest", "kurtosis", "skewness")
_RATIOS = ("crest", "kurtosis", "skewness")


def centred(samples: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """(m, x - m) of float64[N] in g.

    The deviation of a record of equal samples is exactly 0 and not the rounding of its mean:
    else the ratios of silence would be those of one unit in the last place.
    """
    if np.ptp(samples) == 0.0:
        return float(samples[0]), np.zeros_like(samples)
    mean = float(np.mean(samples))
    return mean, samples - mean


def moments(samples: NDArray[np.float64]) -> tuple[dict[str, float], dict[str, str]]:
    """All values of the time domain, and those withheld with their reason.

    samples: float64[N] in g, N >= 1, finite.  crest, kurtosis (of a normal distribution 3) and
    skewness are ratios to the deviation, hence withheld as "silent" where that is 0.
    """
    mean, deviation = centred(samples)
    peak = float(np.max(np.abs(deviation)))
    # Powers of a deviation relative to the peak neither overflow nor vanish.
    relative = deviation / peak if peak > 0.0 else deviation
    second = float(np.mean(relative**2))
    values = {
        "acc_rms_g": peak * second**0.5,
        "acc_peak_g": peak,
        "acc_p2p_g": float(np.ptp(samples)),
        "mean_g": mean,
    }
    if peak == 0.0:
        return values, dict.fromkeys(_RATIOS, "silent")
    values["crest"] = 1.0 / second**0.5
    values["kurtosis"] = float(np.mean(relative**4)) / second**2
    values["skewness"] = float(np.mean(relative**3)) / second**1.5
    return values, {}
