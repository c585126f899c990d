"""Edges of bearing values and of a verdict, over spectra written down bin by bin: 0.5 % a side."""

import math
import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

import combs_rig as rig

from node import dsp
from node.envelope import KEYS, Envelope
from node.lines import searched

BANDS, AMPLITUDE = (0, 1, 2, 3, 4), 5
RATE_HZ, SCALE, TURNS = 12800.0, 0.001, 10.0
ORDERS = {"bpfo": 3.585, "bpfi": 5.415}  # bins 35.85, 71.7, 107.55; 54.15, 108.3, 162.45


def told(spectra, orders=ORDERS, turns=TURNS, error=None, rate_hz=RATE_HZ, keys=KEYS):
    """(out, withheld, envelope) of given spectra."""
    envelope = Envelope(dsp.backend("viper"), rig.SAMPLES, orders)
    envelope.spectra = spectra
    out, withheld = {}, {}
    envelope.finish(SCALE, rate_hz, turns * rate_hz / rig.SAMPLES, error, keys, out, withheld)
    return out, withheld, envelope


def given(level=40.0, blocks=1, means=(900.0,) * 5, rms=1000.0):
    spectra = rig.Given(level, blocks)
    spectra.levels(means, rms)
    return spectra


def test_searched__beside_its_reach__one_percent_or_0_6_bins():
    for place, expected in (
        (10.397, (10, 10)),
        (10.403, (10, 11)),
        (10.603, (11, 11)),
        (10.597, (10, 11)),
        (201.02, (200, 203)),
        (201.0, (199, 203)),
        (199.0, (198, 200)),
        (199.02, (198, 201)),
    ):
        assert searched(place) == expected, (place, searched(place))


def test_snr__lines_over_a_floor__their_height():
    for blocks in (1, 4):
        spectra = given(40.0, blocks)
        spectra.peaks(BANDS, (36, 72, 108), 40.0 * math.exp(1.3))
        spectra.peaks((0,), (36,), 40.0 * math.exp(2.8))
        out, _, envelope = told(spectra)
        score = 1.3 + 1.5 / 15
        assert abs(envelope.scores["bpfo"] - score) < 1e-4, envelope.scores
        assert abs(out["env_bpfo_snr"] - math.exp(score)) < 1e-3
        # Of the other only the second place, 108.3, has lines: within 1.083 bins.
        assert abs(envelope.scores["bpfi"] - 1.3 / 3) < 1e-4, envelope.scores


def test_snr__even_number_around__mean_of_the_middle_two():
    # Ten bins on each side: the lower of 10, the upper of 90.
    spectra = given(10.0)
    for slot in BANDS:
        for place in (36, 72, 108):
            for k in range(place + 2, place + 14):
                spectra.slots[slot][k] = 90.0
            spectra.slots[slot][place] = 50.0 * math.e
    out, _, _ = told(spectra, {"bpfo": 3.6})
    assert abs(out["env_bpfo_snr"] - math.e) < 1e-3, out


def test_amplitude__greatest_in_reach__in_g():
    for blocks in (1, 4):
        spectra = given(blocks=blocks)
        spectra.peaks((AMPLITUDE,), (36,), 77.0)
        spectra.peaks((AMPLITUDE,), (35, 37), 300.0)
        out, _, _ = told(spectra)
        assert abs(out["env_bpfo_g"] - 77.0 * SCALE) < 1e-5 * 77.0, out
        assert abs(out["env_bpfi_g"] - 40.0 * SCALE) < 1e-5 * 40.0, out


def test_amplitude__under_a_ten_thousandth_of_the_record__below_floor():
    for part, expected in ((0.996, False), (1.004, True)):
        for blocks in (1, 4):
            spectra = given(blocks=blocks, rms=20000.0)
            spectra.peaks((AMPLITUDE,), range(30, 40), part * 2.0)
            out, withheld, _ = told(spectra)
            assert ("env_bpfo_g" in out) == expected, (part, blocks, withheld)
            assert expected or withheld["env_bpfo_g"] == "below_floor"
            assert "env_bpfi_g" in out


def test_verdict__weakest_band_under_a_thousandth_of_the_record__below_floor():
    for part, expected in ((0.996, False), (1.004, True)):
        for weak in range(5):
            means = [900.0] * 5
            means[weak] = part * 20.0
            out, withheld, _ = told(given(blocks=4, means=means, rms=20000.0))
            for key in ("env_bpfo_snr", "env_bpfi_snr", "bearing_fault"):
                assert (key in out) == expected, (part, weak, withheld)
                assert expected or withheld[key] == "below_floor", withheld


def test_verdict__floor_under_that_of_rounding__below_floor():
    # 5e-3 sqrt(3 M / 8), M the band's bins: docs/decisions/0012-envelope.md.
    for slot, bins in ((0, 1024), (1, 1024), (2, 512), (3, 512), (4, 512)):
        for blocks in (1, 4):
            for part, expected in ((0.996, False), (1.004, True)):
                spectra = given(blocks=blocks)
                spectra.peaks((slot,), range(224), part * 5e-3 * math.sqrt(3 * bins / 8))
                out, withheld, _ = told(spectra)
                for key in ("env_bpfo_snr", "env_bpfi_snr", "bearing_fault"):
                    assert (key in out) == expected, (slot, blocks, part, withheld)
                    assert expected or withheld[key] == "below_floor", withheld


def test_order__over_50__value_error():
    for order, good in ((49.8, True), (50.2, False)):
        try:
            Envelope(dsp.backend("viper"), 1024, {"bpfo": order})
        except ValueError as error:
            assert not good and "bpfo = 50.2" in str(error) and "up to 50" in str(error)
        else:
            assert good


def test_finish__rate_or_speed_beyond_any__refused():
    for rate_hz, good in ((0.995e6, True), (1.005e6, False)):
        try:
            told(given(), rate_hz=rate_hz, turns=0.5)
        except ValueError:
            assert not good
        else:
            assert good
    for shaft_hz, known in ((995.0, True), (1005.0, False)):
        _, withheld, _ = told(given(), turns=shaft_hz * rig.SAMPLES / 5e5, rate_hz=5e5)
        assert (withheld.get("env_bpfo_g") != "no_speed") == known, (shaft_hz, withheld)


def test_finish__error_of_the_speed__half_a_percent_at_most():
    for error, known in ((0.00498, True), (0.00502, False)):
        _, withheld, envelope = told(given(), error=error)
        assert (withheld.get("env_bpfo_g") != "uncertain_speed") == known, (error, withheld)
        if known:
            assert "speed_unproven" not in envelope.marks["bpfo"]


def test_verdict__line_beside_a_multiple_of_the_shafts__by_the_nearest():
    for order, turns, near in (
        (3.497, 3.0, True),  # 1.491 bins
        (3.503, 3.0, True),
        (3.4985, 3.02, False),  # 1.505
        (0.6, 3.78, False),  # the first is the least: 1.512
        (0.6, 3.72, True),
    ):
        _, _, envelope = told(given(blocks=4), {"bpfo": order, "bpfi": 5.4}, turns)
        assert ("near_shaft" in envelope.marks["bpfo"]) == near, (order, turns)


def test_verdict__comb_of_the_fault_elsewhere__speed_off_from_the_threshold_on():
    # One block: 0.9.  The lines stand 6 steps, 1.5 %, above the speed; the floors are far from 1.
    for level in (40.0, 3000.0):
        for height, mark in ((0.895, "speed_unproven"), (0.905, "speed_off")):
            spectra = given(level)
            spectra.peaks(BANDS, (40, 80, 120), level * math.exp(height))
            orders = {"bpfo": 4.0 * 400 / 406, "bpfi": 5.7}
            _, _, envelope = told(spectra, orders)
            assert envelope.marks["bpfo"][0] == mark, (level, height, envelope.marks)
