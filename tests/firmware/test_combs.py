"""Combs that tell the speed, over spectra written down bin by bin: closed forms, 0.5 %."""

import math
import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

import combs_rig as rig

from node import combs

BANDS, SHAFT = (0, 1, 2, 3, 4), 6


def highest(spectra, place, floor):
    """Of a fault's comb: (its greatest height, at which step)."""
    values = combs.of_fault(spectra, 0, place, floor)
    assert len(values) == 25
    at = combs.best(values)
    return values[at], at - 12


def test_log_root__any_power__half_its_logarithm():
    for power in (1.0, 1e-20, 2.5e6):
        assert abs(combs.log_root(power) - math.log(math.sqrt(power))) < 1e-5 * 30
    assert abs(combs.log_root(0.0) + 15.0 * math.log(10.0)) < 1e-3  # 1e-30 at least


def test_best__equals__the_first():
    assert combs.best([1.0, 3.0, 2.0, 3.0]) == 1
    assert combs.best([5.0]) == 0


def test_of_fault__lines_beside_the_speed__their_height_and_step():
    for step in (-12, -5, 0, 3, 12):
        for floor, height in ((1.0, 2.0), (37.0, 0.8)):
            spectra = rig.Given(floor)
            spectra.peaks(BANDS, (60, 120, 180), floor * math.exp(height))
            place = 60.0 * 400 / (400 + step)
            found, at = highest(spectra, place, math.log(floor))
            assert at == step, (step, at)
            assert abs(found - height) < 1e-3, (step, floor, found)


def test_of_fault__between_two_bins__on_the_line_between_their_amplitudes():
    # The three lines fall a quarter, a half and three quarters behind a bin at the speed given.
    spectra = rig.Given(0.1)
    for slot in BANDS:
        for k in (50, 100, 150):
            spectra.slots[slot][k], spectra.slots[slot][k + 1] = 9.0, 5.0
    found, _ = highest(spectra, 50.25, 0.0)
    greatest = -99.0
    for j in range(-12, 13):
        total = 0.0
        for h in (1, 2, 3):
            q = h * 50.25 * (1.0 + j / 400)
            k = int(q)
            here, there = spectra.slots[0][k], spectra.slots[0][k + 1]
            total += math.log((1.0 - (q - k)) * here + (q - k) * there)
        greatest = max(greatest, total / 3)
    assert abs(found - greatest) < 1e-3, (found, greatest)


def test_of_fault__nothing_anywhere__a_number():
    found, _ = highest(rig.Given(0.0), 60.0, 0.0)
    assert abs(found - math.log(1e-9)) < 2e-3, found


def test_of_shaft__three_lines__their_step():
    for step in (-9, 0, 5, 12):
        spectra = rig.Given(3.0, shaft_bins=400)
        spectra.peaks((SHAFT,), (100, 200, 300), 20.0)
        turns = 100.0 * 400 / (400 + step)
        assert combs.of_shaft(spectra, 0, turns) == step, step


def test_of_shaft__margin__all_others_lower_by_one():
    for total, known in ((0.995, False), (1.005, True)):
        spectra = rig.Given(3.0, shaft_bins=400)
        spectra.peaks((SHAFT,), (100, 200, 300), 3.0 * math.exp(total / 3))
        assert (combs.of_shaft(spectra, 0, 100.0) == 0) == known, total
        assert (combs.of_shaft(spectra, 0, 100.0) is None) != known, total


def test_of_shaft__equally_high_within_1_5_percent__no_doubt():
    for apart, known in ((5, True), (6, False)):  # steps of a quarter of a percent
        spectra = rig.Given(1.0, shaft_bins=1300)  # a step is a bin of the first line
        spectra.peaks((SHAFT,), (400, 800, 1200), 20.0)
        spectra.peaks((SHAFT,), (400 + apart, 800 + 2 * apart, 1200 + 3 * apart), 19.0)
        assert combs.of_shaft(spectra, 0, 400.0) == (0 if known else None), apart


def test_of_shaft__teeth__within_the_bins_even_3_percent_away():
    # Of three the last needs a bin behind it: 1.03 * 3 * turns + 1 < 400.
    for turns, known in ((129.124, True), (129.13, False)):
        spectra = rig.Given(1.0, shaft_bins=400)
        spectra.peaks((SHAFT,), (129, 258, 387), 20.0)
        assert combs.of_shaft(spectra, 0, turns) == (0 if known else None), turns
    # The first must lie at bin 3 or above: 0.97 * 3.08 does not.  Here the third one's line ends
    # between its first step and the seventh.
    for turns, end, known in ((3.08, 9, False), (3.4, 10, True)):
        spectra = rig.Given(1.0, shaft_bins=end + 2)
        for k in range(end, end + 2):
            spectra.slots[SHAFT][k] = 0.0
        assert combs.of_shaft(spectra, 0, turns) == (-12 if known else None), turns


def test_is_off__over_one_percent__off():
    for step in range(-12, 13):
        assert combs.is_off(step) == (step < -4 or step > 4), step


def _raced(spectra, place=40.0, other=60.3):
    """Combs of two races, floors of 1 and a threshold of 0.5; no shaft's: it turns too slowly."""
    return combs.judge(spectra, 0, [(place, 0.0, 0.5), (other, 0.0, 0.5)], 0.5)


def test_judge__nothing_over_the_threshold__neither_off_nor_confirmed():
    assert _raced(rig.Given(1.0)) == (False, False)


def test_judge__a_line_at_its_place__confirmed():
    spectra = rig.Given(1.0)
    spectra.peaks(range(5), (40, 80, 120), 9.0)
    assert _raced(spectra) == (False, True)


def test_judge__a_line_beside_its_place__confirmed_up_to_half_a_percent_and_off_beyond_one():
    for step, told in (
        (-5, "off"),
        (-4, ""),
        (-3, ""),
        (-2, "sure"),
        (2, "sure"),
        (3, ""),
        (5, "off"),
    ):
        spectra = rig.Given(1.0)
        spectra.peaks(range(5), (40, 80, 120), 9.0)
        found = _raced(spectra, 40.0 * 400 / (400 + step))
        assert found == (told == "off", told == "sure"), (step, found)


def test_judge__as_high_2_percent_away__confirms_nothing():
    # 0.4 over the root of K, of the mean of 15: all three lines of all bands are as much lower.
    for blocks, lower, sure in (
        (1, 0.39, False),
        (1, 0.41, True),
        (4, 0.19, False),
        (4, 0.21, True),
    ):
        spectra = rig.Given(20.0 * math.exp(-lower), blocks)
        spectra.peaks(range(5), (70, 140, 210), 20.0)
        assert _raced(spectra, 70.0, 33.3)[1] == sure, (blocks, lower)


def test_judge__the_shafts_lines_at_another_place__off_whatever_the_faults_say():
    spectra = rig.Given(1.0)
    spectra.peaks(range(5), (40, 80, 120), 9.0)
    spectra.peaks((SHAFT,), (100, 200, 300), 20.0)
    for step, told in ((0, (False, True)), (3, (False, False)), (6, (True, False))):
        turns = 100.0 * 400 / (400 + step)
        found = combs.judge(spectra, 0, [(40.0, 0.0, 0.5), (60.3, 0.0, 0.5)], turns)
        assert found == told, (step, found)


def test_judge__as_high_nearer_than_2_percent__still_confirmed():
    # Beside each line another one as high: 1.5 % away, or 2.25 %.
    near, far = (71, 142, 143, 213, 214), (71, 72, 143, 144, 214, 215)
    for beside, sure in ((near, True), (far, False)):
        spectra = rig.Given(1.0, 16)
        spectra.peaks(range(5), (70, 140, 210) + beside, 20.0)
        assert _raced(spectra, 70.0, 33.3) == (False, sure), beside
