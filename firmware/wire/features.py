"""The catalogue of features: id, key, unit, range, resolution, definition.

Ids are never reused, rows never change their meaning: a changed definition gets a new
DEFINITIONS version.
In the definitions: x the samples of one channel in g, m their mean, N their number.
"""

DEFINITIONS = 1

# id, key, unit, least, most, resolution, definition
FEATURES = (
    (1, "acc_rms_g", "g", 0.0, 400.0, 1e-5, "sqrt(mean((x - m)^2))"),
    (2, "acc_peak_g", "g", 0.0, 800.0, 1e-5, "max |x - m|"),
    (3, "acc_p2p_g", "g", 0.0, 800.0, 1e-5, "max x - min x"),
    (4, "mean_g", "g", -400.0, 400.0, 1e-5, "m"),
    (5, "crest", "1", 1.0, 1000.0, 1e-3, "acc_peak_g / acc_rms_g; withheld where the RMS is 0"),
)

# Why a value is withheld.
REASONS = ("silent", "clipped", "overrun", "gap", "too_short")

KEYS = tuple(row[1] for row in FEATURES)


def row(key: str) -> "tuple[int, str, str, float, float, float, str]":
    """The row of one feature.  Raises ValueError for an unknown key."""
    for entry in FEATURES:
        if entry[1] == key:
            return entry
    raise ValueError("%r is not a feature: one of %s" % (key, ", ".join(KEYS)))
