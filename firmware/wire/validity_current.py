"""When a value of a current counts: rules as in wire/validity.py, which asks for them."""

from wire.validity import MARK, WITHHOLD, fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    Rule = tuple[str, float, str, str]

# Of currents (docs/decisions/0017-current.md): `cycles` f T, or half the crossings of the mean
# where there is no line; `over_noise` the peak over the noise's RMS; `rate_sure` 100 ppm over the
# rate's uncertainty; `line_part` the fundamental's part of the RMS, `harmonic_part` of its square
# that of all harmonics to H; `halves` the lesser half's fundamental over the greater's, `steady`
# 0.2 over the cycles by which the frequency changes within the record; `harmonics` H,
# `over_floor` THD over its floor; `orders_apart` the greater sequence over the lesser,
# `sum_small` 0.25 over the three phases' sum; `field_turns` f T over the pole pairs;
# `plain`, where a converter averages and more than 1 % of its range flows, 0.08 over what it reads
# beside the fundamental, as a part of that; `volt_plain` the same of the voltage.
LEAST_WAVES, LEAST_LINE_WAVES = 3.0, 5.7
LEAST_PART_OF_LINE, LEAST_PART_OF_HARMONICS = 0.25, 0.5
SURE_PPM, MOST_SWEEP, MOST_SUM = 100.0, 0.2, 0.25
# Of 5th and 7th, as most in a motor's current, a mean over 1/860 s takes 0.2 % of the RMS by then.
MOST_BESIDES, LEAST_PLAIN = 0.08, 0.5
LEAST_FIELD_TURNS = 20.0  # f T / p of a slip: then 8 % of slip are 1.6 bins
LEAST_HARMONICS = 11.0  # for a THD: what ends below holds less than half of a drive's or a lamp's
_LINE_KEYS = (
    "cur_freq_hz",
    "cur_fund_a",
    "cur_thd_pct",
    "cur_thd_order",
    "cur_thd_floor_pct",
    "cur_neg_seq_pct",
    "cur_phase_order",
    "cur_slip_pct",
    "cur_shaft_hz",
)
_OF_LINES = (
    ("cycles", LEAST_LINE_WAVES, WITHHOLD, "too_short"),
    ("line_part", LEAST_PART_OF_LINE, WITHHOLD, "no_line"),
    ("harmonic_part", LEAST_PART_OF_HARMONICS, WITHHOLD, "no_line"),
    ("halves", 0.5, WITHHOLD, "unsteady"),
    ("steady", 1.0, WITHHOLD, "unsteady"),
)

# (key or the beginning of keys with a *, rule), before those of a line and after them.
_FIRST: "tuple[tuple[str, Rule], ...]" = (
    ("cur_rms_a", ("cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_rms_a", ("plain", LEAST_PLAIN, WITHHOLD, "bandwidth")),
    ("cur_rms_a", ("plain", 1.0, MARK, "bandwidth")),
    ("cur_peak_a", ("cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_crest", ("over_noise", 10.0, WITHHOLD, "noise")),
    ("cur_crest", ("cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_crest", ("over_noise", 100.0, MARK, "noise")),
    ("cur_freq_hz", ("over_noise", 100.0, WITHHOLD, "noise")),
    ("cur_freq_hz", ("rate_sure", 1.0, WITHHOLD, "rate")),
    ("cur_fund_a", ("over_noise", 10.0, WITHHOLD, "noise")),
    ("cur_thd_*", ("over_noise", 10.0, WITHHOLD, "noise")),
)
_LAST: "tuple[tuple[str, Rule], ...]" = (
    ("cur_thd_pct", ("harmonics", LEAST_HARMONICS, WITHHOLD, "bandwidth")),
    ("cur_thd_pct", ("over_floor", 2.0, MARK, "noise")),
    ("cur_unbalance_pct", ("over_noise", 10.0, WITHHOLD, "noise")),
    ("cur_unbalance_pct", ("cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_neg_seq_pct", ("sum_small", 1.0, WITHHOLD, "clamp")),
    ("cur_phase_order", ("sum_small", 1.0, WITHHOLD, "clamp")),
    ("cur_phase_order", ("orders_apart", 2.0, WITHHOLD, "unbalanced")),
    ("cur_volt_v", ("volt_cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_volt_v", ("volt_plain", LEAST_PLAIN, WITHHOLD, "bandwidth")),
    ("cur_volt_v", ("volt_plain", 1.0, MARK, "bandwidth")),
    ("cur_power_w", ("volt_cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_apparent_va", ("volt_cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_apparent_va", ("cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_apparent_va", ("plain", LEAST_PLAIN, WITHHOLD, "bandwidth")),
    ("cur_apparent_va", ("plain", 1.0, MARK, "bandwidth")),
    ("cur_power_factor", ("plain", LEAST_PLAIN, WITHHOLD, "bandwidth")),
    ("cur_power_factor", ("over_noise", 10.0, WITHHOLD, "noise")),
    ("cur_power_factor", ("volt_cycles", LEAST_WAVES, WITHHOLD, "too_short")),
    ("cur_power_factor", ("plain", 1.0, MARK, "bandwidth")),
    ("cur_slip_pct", ("field_turns", LEAST_FIELD_TURNS, WITHHOLD, "too_short")),
    ("cur_shaft_hz", ("field_turns", LEAST_FIELD_TURNS, WITHHOLD, "too_short")),
    ("cur_slip_pct", ("estimated", 1.0, MARK, "estimate")),
    ("cur_shaft_hz", ("estimated", 1.0, MARK, "estimate")),
)


def rules_of(key: str) -> "tuple[Rule, ...]":
    """(quantity, at least, else, reason) of the rules for one key, in their order."""
    found = [rule for pattern, rule in _FIRST if fits(key, pattern)]
    if key in _LINE_KEYS:
        found.extend(_OF_LINES)  # the same objects for all of these keys
    found.extend([rule for pattern, rule in _LAST if fits(key, pattern)])
    return tuple(found)
