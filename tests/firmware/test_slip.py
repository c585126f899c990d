"""The shaft's speed from a current's lines beside the mains'."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import added, backends, noise, one, wave

RATE_HZ, KEYS = 4000.0, ("cur_shaft_hz", "cur_slip_pct")


def motor(hz, shaft_hz, part, samples=4096):
    block = wave(samples, RATE_HZ, hz, 1500, 0.3, ((5, 0.02, 0.1),))
    for i in range(samples):
        t = 2 * math.pi * i / RATE_HZ
        x = math.sin((hz - shaft_hz) * t) + math.sin((hz + shaft_hz) * t + 1)
        block[i] += int(1500 * part * x + 1000.5) - 1000
    return added(block, noise(samples, 1))


def test_slip__lines_that_stand_out__within_a_third_of_a_point_and_marked():
    for hz, pairs, slip in ((50.0, 2, 0.01), (50.05, 2, 0.035), (59.96, 2, 0.06), (50.0, 1, 0.02)):
        block = motor(hz, hz / pairs * (1 - slip), 0.01)
        for module in backends():
            out, withheld, marked = one(module, block, RATE_HZ, keys=KEYS, pole_pairs=pairs)
            if pairs == 1:  # f - r is next to 0
                assert withheld == dict.fromkeys(KEYS, "no_line")
                continue
            assert abs(out["cur_slip_pct"] - 100 * slip) < 0.33, (hz, slip, out)
            assert abs(out["cur_shaft_hz"] - hz / pairs * (1 - slip)) < 0.09, out
            assert marked == dict.fromkeys(KEYS, "estimate")


def test_slip__no_lines__withheld():
    for module in backends():
        for seed in (1, 2, 3):
            block = added(wave(4096, RATE_HZ, 50.0, 1500), noise(4096, 3, seed))
            _, withheld, _ = one(module, block, RATE_HZ, keys=KEYS, pole_pairs=2)
            assert withheld == dict.fromkeys(KEYS, "no_line")


def test_slip__short_record_or_unknown_motor__withheld():
    for module in backends():
        block = motor(50.0, 24.4, 0.01, 1024)
        _, withheld, _ = one(module, block, RATE_HZ, keys=KEYS, pole_pairs=2)
        assert withheld == dict.fromkeys(KEYS, "too_short")
        _, withheld, _ = one(module, block, RATE_HZ, keys=KEYS)
        assert withheld == dict.fromkeys(KEYS, "no_motor")
        silent = array("h", bytes(2 * 1024))
        _, withheld, _ = one(module, silent, RATE_HZ, keys=KEYS, pole_pairs=2)
        assert set(withheld) == set(KEYS)
