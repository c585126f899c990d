"""Which values of a record lie below the floor of the node's arithmetic, told by the reference.

The floors are those of `wire.validity`; what they are held against is computed here in float64,
from the samples alone.  Source: docs/decisions/0011-floor.md.
"""

import math
import re

import numpy as np
from numpy.typing import NDArray

from nodewright.reference.bands import VELOCITY_LEAST_HZ
from nodewright.reference.lines import order_line
from nodewright.reference.spectrum import spectrum_of
from wire import validity

REASON = "below_floor"
_MM_S2_PER_G, _UM_S2_PER_G = 9806.65, 9.80665e6
_ORDER = re.compile(r"order([1-9]\d*)_mm_s")
# So far from the floor node and reference may place a value on either side of it: the 1 % that
# the value may be off, and 0.1 % for the RMS.
_MARGIN = 1.012


class Floor:
    """The floor of one record.

    samples: float64[N] in g; shaft_hz: the speed that orders are told by.
    """

    def __init__(self, samples: NDArray[np.float64], rate_hz: float, shaft_hz: float | None):
        self.spectrum = spectrum_of(samples, rate_hz)
        self._whole_g = float(np.std(samples)) if np.ptp(samples) else 0.0
        self._shaft_hz = shaft_hz

    def distance(self, key: str, value: float) -> float | None:
        """How many times its floor a value of the reference is; None where it has none.

        value: in the unit of the key, but of line<n>_hz the line's amplitude in g.
        """
        floor = validity.floor_of(key)
        if floor == 0.0 or self._whole_g == 0.0 or key == "zone":
            return None
        rms_g = self._rms_g_of(key, value)
        return None if rms_g is None else rms_g / self._whole_g / floor

    def withholds(self, key: str, value: float, told: str | None) -> bool:
        """Whether a value of the reference is withheld for the floor.

        told: the reason of the node, None where it gave a value; next to the floor it decides.
        """
        distance = self.distance(key, value)
        if distance is None:
            return False
        return distance < (_MARGIN if told == REASON else 1.0 / _MARGIN)

    def _rms_g_of(self, key: str, value: float) -> float | None:
        """The RMS of the acceleration that a value stands for: of an integral at the lower edge of
        its bins, of an order that of its line."""
        order = _ORDER.fullmatch(key)
        if order is not None:
            if self._shaft_hz is None:
                return None
            line = order_line(self.spectrum, self._shaft_hz, int(order[1]))
            return None if line is None else line.amplitude_g / math.sqrt(2.0)
        spectrum = self.spectrum
        first = max(2, spectrum.nearest_bin(VELOCITY_LEAST_HZ) - 1)
        omega = 2.0 * math.pi * first * spectrum.bin_hz
        if key == "vel_rms_mm_s":
            return value * omega / _MM_S2_PER_G
        if key == "disp_rms_um":
            return value * omega**2 / _UM_S2_PER_G
        if key == "disp_p2p_um":
            return value / (2.0 * math.sqrt(2.0)) * omega**2 / _UM_S2_PER_G
        return value / math.sqrt(2.0) if key.startswith("line") else value
