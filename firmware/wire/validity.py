"""When a value counts: rules as data, and what a value that breaks one is withheld or marked for.

Quantities of a record: `seconds` its length T, `shaft_turns` fn T, `confidence` of an estimated
shaft speed, `velocity_to_hz` the velocity's upper edge F, `noise_margin` how often the velocity
that the sensor's own noise makes goes into the limit of zone A.  One that is unknown breaks no
rule.
Source: docs/features.md; the scatter of one block's velocity was measured on recordings as 13 to
29 % at 51 ms and 3 to 7 % at 0.8 s.  Of 143 records of bearings and faults (1.3 s, 8 to 60 Hz)
the estimated speed reached a confidence of 0.7 in 73 and was right, within 2 %, in 68 of these.
The floors are where 1 % is lost in the rounding: docs/decisions/0011-floor.md.
"""

WITHHOLD, MARK = "withhold", "mark"

# Below 600 rpm ISO 20816-3 counts from 2 Hz on, which takes records of 2 s; up to 1 kHz, where
# F = 0.4 fs asks for 2.5 kHz: 5000 samples, more than any record has.  So they are withheld.
SLOW_SHAFT_HZ, SLOW_LEAST_S, ZONE_TO_HZ = 10.0, 2.0, 1000.0

# Of bearings (docs/decisions/0012-envelope.md): `speed_sure` is 0.005 over the speed's relative
# uncertainty, `room_hz:bpfo` and the like how far the third harmonic is below where the narrowest
# band ends, `rate_hz` fs, `blocks` K, `shaft_bins` how far a line is from the nearest multiple
# of the shaft's, `learned` and `speed_told` (confirmed by lines or a tachometer) 1 or 0,
# `speed_true` 0 where lines speak against it.
LEAST_RATE_HZ, LEAST_TURNS, LEAST_CAGE_TURNS = 1e4, 2.0, 12.5  # 0.4 fn T >= 5
LEAST_ROOM_HZ = 1e-6  # above 0
# `part:bpfo` and the like: an amplitude's part of the record's RMS; `floor:bpfo` the least of an
# order's floors, as the scatter of white noise in the logarithm that has it, or five times the
# weakest band's mean envelope over the RMS, if that is less.
LEAST_PART, LEAST_FLOOR = 1e-4, 5e-3

LEAST_CYCLES = 4.0  # of a line or an order in the record, f T

# Of currents (docs/decisions/0017-current.md): `cycles` f T, or half the crossings of the mean
# where there is no line; `over_noise` the peak over the noise's RMS; `rate_sure` 100 ppm over the
# rate's uncertainty; `line_part` the fundamental's part of the RMS, `harmonic_part` of its square
# that of all harmonics to H; `halves` the lesser half's fundamental over the greater's, `steady`
# 0.2 over the cycles by which the frequency changes within the record; `harmonics` H,
# `over_floor` THD over its floor; `orders_apart` the greater sequence over the lesser,
# `sum_small` 0.25 over the three phases' sum; `field_turns` f T over the pole pairs.
LEAST_WAVES, LEAST_LINE_WAVES = 3.0, 5.7
LEAST_PART_OF_LINE, LEAST_PART_OF_HARMONICS = 0.25, 0.5
SURE_PPM, MOST_SWEEP, MOST_SUM = 100.0, 0.2, 0.25
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

# key (a trailing * stands for any ending), quantity, at least, else, reason
RULES: "tuple[tuple[str, str, float, str, str], ...]" = (
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
    ("env_*", "speed_sure", 1.0, WITHHOLD, "uncertain_speed"),
    ("env_*", "shaft_turns", LEAST_TURNS, WITHHOLD, "too_short"),
    ("env_ftf_*", "shaft_turns", LEAST_CAGE_TURNS, WITHHOLD, "too_short"),
    ("env_bpfo_*", "room_hz:bpfo", LEAST_ROOM_HZ, WITHHOLD, "bandwidth"),
    ("env_bpfi_*", "room_hz:bpfi", LEAST_ROOM_HZ, WITHHOLD, "bandwidth"),
    ("env_bsf_*", "room_hz:bsf", LEAST_ROOM_HZ, WITHHOLD, "bandwidth"),
    ("env_ftf_*", "room_hz:ftf", LEAST_ROOM_HZ, WITHHOLD, "bandwidth"),
    ("env_bpfo_g", "part:bpfo", LEAST_PART, WITHHOLD, "below_floor"),
    ("env_bpfi_g", "part:bpfi", LEAST_PART, WITHHOLD, "below_floor"),
    ("env_bsf_g", "part:bsf", LEAST_PART, WITHHOLD, "below_floor"),
    ("env_ftf_g", "part:ftf", LEAST_PART, WITHHOLD, "below_floor"),
    ("env_bpfo_snr", "floor:bpfo", LEAST_FLOOR, WITHHOLD, "below_floor"),
    ("env_bpfi_snr", "floor:bpfi", LEAST_FLOOR, WITHHOLD, "below_floor"),
    ("env_bsf_snr", "floor:bsf", LEAST_FLOOR, WITHHOLD, "below_floor"),
    ("env_ftf_snr", "floor:ftf", LEAST_FLOOR, WITHHOLD, "below_floor"),
    ("bearing_fault", "speed_sure", 1.0, WITHHOLD, "uncertain_speed"),
    ("bearing_fault", "shaft_turns", LEAST_TURNS, WITHHOLD, "too_short"),
    ("bearing_fault", "rate_hz", LEAST_RATE_HZ, WITHHOLD, "bandwidth"),
    ("bearing_fault", "room_hz:bpfi", LEAST_ROOM_HZ, WITHHOLD, "bandwidth"),
    ("bearing_fault", "floor:bpfo", LEAST_FLOOR, WITHHOLD, "below_floor"),
    ("bearing_fault", "floor:bpfi", LEAST_FLOOR, WITHHOLD, "below_floor"),
    ("bearing_fault", "speed_true", 1.0, MARK, "speed_off"),
    ("bearing_fault", "speed_told", 1.0, MARK, "speed_unproven"),
    ("bearing_fault", "blocks", 4.0, MARK, "few_blocks"),
    ("bearing_fault", "shaft_bins", 1.5, MARK, "near_shaft"),
    ("bearing_fault", "learned", 1.0, MARK, "threshold_unproven"),
    ("cur_rms_a", "cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_peak_a", "cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_crest", "over_noise", 10.0, WITHHOLD, "noise"),
    ("cur_crest", "cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_crest", "over_noise", 100.0, MARK, "noise"),
    ("cur_freq_hz", "over_noise", 100.0, WITHHOLD, "noise"),
    ("cur_freq_hz", "rate_sure", 1.0, WITHHOLD, "rate"),
    ("cur_fund_a", "over_noise", 10.0, WITHHOLD, "noise"),
    ("cur_thd_*", "over_noise", 10.0, WITHHOLD, "noise"),
)
RULES += tuple((key,) + rule for key in _LINE_KEYS for rule in _OF_LINES)
RULES += (
    ("cur_thd_pct", "harmonics", LEAST_HARMONICS, WITHHOLD, "bandwidth"),
    ("cur_thd_pct", "over_floor", 2.0, MARK, "noise"),
    ("cur_unbalance_pct", "over_noise", 10.0, WITHHOLD, "noise"),
    ("cur_unbalance_pct", "cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_neg_seq_pct", "sum_small", 1.0, WITHHOLD, "clamp"),
    ("cur_phase_order", "sum_small", 1.0, WITHHOLD, "clamp"),
    ("cur_phase_order", "orders_apart", 2.0, WITHHOLD, "unbalanced"),
    ("cur_volt_v", "volt_cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_power_w", "volt_cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_apparent_va", "volt_cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_apparent_va", "cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_power_factor", "over_noise", 10.0, WITHHOLD, "noise"),
    ("cur_power_factor", "volt_cycles", LEAST_WAVES, WITHHOLD, "too_short"),
    ("cur_slip_pct", "field_turns", LEAST_FIELD_TURNS, WITHHOLD, "too_short"),
    ("cur_shaft_hz", "field_turns", LEAST_FIELD_TURNS, WITHHOLD, "too_short"),
    ("cur_slip_pct", "estimated", 1.0, MARK, "estimate"),
    ("cur_shaft_hz", "estimated", 1.0, MARK, "estimate"),
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


def _fits(key: str, pattern: str) -> bool:
    return pattern == key or (pattern.endswith("*") and key.startswith(pattern[:-1]))


def floor_of(key: str) -> float:
    """The least share of the record's RMS that a value may be; 0.0: it has no floor."""
    return max([share for pattern, share in FLOORS if _fits(key, pattern)] or [0.0])


def rules_of(key: str) -> "tuple[tuple[str, float, str, str], ...]":
    """(quantity, at least, else, reason) of the rules for one key, in their order."""
    return tuple(
        (quantity, least, action, reason)
        for pattern, quantity, least, action, reason in RULES
        if _fits(key, pattern)
    )
