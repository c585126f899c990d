"""What a node's decimator makes of samples, from the definition alone: for proofs by the digit.

Definition: 10 * factor taps, sin(pi t / factor) / (pi t) times a Kaiser window of beta 6.2 over
10 * factor samples, t in samples from the middle; scaled to a sum of 1, rounded to 1/32768, what
rounding left over added to the two in the middle.  Result i is the sum over samples
factor * i … factor * i + 10 * factor - 1, rounded half up, ended at the rails of 16 bits.
"""

import numpy as np
from numpy.typing import NDArray

_BETA = 6.2
_TAPS_EACH = 10
_ONE = 32768


def taps(factor: int) -> NDArray[np.float64]:
    """All 10 * factor of them, multiples of 1/32768; their sum is 1."""
    length = _TAPS_EACH * factor
    t = np.arange(length) - (length - 1) / 2
    window = np.i0(_BETA * np.sqrt(1 - (2 * t / length) ** 2))
    ideal = np.sinc(t / factor) * window
    rounded = np.round(ideal * (_ONE / ideal.sum()))
    middle = slice(length // 2 - 1, length // 2 + 1)
    rounded[middle] += (_ONE - rounded.sum()) / 2
    return np.asarray(rounded / _ONE, dtype=np.float64)


def raw_samples(samples: int, factor: int) -> int:
    """How many of the sensor's samples are behind a record: from its `first` on."""
    return samples if factor == 1 else factor * (samples - 1) + _TAPS_EACH * factor


def decimate(digits: NDArray[np.int16], factor: int) -> NDArray[np.int16]:
    """The digits of a record, of those its sensor served: int16[raw_samples, axes] in.

    factor 1: the same.  Raises ValueError where there are fewer than a result needs.
    """
    if factor == 1:
        return digits
    weights = taps(factor)
    if len(digits) < len(weights):
        raise ValueError(f"{len(digits)} samples are fewer than {len(weights)}")
    windows = np.lib.stride_tricks.sliding_window_view(digits, len(weights), axis=0)[::factor]
    exact = windows.astype(np.float64) @ weights
    return np.clip(np.floor(exact + 0.5), -_ONE, _ONE - 1).astype(np.int16)
