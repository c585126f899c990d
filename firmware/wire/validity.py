"""When a value counts: rules as data, and what a value that breaks one is withheld or marked for.

Quantities of a record: `seconds` its length T, `shaft_turns` fn T, `confidence` of an estimated
shaft speed, `velocity_to_hz` the velocity's upper edge F, `noise_margin` how often the velocity
that the sensor's own noise makes goes into the limit of zone A.  One that is unknown breaks no
rule.
docs/features.md has them key by key.  The scatter of one block's velocity was measured on
recordings as 13 to 29 % at 51 ms and 3 to 7 % at 0.8 s.  Of 143 records of bearings and faults
(1.3 s, 8 to 60 Hz) the estimated speed reached a confidence of 0.7 in 73 and was right, within
2 %, in 68 of these.  The floors are where 1 % is lost in the rounding:
docs/decisions/0011-floor.md.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Rule = tuple[str, str, float, str, str]

WITHHOLD, MARK = "withhold", "mark"

# Below 600 rpm ISO 20816-3 counts from 2 Hz on, which takes records of 2 s; up to 1 kHz, where
# F = 0.4 fs asks for 2.5 kHz: 5000 samples, more than any record has.  So they are withheld.
SLOW_SHAFT_HZ, SLOW_LEAST_S, ZONE_TO_HZ = 10.0, 2.0, 1000.0

LEAST_CYCLES = 4.0  # of a line or an order in the record, f T

# key (a trailing * stands for any ending), quantity, at least, else, reason
RULES: "tuple[Rule, ...]" = (
    ("vel_rms_mm_s", "seconds", 0.16, WITHHOLD, "too_short"),
    ("vel_rms_mm_s", "shaft_turns", 4.0, WITHHOLD, "too_short"),
    ("vel_rms_mm_s", "seconds", 0.4, MARK, "short"),
    ("disp_*", "seconds", 0.16, WITHHOLD, "too_short"),
    ("disp_*", "shaft_turns", 4.0, WITHHOLD, "too_short"),
    ("disp_*", "seconds", 0.4, MARK, "short"),
    ("zone", "seconds", 0.4, WITHHOLD, "too_short"),
    ("zone", "shaft_turns", 4.0, WITHHOLD, "too_short"),
    ("zone", "velocity_to_hz", ZONE_TO_HZ, WITHHOLD, "bandwidth"),
    ("zone", "shaft_hz", SLOW_SHAFT_HZ, WITHHOLD, "slow_shaft"),
    ("zone", "noise_margin", 4.0, WITHHOLD, "noise"),
    ("shaft_hz", "confidence", 0.7, WITHHOLD, "uncertain_speed"),
    ("shaft_hz", "shaft_turns", 4.0, WITHHOLD, "too_short"),
    ("order*", "confidence", 0.7, WITHHOLD, "uncertain_speed"),
    ("order*", "shaft_turns", 4.0, WITHHOLD, "too_short"),
)

# What is less than this share of the record's RMS is not told from the rounding of the transform.
# A value counts by the RMS of its acceleration, velocity and displacement by what that would be at
# the lower edge of their bins; a zone goes with its velocity.
LEAST_SHARE, LEAST_SEVERITY_SHARE = 1e-3, 5e-4

# key (a trailing * stands for any ending), share; the reason is "below_floor"
FLOORS = (
    ("vel_rms_mm_s", LEAST_SEVERITY_SHARE),
    ("disp_*", LEAST_SEVERITY_SHARE),
    ("zone", LEAST_SEVERITY_SHARE),
    ("hf_rms_g", LEAST_SHARE),
    ("band*", LEAST_SHARE),
    ("line*", LEAST_SHARE),
    ("order*", LEAST_SHARE),
)


def fits(key: str, pattern: str) -> bool:
    return pattern == key or (pattern.endswith("*") and key.startswith(pattern[:-1]))


def of_bearing(key: str) -> bool:
    """Whether a feature is one of the envelope."""
    return key.startswith(("env_", "bearing_"))


def in_turn(blocks: int, features: "Iterable[str]") -> bool:
    """Whether the channels of a set are measured one after the other, not together.

    Several blocks of each are then added up to its verdict: docs/decisions/0022-turns.md.
    """
    return blocks > 1 and any(of_bearing(key) for key in features)


def floor_of(key: str) -> float:
    """The least share of the record's RMS that a value may be; 0.0: it has no floor."""
    return max([share for pattern, share in FLOORS if fits(key, pattern)] or [0.0])


def rules_of(key: str) -> "tuple[tuple[str, float, str, str], ...]":
    """(quantity, at least, else, reason) of the rules for one key, in their order."""
    rules = RULES
    # Here: most nodes need neither of them, and rules take heap.
    if of_bearing(key):
        from wire.validity_bearing import RULES as rules
    elif key.startswith("cur_"):
        from wire.validity_current import rules_of as of_current

        return of_current(key)
    return tuple(
        (quantity, least, action, reason)
        for pattern, quantity, least, action, reason in rules
        if fits(key, pattern)
    )
