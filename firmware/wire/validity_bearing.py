"""When a value of a bearing counts: rules as in wire/validity.py, which asks for them."""

from wire.validity import MARK, WITHHOLD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wire.validity import Rule

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

RULES: "tuple[Rule, ...]" = (
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
)
