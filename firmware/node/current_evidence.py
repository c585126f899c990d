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

OF_MOTOR = ("cur_run", "cur_start", "cur_load")  # how keys begin that a record alone does not make
_OF_SET = ("cur_unbalance_pct", "cur_neg_seq_pct", "cur_phase_order", "cur_turns_hint")
_OF_VOLTS = ("cur_volt_v", "cur_power_w", "cur_apparent_va", "cur_power_factor")
_SPOILT = ("overrun", "gap", "stuck", "reference", "clipped")  # what makes a record invalid
# What is no measurement of anything: the channels have changed places, or one is a constant.
_UNTRUE = ("overrun", "stuck", "reference")
# Levels hold where samples came late; what is told by their times does not.
_LEVELS = (
    "cur_rms_a",
    "cur_peak_a",
    "cur_crest",
    "cur_noise_a",
    "cur_unbalance_pct",
    "cur_volt_v",
    "cur_apparent_va",
    "cur_inrush_a",
)
# The bias may be so far off, as a part of full scale: dividers of 5 % resistors are within 0.025.
_MOST_BIAS = 0.1
_MOST_MOVED = 0.01  # of full scale: by so much a bias moves that is read by another reference
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


def of_rests(
    features: "Any",
    device: "Any",
    rows: "list[dict[str, Any]]",
    take: "Any",
    rests_v: "Any",
    sound: bool = True,
) -> "list[Finding]":
    """Whether all inputs rest elsewhere than in the first sound record since the boot, and on one
    side of it: the reference drifts, or their bias, and nobody can tell which.

    rests_v: of the inputs, None until a record has told: one that is neither clipped nor a start;
    sound: nothing else is wrong with it: from what ails, nothing is learned until the next boot.
    """
    low, high = device.rails
    moved = []
    for index in range(len(rows)):
        rest = features.rest(index)
        if rest is None or take.clipped[index] or take.still[index] >= device.still_samples:
            return []
        digit_v = device.per_digit(rows[index]["input"])
        rest_v = rest * digit_v
        if rests_v[index] is None:
            if not sound:
                return []
            rests_v[index] = rest_v
        moved.append((rest_v - rests_v[index]) / ((high - low) * digit_v))
    if min(moved) > _MOST_MOVED or max(moved) < -_MOST_MOVED:
        return [("reference", (1 << len(rows)) - 1)]
    return []


def reason_of(found: "list[Finding]", key: str, index: int, currents: int) -> "str | None":
    """The gravest that concerns a value of a current: what is of all phases bears each one's."""
    inputs = 1 << index
    if key in _OF_SET:
        inputs = (1 << currents) - 1
    elif key == _OF_VOLTS[0]:
        inputs = 1 << currents + index
    elif key in _OF_VOLTS:
        inputs |= 1 << currents + index
    for reason, concerned in found:
        if inputs & concerned or (reason == "phase_lost" and key != _OF_VOLTS[0]):
            return reason
    return None


def apply(
    found: "list[Finding]",
    index: int,
    currents: int,
    out: "dict[str, float]",
    withheld: "dict[str, str]",
    marked: "dict[str, str]",
) -> None:
    """Mark the values of a current for what is wrong, or withhold them where that makes them
    untrue."""
    for key in tuple(out):
        if key.startswith(OF_MOTOR):
            continue
        reason = reason_of(found, key, index, currents)
        if reason is None:
            continue
        timed = reason == "gap" and key not in _LEVELS
        if reason in _UNTRUE or timed or key == _OF_SET[3]:
            del out[key]
            marked.pop(key, None)
            withheld[key] = reason
        else:
            marked[key] = reason
