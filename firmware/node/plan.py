"""What a set of feature keys needs, worked out once and not for each record."""

from wire import validity

TYPE_CHECKING = False
if TYPE_CHECKING:
    Rules = tuple[str, int, tuple[tuple[int, str, str], ...]]

LINES, BANDS, ORDERS = 5, 4, 3
LINE_KEYS = tuple(("line%d_hz" % rank, "line%d_g" % rank) for rank in range(1, LINES + 1))

_TIME = ("acc_rms_g", "acc_peak_g", "acc_p2p_g", "crest", "mean_g", "kurtosis", "skewness")
_SPECTRAL = (
    "vel_rms_mm_s",
    "disp_rms_um",
    "disp_p2p_um",
    "hf_rms_g",
    "shaft_hz",
    "shaft_confidence",
    "zone",
)
_MOMENTS = ("acc_rms_g", "crest", "kurtosis", "skewness")

# Those of the catalogue, which would take heap.
KEYS = (
    _TIME
    + _SPECTRAL
    + tuple(["band%d_g" % band for band in range(1, BANDS + 1)])
    + tuple([key for pair in LINE_KEYS for key in pair])
    + tuple(["order%d_mm_s" % order for order in range(1, ORDERS + 1)])
)


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
        # Each condition once, whatever the number of keys that hang on it: a bit says that it is
        # broken. rules: key, the bits of its conditions, (bit, action, reason) in their order.
        conditions: "list[tuple[str, float]]" = []
        self.rules = tuple(self._rules(key, conditions) for key in keys)
        self.conditions = tuple(conditions)
        self.spectrum = any(key not in _TIME for key in keys)
        self.severity = any(key[:4] in ("vel_", "disp", "zone") for key in keys)
        self.high = "hf_rms_g" in keys
        self.bands = tuple(
            (key,) + self._band(key, bands) for key in keys if key.startswith("band")
        )
        self.lines = max([int(key[4]) for key in keys if key.startswith("line")] or [0])
        self.orders = tuple((key, int(key[5])) for key in keys if key.startswith("order"))
        self.speed = bool(self.orders) or any(key.startswith("shaft") for key in keys)
        # What has a floor is held against the record's RMS; so are the lines that tell a speed.
        floors = self.speed or any(validity.floor_of(key) > 0.0 for key in keys)
        self.moments = floors or any(key in _MOMENTS for key in keys)

    @staticmethod
    def _rules(key: str, conditions: "list[tuple[str, float]]") -> "Rules":
        mask, found = 0, []
        for quantity, least, action, reason in validity.rules_of(key):
            if (quantity, least) not in conditions:
                conditions.append((quantity, least))
            bit = 1 << conditions.index((quantity, least))
            mask |= bit
            found.append((bit, action, reason))
        return key, mask, tuple(found)

    @staticmethod
    def _band(key: str, bands: "tuple[tuple[float, float], ...]") -> "tuple[float, float]":
        index = int(key[4]) - 1
        if index >= len(bands):
            raise ValueError("%s: %d bands are given; give its edges, too" % (key, len(bands)))
        return bands[index]
