"""What is wrong with a record of clamps, from facts alone."""

from array import array

from node import current_evidence as evidence
from node.drivers.inputs import Take


class Device:
    rails = (0, 4095)
    still_samples = 64

    def per_digit(self, number):
        return 3.3 / 4096


class Phases:
    """What node.current.Current says after compute()."""

    def __init__(self, rms, share, turned=(None, None, None)):
        self.rms_a, self.zero_share, self._turned = rms, share, turned

    def turned_share(self, index):
        return self._turned[index]


class Coarse(Device):
    still_samples = 65536


def _rows(noise=None):
    return [{"input": pin, "per_volt": 30.0, "noise": noise} for pin in (26, 27, 28)]


ROWS = _rows()


def _take(**changed):
    take = Take(3)
    take.samples = 64
    for key in changed:
        setattr(take, key, changed[key])
    return take


def _found(take, digits=(2048, 2048, 2048), bias_v=1.65):
    blocks = [array("h", [digit] * 64) for digit in digits]
    return evidence.findings(take, Device(), ROWS, blocks, bias_v)


def test_findings__sound_record__none():
    assert _found(_take()) == [] and evidence.valid([])


def test_findings__each_fault__named_with_its_inputs():
    assert _found(_take(overruns=1)) == [("overrun", 7)]
    assert _found(_take(gaps=2)) == [("gap", 7)]
    assert _found(_take(still=[64, 63, 0])) == [("stuck", 1)]
    assert _found(_take(clipped=[0, 3, 0])) == [("clipped", 2)]
    assert _found(_take(), (2048, 2048, 1500)) == [("bias", 4)]
    assert _found(_take(), (2048, 2048, 1500), None) == []
    assert _found(_take(), (2048, 2048, 1650)) == []


def test_findings__coarse_converter_that_never_moves__stuck_where_nothing_rests_there():
    take, bias_v = _take(still=[64, 64, 20]), 1.65
    blocks = [array("h", [digit] * 64) for digit in (2048, 1024, 2048)]
    found = evidence.findings(take, Coarse(), _rows(), blocks, bias_v)
    assert ("stuck", 2) in found and ("stuck", 3) not in found
    # What moves by more than a digit by itself does not stand still.
    noisy = evidence.findings(take, Coarse(), _rows(0.1), blocks, bias_v)
    assert ("stuck", 3) in noisy
    assert evidence.findings(take, Coarse(), _rows(0.001), blocks[:1] * 3, None) == []


def test_findings__stuck_at_a_rail__stuck_and_not_clipped():
    assert _found(_take(still=[64, 0, 0], clipped=[64, 0, 0])) == [("stuck", 1)]


def test_valid__what_loses_or_cuts_samples__is_not():
    for reason in ("overrun", "gap", "stuck", "clipped"):
        assert not evidence.valid([(reason, 1)])
    for reason in ("bias", "clamp_off", "clamp_reversed", "phase_lost"):
        assert evidence.valid([(reason, 1)])


def test_of_phases__third_current_is_none__by_the_others_phase_or_clamp():
    none = [{}, {}, {}]
    assert evidence.of_phases(Phases([10, 10, 0.1], 0.01), none) == [("phase_lost", 4)]
    assert evidence.of_phases(Phases([10, 0.1, 10], 0.33), none) == [("clamp_off", 2)]
    assert evidence.of_phases(Phases([10, 0.1, 0.1], 0.33), none) == []
    assert evidence.of_phases(Phases([10, 10, 0.1], None), none) == []
    assert evidence.of_phases(Phases([10, 10], 0.01), none[:2]) == []
    assert evidence.of_phases(Phases([10, 10, 0.1], 0.01), none, 11) == []


def test_of_phases__sum_that_is_nothing_with_a_clamp_turned__that_one():
    none = [{}, {}, {}]
    turned = Phases([10, 9, 10], 0.66, (0.6, 0.02, 0.7))
    assert evidence.of_phases(turned, none) == [("clamp_reversed", 2)]
    assert evidence.of_phases(Phases([10, 9, 10], 0.66, (0.6, 0.5, 0.7)), none) == []
    assert evidence.of_phases(Phases([10, 9, 10], 0.02, (0.0, 0.0, 0.0)), none) == []


def test_of_phases__power_that_flows_back__its_clamp():
    outs = [{"cur_power_factor": 0.8}, {"cur_power_factor": -0.8}]
    assert evidence.of_phases(Phases([10, 10], None), outs) == [("clamp_reversed", 2)]
    outs[1]["cur_power_factor"] = -0.01  # idle: it may be either
    assert evidence.of_phases(Phases([10, 10], None), outs) == []


def _told(found, key):
    return [evidence.reason_of(found, key, index, 3) for index in range(3)]


def test_reason_of__several_findings__the_first_that_concerns_it():
    found = [("clipped", 2), ("clamp_off", 4)]
    assert _told(found, "cur_rms_a") == [None, "clipped", "clamp_off"]
    found = [("clipped", 2), ("phase_lost", 4)]
    assert _told(found, "cur_rms_a") == ["phase_lost", "clipped", "phase_lost"]


def test_reason_of__what_is_of_all_phases_or_of_a_voltage__each_input_s():
    assert _told([("clipped", 4)], "cur_unbalance_pct")[0] == "clipped"
    assert _told([("stuck", 16)], "cur_unbalance_pct") == [None] * 3
    assert _told([("stuck", 16)], "cur_volt_v") == [None, "stuck", None]
    assert _told([("stuck", 16)], "cur_power_w") == [None, "stuck", None]
    assert _told([("stuck", 2)], "cur_power_w") == [None, "stuck", None]
    assert _told([("phase_lost", 2)], "cur_volt_v") == [None] * 3


def _apply(reason):
    out = dict.fromkeys(("cur_rms_a", "cur_freq_hz", "cur_turns_hint", "cur_run_h"), 1.0)
    withheld, marked = {}, {"cur_turns_hint": "no_voltage"}
    evidence.apply([(reason, 1)], 0, 3, out, withheld, marked)
    return sorted(out), withheld, marked


def test_apply__what_makes_a_value_untrue__it_is_withheld():
    for reason in ("overrun", "stuck", "reference"):
        out, withheld, marked = _apply(reason)
        assert out == ["cur_run_h"] and set(withheld.values()) == {reason} and not marked
    # Late samples leave levels as they are, and no frequency; what is clipped is told as such.
    out, withheld, marked = _apply("gap")
    assert withheld == {"cur_freq_hz": "gap", "cur_turns_hint": "gap"}, withheld
    assert marked == {"cur_rms_a": "gap"} and out == ["cur_rms_a", "cur_run_h"]
    out, withheld, marked = _apply("clipped")
    assert withheld == {"cur_turns_hint": "clipped"}, withheld
    assert marked == {"cur_rms_a": "clipped", "cur_freq_hz": "clipped"}


class Resting:
    """rests: digits of each input, None where its level changes."""

    def __init__(self, *rests):
        self._rests = rests

    def rest(self, index):
        return self._rests[index]


def test_of_rests__all_inputs_moved_to_one_side__the_reference():
    rests_v = [None, None, None]

    def judge(*rests, **changed):
        return evidence.of_rests(Resting(*rests), Device(), ROWS, _take(**changed), rests_v)

    assert judge(2000, 2048, None) == []  # a start tells nothing
    assert judge(2000, 2048, 2100) == []  # wherever they rest
    assert judge(2030, 2070, 2120) == []  # within a percent
    assert judge(2060, 2100, 2150) == [("reference", 7)]
    assert judge(1950, 2000, 2050) == [("reference", 7)]
    assert judge(1950, 2000, 2150) == []  # each its own way: what flows
    assert judge(2060, 2100, 2150, clipped=[1, 0, 0]) == []
    assert judge(2060, 2100, 2150, still=[64, 0, 0]) == []  # that is told already


def test_of_rests__first_record_not_sound__learned_from_the_next():
    rests_v = [None, None, None]

    def judge(digit, sound):
        rests = Resting(digit, digit, digit)
        return evidence.of_rests(rests, Device(), ROWS, _take(), rests_v, sound)

    assert judge(2500, False) == [] and rests_v == [None] * 3  # its bias was still charging
    assert judge(2048, True) == [] and judge(2050, True) == []
    # Afterwards a record is judged, sound or not
    assert judge(2100, False) == judge(2100, True) == [("reference", 7)]


def test_without_harmonics__keys__those_that_one_line_is_enough_for():
    keys = ("cur_rms_a", "cur_thd_pct", "cur_freq_hz", "cur_slip_pct")
    assert evidence.without_harmonics(keys) == ("cur_rms_a", "cur_freq_hz")
