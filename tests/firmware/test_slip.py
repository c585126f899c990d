"""The shaft's speed from a current's lines beside the mains'."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import added, backends, noise, one, wave

from node.current import Current
from node.slip import shaft_bins

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


def test_shaft_bins__pairs_in_noise__within_the_stated_uncertainty():
    # A pair of known place, by its own amplitudes under a Hann window, and noise of known RMS in
    # each place, another one for each: 200 pairs, from next to the floor to far above.
    line, pairs = 51.2, 2
    far = found_any = sure = 0
    for seed in range(200):
        place = line / pairs * (1 - 0.005 - 0.05 * seed / 200)
        level = 9.0 + seed
        rough = noise(4096, 1000, seed + 1)

        def tone(at, place=place, level=level, rough=rough):
            height = level * (hann(at - (line - place)) + hann(at - (line + place)))
            k = int(2 * at + 0.5)  # half a bin: what a Hann window makes of noise there
            real, imaginary = rough[16 * k] / 1000, rough[16 * k + 5] / 1000
            return math.sqrt((height + real) ** 2 + imaginary**2)

        found = shaft_bins(tone, line, pairs)
        if found is None:
            assert level < 20.0, level
            continue
        assert 0.0 < found[1] < 2.0 / 6.0, found
        found_any += 1
        far += abs(found[0] - place) > found[1]
        if level > 100.0:
            assert found[1] < 0.005 * found[0], found  # sure enough for a bearing
            sure += 1
    # Every pair from 20 on is found: at most 11 of 200 are not.
    assert far <= 2 and found_any >= 189 and sure >= 100, (far, found_any, sure)


def test_shaft_error__lines_that_stand_out__holds_and_is_handed_on():
    for slip_part, part in ((0.01, 0.01), (0.035, 0.01), (0.06, 0.003)):
        block = motor(50.0, 25.0 * (1 - slip_part), part)
        for module in backends():
            current = Current(module, 4096, 1, pole_pairs=2)
            out = [{}]
            current.compute([block], [0.01], RATE_HZ, 50.0, KEYS, out, [{}])
            error = abs(out[0]["cur_shaft_hz"] / (25.0 * (1 - slip_part)) - 1)
            assert current.shaft_error is not None and 0.0 < current.shaft_error < 0.005
            assert error <= current.shaft_error, (slip_part, error, current.shaft_error)


def hann(x):
    """The amplitude of a line of 1 under a Hann window, x bins beside it."""
    if abs(x) < 1e-6:
        return 1.0
    if abs(abs(x) - 1.0) < 1e-6:
        return 0.5
    return abs(math.sin(math.pi * x) / (math.pi * x) / (1 - x * x))
