"""What a set of feature keys needs, worked out once and not for each record."""

from wire import keys as catalogue
from wire import validity

LINES, BANDS = 5, 4
KEYS = tuple(key for key in catalogue.KEYS if key[:4] not in ("env_", "bear", "temp", "cur_"))
LINE_KEYS = tuple(("line%d_hz" % rank, "line%d_g" % rank) for rank in range(1, LINES + 1))

_TIME = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g", "kurtosis", "skewness")
_MOMENTS = ("acc_rms_g", "crest", "kurtosis", "skewness")


class Plan:
    """Which stages the keys need.

    keys: of the catalogue; bands: (low_hz, high_hz) of the settings.
    Raises ValueError for a key that is no feature, or of a band that is not set.
    """

    def __init__(self, keys: "tuple[str, ...]", bands: "tuple[tuple[float, float], ...]") -> None:
        for key in keys:
            if key not in KEYS:
                raise ValueError("%r is no vibration feature: one of %s" % (key, ", ".join(KEYS)))
        self.keys = keys
        self.rules = tuple((key, validity.rules_of(key)) for key in keys)
        # What has a floor is held against the record's RMS.
        self.moments = any(key in _MOMENTS or validity.floor_of(key) > 0.0 for key in keys)
        self.spectrum = any(key not in _TIME for key in keys)
        self.severity = any(key[:4] in ("vel_", "disp", "zone") for key in keys)
        self.high = "hf_rms_g" in keys
        self.bands = tuple(
            (key,) + self._band(key, bands) for key in keys if key.startswith("band")
        )
        self.lines = max([int(key[4]) for key in keys if key.startswith("line")] or [0])
        self.orders = tuple((key, int(key[5])) for key in keys if key.startswith("order"))
        self.speed = bool(self.orders) or any(key.startswith("shaft") for key in keys)

    @staticmethod
    def _band(key: str, bands: "tuple[tuple[float, float], ...]") -> "tuple[float, float]":
        index = int(key[4]) - 1
        if index >= len(bands):
            raise ValueError("%s: only %d bands are set" % (key, len(bands)))
        return bands[index]
