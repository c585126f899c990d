"""What a record of clamps says of itself, and its phases of each other, in one precedence."""

from node.drivers.kernels import axis_sum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Finding = tuple[str, int]

LEAST_BANDWIDTH = 15  # x line_hz: less shows no harmonics that anyone should read
_HARMONICS = (
    "cur_peak_a",  # what a filter rounds off is most of a lamp's
    "cur_crest",
    "cur_thd_pct",
    "cur_thd_order",
    "cur_thd_floor_pct",
    "cur_slip_pct",
    "cur_shaft_hz",
)

_SPOILT = ("overrun", "gap", "stuck", "clipped")  # what makes a record invalid
# The bias may be so far off, as a part of full scale: dividers of 5 % resistors are within 0.025.
_MOST_BIAS = 0.1
_RESTS_WITHIN = 0.02  # an input that carries nothing: its offset, and that of its bias
_NONE = 0.05  # less than this part of the greatest current is no current
_SOME = 0.3
# |Ia + Ib + Ic| over three times the greatest: 0 of three wires, whatever they carry; 1/3 where
# one of three equal ones is not seen; 2/3 where one is seen the other way round.
_CLOSED = 0.15
_OPEN = 0.5


def without_harmonics(keys: "tuple[str, ...]") -> "tuple[str, ...]":
    """The keys without those that need harmonics."""
    return tuple([key for key in keys if key not in _HARMONICS])


def findings(
    take: "Any", device: "Any", rows: "list[dict[str, Any]]", blocks: "Any", bias_v: "float | None"
) -> "list[Finding]":
    """(reason, inputs) of all that is wrong with a record, the gravest first; inputs: bit 0 is
    the first.  device: of drivers/inputs.py; bias_v: what inputs rest at, None where unknown."""
    every = (1 << len(rows)) - 1
    found: "list[Finding]" = []
    if take.overruns:
        found.append(("overrun", every))
    if take.gaps:
        found.append(("gap", every))
    stuck = clipped = biased = 0
    low, high = device.rails
    for index in range(len(rows)):
        row, still, away = rows[index], take.still[index], 0.0
        digit_v = device.per_digit(row["input"])
        if bias_v is not None:
            rests_v = axis_sum(blocks[index], take.samples) / take.samples * digit_v
            away = abs(rests_v - bias_v) / ((high - low) * digit_v)
            if away > _MOST_BIAS:
                biased |= 1 << index
        if still >= device.still_samples:
            stuck |= 1 << index
        elif still >= take.samples and (away > _RESTS_WITHIN or _is_noisy(row, digit_v)):
            # A converter that is coarse may stand still by itself, but not there, or not so.
            stuck |= 1 << index
        elif take.clipped[index]:
            clipped |= 1 << index
    for reason, inputs in (("stuck", stuck), ("clipped", clipped), ("bias", biased)):
        if inputs:
            found.append((reason, inputs))
    return found


def _is_noisy(row: "dict[str, Any]", digit_v: float) -> bool:
    """Whether what is known of an input's noise moves it by a digit."""
    noise = row["noise"]
    return noise is not None and noise > digit_v * abs(row["per_volt"])


def of_phases(
    features: "Any", outs: "list[dict[str, float]]", least_a: float = 0.0
) -> "list[Finding]":
    """What three currents say of each other, and each of its voltage.

    features: node.current.Current after compute(); least_a: RMS under which nothing flows.
    """
    found: "list[Finding]" = []
    against = 0
    for index in range(len(outs)):
        if outs[index].get("cur_power_factor", 0.0) < -_NONE:
            against |= 1 << index  # it feeds the mains, or its clamp is the other way round
    rms, share = features.rms_a, features.zero_share
    if len(rms) == 3 and share is not None and max(rms) > least_a:
        greatest = max(rms)
        dead = [index for index in range(3) if rms[index] < _NONE * greatest]
        if len(dead) == 1:
            # Without its phase, the other two carry one current; without its clamp, they do not.
            found.append(("phase_lost" if share < _CLOSED else "clamp_off", 1 << dead[0]))
        elif min(rms) > _SOME * greatest and share > _OPEN and not against:
            for index in range(3):
                turned = features.turned_share(index)
                if turned is not None and turned < _CLOSED:
                    against |= 1 << index
    if against:
        found.append(("clamp_reversed", against))
    return found


def valid(found: "list[Finding]") -> bool:
    """Nothing lost, stuck or clipped."""
    return not [reason for reason, _ in found if reason in _SPOILT]


def judge(found: "list[Finding]", index: int) -> "str | None":
    """The reason to mark the values of a current for: the gravest that concerns it.

    A lost phase concerns all three.
    """
    for reason, inputs in found:
        if inputs >> index & 1 or reason == "phase_lost":
            return reason
    return None
