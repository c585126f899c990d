"""Bearing values against their definitions in plain Python, on each backend there is."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from envelope_truth import amplitude, bearing, noise, score, totals

from node import dsp
from node.dsp.bands import AMPLITUDE, LEVELS, SHAFT, SQUARE
from node.envelope import KEYS, Envelope

SAMPLES, RATE_HZ, SCALE = 1024, 12800.0, 0.001
TURNS = 2.6
SHAFT_HZ = TURNS * RATE_HZ / SAMPLES
ORDERS = {"bpfo": 3.585, "bpfi": 5.415, "bsf": 2.357, "ftf": 0.398}
BLOCKS = [bearing(SAMPLES, TURNS, ORDERS["bpfo"], seed) for seed in (1, 2, 3)]


def backends():
    found = [dsp.backend("viper")]
    try:
        found.append(dsp.backend("ulab"))
    except ValueError:
        pass  # this interpreter has no ulab
    return found


def finished(module, blocks, orders=ORDERS, shaft_hz=SHAFT_HZ, error=None, **options):
    envelope = Envelope(module, len(blocks[0]), orders, **options)
    envelope.begin()
    for block in blocks:
        envelope.add(block)
    out, withheld, marked = {}, {}, {}
    envelope.finish(SCALE, RATE_HZ, shaft_hz, error, KEYS, out, withheld, marked)
    assert set(out) | set(withheld) == set(KEYS) and not set(out) & set(withheld)
    for key in out:
        assert -1e30 < out[key] < 1e30, (module.NAME, key, out[key])
    return envelope, out, withheld, marked


def test_spectra__three_blocks__each_sum_within_a_thousandth():
    expected = totals(BLOCKS)
    for module in backends():
        spectra = dsp.envelope(module.NAME).Spectra(SAMPLES)
        for block in BLOCKS:
            spectra.add(block, 0)
        for slot in range(8):
            bins, start = spectra.bins[slot], 0 if slot == LEVELS else 2
            keys = spectra.keys(0, slot, 0, bins)
            got = [math.sqrt(spectra.power(slot, key)) for key in keys]
            right = [math.sqrt(power) for power in expected[slot][:bins]]
            for k in range(start, bins):
                bound = 0.0008 * right[k] + 0.0004 * sum(right) / bins * (slot < LEVELS)
                where = (module.NAME, slot, k, got[k], right[k])
                assert abs(got[k] - right[k]) <= bound, where


def test_finish__three_blocks__values_of_the_definitions():
    for band in (0, 3):
        expected = totals(BLOCKS, band)
        for module in backends():
            envelope, out, withheld, _ = finished(module, BLOCKS, band=band)
            assert envelope.blocks() == 3
            assert withheld == {"env_ftf_g": "too_short", "env_ftf_snr": "too_short"}, withheld
            for name in ("bpfo", "bpfi", "bsf"):
                place = ORDERS[name] * TURNS
                right = score(expected, place)
                assert abs(envelope.scores[name] - right) < 0.003, (module.NAME, name, right)
                assert abs(math.log(out["env_%s_snr" % name]) - right) < 0.003
                g = out["env_%s_g" % name]
                right = SCALE * amplitude(expected, place, 3)
                assert abs(g - right) <= 0.002 * right, (module.NAME, name, g, right)


def test_finish__rings_of_a_race__named():
    for module in backends():
        for name, fault in (("bpfo", 1.0), ("bpfi", 2.0)):
            blocks = [bearing(SAMPLES, TURNS, ORDERS[name], seed) for seed in (1, 2, 3, 4)]
            envelope, out, _, _ = finished(module, blocks)
            assert out["bearing_fault"] == fault, (name, envelope.scores)
            assert envelope.verdicts == {"bpfo": name == "bpfo", "bpfi": name == "bpfi"}
            assert envelope.thresholds == {"bpfo": 0.7, "bpfi": 0.7}
            assert envelope.scores[name] > 0.8
            assert "few_blocks" not in envelope.marks[name]
            assert "speed_off" not in envelope.marks[name], envelope.marks


def test_finish__noise__no_fault_and_says_what_it_hangs_on():
    for module in backends():
        blocks = [array("h", noise(SAMPLES, 500, seed)) for seed in (5, 6)]
        envelope, out, _, marked = finished(module, blocks)
        assert out["bearing_fault"] == 0.0, envelope.scores
        assert envelope.verdicts == {"bpfo": False, "bpfi": False}
        assert envelope.marks["bpfo"] == (
            "speed_unproven",
            "few_blocks",
            "near_shaft",
            "threshold_unproven",
        ), envelope.marks
        assert marked["bearing_fault"] == "speed_unproven"


def test_finish__speed_of_a_tachometer__needs_no_proof():
    for module in backends():
        blocks = [array("h", noise(SAMPLES, 500, seed)) for seed in (5, 6)]
        _, _, _, marked = finished(module, blocks, error=0.004)
        assert marked["bearing_fault"] == "few_blocks"


def test_finish__shaft_lines_beside_the_speed__speed_off():
    for module in backends():
        blocks = []
        for seed in range(4):
            block = array("h", noise(4096, 100, seed + 1))
            for n in range(1, 11):
                for i in range(4096):
                    block[i] += int(300 * math.sin(2 * math.pi * n * 12.0 * 1.02 * i / 4096 + n))
            blocks.append(block)
        told = []
        for turns in (12.0, 12.0 * 1.02):
            envelope, _, _, _ = finished(module, blocks, shaft_hz=turns * RATE_HZ / 4096)
            told.append("speed_off" in envelope.marks["bpfo"])
            assert "speed_unproven" not in envelope.marks["bpfo"]
        assert told == [True, False], told


def test_add__axes__kept_apart():
    for module in backends():
        envelope = Envelope(module, SAMPLES, ORDERS, 0, 2)
        envelope.add(BLOCKS[0], 0)
        envelope.add(array("h", noise(SAMPLES, 500)), 1)
        envelope.add(BLOCKS[1], 0)
        assert (envelope.blocks(0), envelope.blocks(1)) == (2, 1)
        out = {}
        envelope.finish(SCALE, RATE_HZ, SHAFT_HZ, None, KEYS, out, {}, axis=0)
        _, alone, _, _ = finished(module, BLOCKS[:2])
        assert out == alone


def test_begin__after_a_record__nothing_of_it_is_left():
    for module in backends():
        envelope = Envelope(module, SAMPLES, ORDERS)
        envelope.add(array("h", [5] * SAMPLES))
        envelope.add(array("h", noise(SAMPLES, 30000, 9)))
        envelope.begin()
        assert envelope.blocks() == 0
        for block in BLOCKS:
            envelope.add(block)
        out = {}
        envelope.finish(SCALE, RATE_HZ, SHAFT_HZ, None, KEYS, out, {})
        _, alone, _, _ = finished(module, BLOCKS)
        assert out == alone


def test_envelope__shares_work_space__same_values():
    for module in backends():
        kernels = module.Kernels(SAMPLES)
        _, alone, _, _ = finished(module, BLOCKS)
        _, shared, _, _ = finished(module, BLOCKS, share=kernels)
        assert shared == alone
        try:
            Envelope(module, 2 * SAMPLES, ORDERS, share=kernels)
        except ValueError:
            continue
        raise AssertionError("no ValueError")


def test_envelope__wide_blocks__values_of_the_narrow_ones():
    for module in backends():
        wide = [array("i", [200 * x for x in block]) for block in BLOCKS]
        _, out, _, _ = finished(module, wide, wide=True)
        _, right, _, _ = finished(module, BLOCKS)
        for key in right:
            times = 200.0 if key.endswith("_g") else 1.0
            assert abs(out[key] - times * right[key]) <= 0.002 * abs(out[key]), (key, out[key])


def test_spectra__wide_blocks__sums_in_digits_of_their_own():
    for module in backends():
        narrow = dsp.envelope(module.NAME).Spectra(SAMPLES)
        wide = dsp.envelope(module.NAME).Spectra(SAMPLES, True)
        narrow.add(BLOCKS[0], 0)
        wide.add(array("i", [200 * x for x in BLOCKS[0]]), 0)
        for slot in range(8):
            start = 0 if slot == LEVELS else 2
            found = [
                [spectra.power(slot, key) for key in spectra.keys(0, slot, start, start + 6)]
                for spectra in (narrow, wide)
            ]
            squares = slot in (AMPLITUDE, SHAFT, LEVELS)
            for at in range(6):
                times = 40000.0 if squares else 1.0
                if slot == LEVELS and at < SQUARE:
                    times = 200.0
                exact = times * found[0][at]
                bound = 0.002 * exact + 2e-5 * times * max(found[0]) * (slot != LEVELS)
                assert abs(found[1][at] - exact) <= bound, (module.NAME, slot, at, found)
