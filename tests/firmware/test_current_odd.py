"""Currents that no meter expects: a right value, or a withheld one with its reason."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import SCALE, added, backends, compute, noise, one, wave

ROOT2 = math.sqrt(2)
RATE_HZ = 8000.0
LINE_KEYS = ("cur_freq_hz", "cur_fund_a", "cur_thd_pct", "cur_thd_order", "cur_thd_floor_pct")


def near(value, right, away):
    assert abs(value - right) <= away, (value, right, away)


def made(samples, value):
    return array("h", [int(value(i)) for i in range(samples)])


def withheld_lines(withheld, reasons):
    for key in LINE_KEYS:
        assert withheld.get(key) in reasons, (key, withheld)


def test_silence__every_level__no_current_and_no_shape():
    for level in (0, 2048, -32768, 32767):
        block = array("h", [level] * 1024)
        for module in backends():
            out, withheld, _ = one(module, block, RATE_HZ)
            assert out["cur_rms_a"] == out["cur_peak_a"] == 0.0
            assert withheld["cur_crest"] == "silent"
            withheld_lines(withheld, ("silent",))


def test_direct_current__with_the_converter_s_last_digit__no_current():
    block = made(1024, lambda i: 3000 + (i % 97 == 0))
    for module in backends():
        out, withheld, _ = one(module, block, RATE_HZ)
        assert out["cur_rms_a"] <= 0.3 * SCALE
        withheld_lines(withheld, ("noise", "too_short"))


def test_noise__no_load__level_and_no_line():
    for module in backends():
        out, withheld, _ = one(module, noise(1024, 100), RATE_HZ)
        near(out["cur_rms_a"], math.sqrt(100 * 101 / 3) * SCALE, 0.05)
        withheld_lines(withheld, ("no_line", "noise"))


def test_square__of_a_failed_inverter__its_own_figures():
    block = made(
        1024, lambda i: 2048 + (1000 if math.sin(0.7 + 2 * math.pi * i / 160) > 0 else -1000)
    )
    thd = 100 * math.sqrt(sum([1 / (h * h) for h in range(3, 16, 2)]))
    for module in backends():
        out, _, _ = one(module, block, RATE_HZ)
        near(out["cur_rms_a"], 10.0, 0.02)
        near(out["cur_fund_a"], 40 / math.pi / ROOT2, 0.05)
        # A square wave of so few samples a cycle has other harmonics than the ideal one.
        near(out["cur_thd_pct"], thd, 1.0)
        near(out["cur_crest"], 1.0, 0.01)
        near(out["cur_freq_hz"], 50.0, 0.02)


def test_railway__16_7_hz__withheld():
    for shape in ((), ((3, 0.33, 0.0), (5, 0.2, 0.0), (7, 0.14, 0.0))):
        block = wave(1024, RATE_HZ, 16.7, 1000, 0.2, shape)
        for module in backends():
            out, withheld, _ = one(module, block, RATE_HZ)
            withheld_lines(withheld, ("too_short", "no_line"))
            assert withheld["cur_rms_a"] == "too_short", out
    block = wave(4096, RATE_HZ, 16.7, 1000)  # 8.5 cycles
    for module in backends():
        out, withheld, _ = one(module, block, RATE_HZ)
        near(out["cur_rms_a"], 10 / ROOT2, 0.02)
        withheld_lines(withheld, ("no_line",))


def test_aircraft__400_hz__level_and_no_line():
    for module in backends():
        out, withheld, _ = one(module, wave(1024, RATE_HZ, 400.0, 1000), RATE_HZ)
        near(out["cur_rms_a"], 10 / ROOT2, 0.02)
        near(out["cur_crest"], ROOT2, 0.01)
        withheld_lines(withheld, ("no_line",))


def test_drive__just_outside_40_to_70_hz__no_line():
    for hz in (36.0, 74.0, 90.0):
        for module in backends():
            out, withheld, _ = one(module, wave(1024, RATE_HZ, hz, 1000), RATE_HZ)
            near(out["cur_rms_a"], 10 / ROOT2, 0.03)
            withheld_lines(withheld, ("no_line", "too_short"))


def test_drive__sweeping_up__frequency_of_its_middle_or_withheld():
    for hz_s in (0.5, 5.0, 20.0, 60.0, 200.0):
        begin = 50.0 - 0.064 * hz_s

        def phase(i, begin=begin, hz_s=hz_s):
            t = i / RATE_HZ
            return 2 * math.pi * (begin * t + 0.5 * hz_s * t * t)

        block = made(1024, lambda i, phase=phase: 2048.5 + 1000 * math.sin(phase(i)))
        for module in backends():
            out, withheld, _ = one(module, block, RATE_HZ)
            near(out["cur_rms_a"], 10 / ROOT2, 0.03)
            if hz_s * 0.128 * 0.128 > 0.22:
                withheld_lines(withheld, ("unsteady", "no_line"))
            elif hz_s * 0.128 * 0.128 < 0.18:
                near(out["cur_freq_hz"], 50.0, 0.02)


def test_drive__ripple_that_thinning_could_fold_onto_the_line__frequency_not_moved():
    for ripple_hz in (953.0, 1049.0, 1953.0, 3947.0):
        both = added(
            wave(1024, RATE_HZ, 50.3, 1000), wave(1024, RATE_HZ, ripple_hz, 300, 1.1, middle=0), 0
        )
        for module in backends():
            out, _, _ = one(module, both, RATE_HZ)
            near(out["cur_freq_hz"], 50.3, 0.02)
            near(out["cur_fund_a"], 10 / ROOT2, 0.01)


def test_switched_on_within_the_record__unsteady():
    whole = wave(1024, RATE_HZ, 50.0, 1000)
    block = made(1024, lambda i: whole[i] if i >= 560 else 2048)
    for module in backends():
        _, withheld, _ = one(module, block, RATE_HZ)
        withheld_lines(withheld, ("unsteady", "no_line", "too_short"))


def test_spike__a_single_one__nothing_of_a_line():
    block = made(1024, lambda i: 2048 + 1800 * (i == 300))
    for module in backends():
        _, withheld, _ = one(module, block, RATE_HZ)
        withheld_lines(withheld, ("no_line", "too_short", "unsteady"))


def test_drifting_reference__ramp_beside_the_current__level_without_it():
    ramp = made(1024, lambda i: 2048 + i // 8)
    for module in backends():
        out, withheld, _ = one(module, ramp, RATE_HZ)
        assert withheld["cur_rms_a"] == "too_short" and "cur_freq_hz" in withheld
        both = added(wave(1024, RATE_HZ, 50.0, 1000), ramp)
        out, _, _ = one(module, both, RATE_HZ)
        near(out["cur_freq_hz"], 50.0, 0.02)
        near(out["cur_fund_a"], 10 / ROOT2, 0.01)


def test_full_scale__both_rails__within_tolerance():
    for middle, digits in ((0, 32767), (-16000, 16700), (32000, 700)):
        block = wave(1024, RATE_HZ, 50.0, digits, middle=middle)
        for module in backends():
            out, _, _ = one(module, block, RATE_HZ)
            near(out["cur_rms_a"], digits * SCALE / ROOT2, 0.001 * digits * SCALE)
    block = made(4096, lambda i: 32767 if i // 80 % 2 else -32768)
    for module in backends():
        out, _, _ = one(module, block, RATE_HZ)
        near(out["cur_rms_a"], 327.675, 0.1)


def test_odd__whatever_comes__finite_or_withheld_never_an_exception():
    for seed in range(1, 16):
        kind = seed % 5
        base = noise(256, 1 + seed * 19 % 2000, seed)
        if kind == 1:
            base = made(256, lambda i, b=base: b[i] if i % 7 else -32768)
        elif kind == 2:
            base = made(256, lambda i, b=base: b[i // 32 * 32])
        elif kind == 3:
            base = made(256, lambda i, s=seed: 32767 if (i * s) % 256 < 128 else -32768)
        elif kind == 4:
            base = made(256, lambda i, s=seed: i == s)
        blocks = [base, noise(256, 5, seed), array("h", [seed] * 256), base]
        for rate_hz in (100.0, 333.0, 2000.0, 100000.0):
            for module in backends():
                compute(
                    module,
                    blocks[: 3 + seed % 2],
                    rate_hz,
                    currents=3,
                    delays_us=[0.0, 10.0, 20.0, 30.0][: 3 + seed % 2],
                )
