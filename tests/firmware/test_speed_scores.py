"""The estimated speed and its confidence, of spectra written down bin by bin.

A comb's score is known there: a line that stands 10**s above a flat floor scores s, 4 at most, the
first harmonic twice; the confidence is min(1, 2 S / 24) (1 - R / 2 S), R the best rival's score.
"""

import math
import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

import spectrum_rig as rig

from node.speed import Estimator


def estimate(powers, low_hz, high_hz, bin_hz=1.0):
    return Estimator().estimate(rig.Given(powers), bin_hz, (low_hz, high_hz))


def comb(samples, first, scores, floor=1.0):
    """Powers: harmonic n of bin `first` stands 10**scores[n - 1] above the floor."""
    powers = [floor] * (samples // 2)
    for n in range(len(scores)):
        powers[(n + 1) * first] = floor * 10.0 ** scores[n]
    return powers


def check(where, got, hertz, confidence):
    assert abs(got[0] - hertz) <= 1e-5 * hertz, (where, got)
    assert abs(got[1] - confidence) <= 1e-3 * confidence, (where, got, confidence)


def test_estimate__one_candidate__the_share_of_its_score():
    for scores, total in (
        ((1, 1, 1, 1, 1), 6.0),
        ((2, 0.5, 0.25, 1, 0.75), 6.5),
        ((1, 0, 0, 0, 0), 2.0),
        ((0, 1, 1, 0, 0), 2.0),  # from its second line: a half of it is a candidate
        ((0, 0, 1, 0, 0), 1.0),
        ((0.7, 0, 0, 0, 2.5), 3.9),
    ):
        for floor in (1.0, 250.0):
            for bin_hz in (1.0, 0.8):
                powers = comb(1024, 50, scores, floor)
                got = estimate(powers, 45.0 * bin_hz, 55.0 * bin_hz, bin_hz)
                check((scores, floor, bin_hz), got, 50.0 * bin_hz, total / 12.0)


def test_estimate__lines_far_above_the_floor__count_four_each():
    # Scored 3.97 the line counts in full, 9 as 4.
    for score, counts in ((3.97, 3.97), (4.03, 4.0), (9.0, 4.0)):
        powers = comb(1024, 50, (score, 0, 0, 0, 0))
        check(score, estimate(powers, 45.0, 55.0), 50.0, 2.0 * counts / 12.0)
    powers = [0.0] * 512
    powers[50] = 5.0  # above a floor of nothing at all
    check("no floor", estimate(powers, 45.0, 55.0), 50.0, 2.0 * 4.0 / 12.0)


def test_estimate__more_than_half_of_all__sure():
    assert estimate(comb(1024, 50, (4, 4, 4, 4, 4)), 45.0, 55.0) == (50.0, 1.0)
    check("under", estimate(comb(1024, 50, (2, 2, 2, 2, 1.9)), 45.0, 55.0), 50.0, 11.9 / 12.0)


def test_estimate__rival__takes_half_of_its_share():
    # 75 Hz, a half of the third line, has 150 Hz as its second: 1 of 6.
    powers = comb(1024, 50, (1, 1, 1, 1, 1))
    check("rival", estimate(powers, 45.0, 80.0), 50.0, 6.0 / 12.0 * (1.0 - 0.5 / 6.0))
    # A second comb of its own: 2 * 0.75 + 0.75.
    powers = comb(1024, 50, (1, 1, 1, 1, 1))
    powers[64] = powers[128] = 10.0**0.75
    check("comb", estimate(powers, 45.0, 72.0), 50.0, 6.0 / 12.0 * (1.0 - 0.5 * 2.25 / 6.0))


def test_estimate__multiples_within_5_percent__no_rivals():
    # |r - 2| > 0.05 r of a ratio r: from 2.1053 on upwards, from 1.9048 on downwards.  The comb's
    # own lines make rivals as well, as 300 / 2 Hz: each has one line in its second or third place.
    for place, rival in ((1052, 1.0), (1053, 1.4), (953, 1.0), (952, 1.4)):
        powers = comb(12000, 500, (1, 1, 1, 1, 1))
        powers[place] = 10.0**0.7
        expected = 6.0 / 12.0 * (1.0 - 0.5 * rival / 6.0)
        check(place, estimate(powers, 95.0, 215.0, 0.2), 100.0, expected)


def test_estimate__uneven_surroundings__their_mean():
    # Six bins on each side, from the third on; of power 2 below and 1 above: 1.5.
    powers = [2.0] * 50 + [1.0] * 462
    powers[48] = powers[49] = powers[51] = powers[52] = 9.0  # not counted
    powers[50] = 150.0
    powers[41] = powers[59] = 900.0  # not counted either
    got = estimate(powers, 49.5, 50.5)
    check("both", got, 50.0, 2.0 * 2.0 / 12.0)
    for k in (42, 47, 53, 58):
        changed = list(powers)
        changed[k] += 18.0  # the mean of twelve becomes 3
        score = math.log(150.0 / 3.0) / math.log(10.0)
        check(k, estimate(changed, 49.5, 50.5), 50.0, 2.0 * score / 12.0)


def test_estimate__lowest_bins__surroundings_as_far_as_there_are():
    # At bin 4 there are none below; at bin 8 those from 2 to 5, and six above.
    for place, low, count in ((4, 0, 6), (8, 4, 10)):
        powers = [1.0] * 512
        for k in range(2, place - 2):
            powers[k] = 3.0
        powers[0] = powers[1] = 1e6
        powers[place - 1] = powers[place - 2] = powers[place + 1] = powers[place + 2] = 2.0
        powers[place] = 100.0
        floor = (3.0 * low + 6.0) / count
        # The later harmonics lie in the flat part, but for what stands around the first.
        total = 2.0 * math.log(100.0 / floor) / math.log(10.0)
        for n in (2, 3, 4, 5):
            at = n * place
            around = [powers[k] for k in range(max(2, at - 8), at - 2)]
            around += [powers[k] for k in range(at + 3, at + 9)]
            peak = max(powers[at - 1 : at + 2])
            level = sum(around) / len(around)
            total += math.log(peak / level) / math.log(10.0) if peak > level else 0.0
        got = estimate(powers, place - 0.25, place + 0.25)
        check(place, got, float(place), total / 12.0)


def test_estimate__harmonics_at_the_end__only_with_their_surroundings():
    # Of 128 bins: the second harmonic needs eight bins behind it, and two more.
    for place, counts in ((58, True), (59, False)):
        powers = comb(256, place, (1, 1))
        got = estimate(powers, place - 0.5, place + 0.5)
        check(place, got, float(place), (3.0 if counts else 2.0) / 12.0)


def test_estimate__four_turns_in_the_record__the_least():
    for bin_hz in (1.0, 0.75):
        for place, known in ((3.99, False), (4.01, True)):
            powers = [0.001] * 512
            rig.line(powers, 3 * place, 100.0)  # the line of its third: 3.99 bins
            hertz, _ = estimate(powers, 3.0 * bin_hz, 5.0 * bin_hz, bin_hz)
            assert (hertz > 0.0) == known, (place, hertz)


def test_estimate__edges_of_the_range__within():
    powers = comb(1024, 50, (1, 1, 1, 1, 1))
    for low_hz, high_hz, known in (
        (49.9, 50.1, True),
        (50.1, 60.0, False),
        (40.0, 49.9, False),
        (40.0, 50.1, True),
    ):
        hertz, confidence = estimate(powers, low_hz, high_hz)
        assert (hertz > 0.0) == (confidence > 0.0) == known, (low_hz, high_hz, hertz)


def test_estimate__lines_beyond_five_harmonics__take_no_place():
    # Eight lines are taken; of a range up to 20 Hz those up to the bin 5 * 20 + 1.
    powers = comb(1024, 19, (1, 1, 1, 1, 1))
    for i in range(8):
        powers[102 + 4 * i] = 1e6
    hertz, _ = estimate(powers, 18.0, 20.0)
    assert hertz == 19.0
    powers[101] = 1e7  # 101 / 5 is in no range
    hertz, _ = estimate(powers, 18.0, 20.0)
    assert hertz == 19.0


def test_estimate__nothing_to_be_found__none():
    assert estimate([1.0] * 512, 5.0, 100.0) == (0.0, 0.0)
    assert estimate([0.0] * 512, 5.0, 100.0) == (0.0, 0.0)
    assert estimate(comb(1024, 50, (1, 1)), 0.1, 0.3) == (0.0, 0.0)


def test_estimate__lines_below_the_least__are_no_candidates():
    # Amplitudes of 1 at bin 50 and of 10 at bin 70, over a floor of 0.01.
    powers = [1e-4] * 512
    powers[50], powers[70] = 1.0, 100.0
    for least, hertz in ((0.0, 50.0), (0.99, 50.0), (1.01, 0.0)):
        got = Estimator().estimate(rig.Given(powers), 1.0, (45.0, 55.0), least)
        assert abs(got[0] - hertz) <= 1e-5 * 50.0, (least, got)
        assert (got[1] > 0.0) == (hertz > 0.0), (least, got)
    got = Estimator().estimate(rig.Given(powers), 1.0, (45.0, 75.0), 1.01)
    assert abs(got[0] - 70.0) <= 1e-3, got
