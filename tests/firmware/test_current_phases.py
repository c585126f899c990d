"""Three phases and their voltages: unbalance, sequences, order, power, on each backend."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import OF_VOLTAGES, SCALE, added, backends, compute, noise, wave

ROOT2, THIRD = math.sqrt(2), 2 * math.pi / 3
TOGETHER = (0.0, 0.0, 0.0)


def near(value, right, away):
    assert abs(value - right) <= away, (value, right, away)


def three(amplitudes=(1000, 1000, 1000), order=(0, 1, 2), later_us=TOGETHER, hz=50.0, shifts=None):
    """Blocks of three phases; order: which third of a turn each lags by."""
    shifts = shifts or (0.0, 0.0, 0.0)
    return [
        wave(
            1024,
            8000.0,
            hz,
            amplitudes[i],
            0.4 - order[i] * THIRD + shifts[i],
            later_us=later_us[i],
        )
        for i in range(3)
    ]


def sequences(amplitudes, shifts=(0.0, 0.0, 0.0)):
    """(forward, backward) of phasors at 0, -120, -240 degrees."""
    found = []
    for sign in (1, -1):
        real = imag = 0.0
        for i in range(3):
            angle = -i * THIRD + shifts[i] + sign * i * THIRD
            real += amplitudes[i] * math.cos(angle)
            imag += amplitudes[i] * math.sin(angle)
        found.append(math.sqrt(real * real + imag * imag))
    return found


def test_unbalance__known_levels__within_a_tenth_of_a_point():
    for amplitudes in ((1000, 1000, 1000), (1000, 1050, 990), (400, 1000, 900), (0, 1000, 1000)):
        blocks = three(amplitudes)
        mean = sum(amplitudes) / 3
        right = 100 * max([abs(a - mean) for a in amplitudes]) / mean
        for module in backends():
            out, _, _ = compute(module, blocks, 8000.0, delays_us=TOGETHER)
            near(out[0]["cur_unbalance_pct"], right, 0.1)
            assert "cur_unbalance_pct" not in out[1]


def test_unbalance__of_noise_or_silence__withheld():
    for module in backends():
        blocks = [noise(1024, 3, seed) for seed in (1, 2, 3)]
        _, withheld, _ = compute(module, blocks, 8000.0, noise_a=[0.02] * 3, delays_us=TOGETHER)
        assert withheld[0]["cur_unbalance_pct"] == "noise"
        silent = [array("h", [2048] * 1024) for _ in range(3)]
        _, withheld, _ = compute(module, silent, 8000.0, delays_us=TOGETHER)
        for key in ("cur_unbalance_pct", "cur_neg_seq_pct", "cur_phase_order"):
            assert withheld[0][key] == "silent", withheld[0]


def test_sequences__round_robin_with_its_delays__as_if_together():
    for delays in (TOGETHER, (0.0, 20.0, 40.0), (0.0, -300.0, 500.0)):
        for amplitudes in ((1000, 1000, 1050), (1000, 900, 1000)):
            blocks = three(amplitudes, later_us=delays, hz=50.07)
            forward, backward = sequences(amplitudes)
            for module in backends():
                out, _, _ = compute(module, blocks, 8000.0, delays_us=delays)
                near(out[0]["cur_neg_seq_pct"], 100 * backward / forward, 0.05)
                assert out[0]["cur_phase_order"] == 1


def test_sequences__delays_forgotten__wrong_by_points():
    blocks = three(later_us=(0.0, 300.0, 600.0))
    for module in backends():
        out, _, _ = compute(module, blocks, 8000.0, delays_us=TOGETHER)
        assert out[0]["cur_neg_seq_pct"] > 4


def test_sequences__channels_swapped__the_same_and_the_order_turned():
    for order in ((0, 2, 1), (1, 0, 2), (2, 1, 0)):
        for module in backends():
            blocks = three((1000, 1030, 1000), order)
            out, _, _ = compute(module, blocks, 8000.0, delays_us=TOGETHER)
            assert out[0]["cur_phase_order"] == -1, order
            assert 0.9 < out[0]["cur_neg_seq_pct"] < 1.1
    for order in ((1, 2, 0), (2, 0, 1)):
        for module in backends():
            out, _, _ = compute(module, three(order=order), 8000.0, delays_us=TOGETHER)
            assert out[0]["cur_phase_order"] == 1, order


def test_sequences__one_clamp_reversed__withheld_unless_the_scale_says_so():
    blocks = three(shifts=(0.0, math.pi, 0.0))
    for module in backends():
        out, withheld, _ = compute(module, blocks, 8000.0, delays_us=TOGETHER)
        assert withheld[0]["cur_neg_seq_pct"] == withheld[0]["cur_phase_order"] == "clamp"
        near(out[0]["cur_unbalance_pct"], 0.0, 0.1)
        scales = [SCALE, -SCALE, SCALE]
        out, _, _ = compute(module, blocks, 8000.0, scales=scales, delays_us=TOGETHER)
        near(out[0]["cur_neg_seq_pct"], 0.0, 0.1)
        assert out[0]["cur_phase_order"] == 1


def test_turned_share__one_clamp_reversed__says_which():
    from node.current import Current

    blocks = three(shifts=(0.0, math.pi, 0.0))
    for module in backends():
        current = Current(module, 1024, 3, 0, None, [0.0] * 3)
        assert current.turned_share(0) is None
        unused = [{}, {}, {}]
        current.compute(blocks, [SCALE] * 3, 8000.0, None, (), unused, unused)
        near(current.zero_share, 2 / 3, 0.01)
        assert current.turned_share(1) < 0.01
        assert current.turned_share(0) > 0.6 and current.turned_share(2) > 0.6


def test_sequences__a_phase_lost__all_negative_and_no_order():
    blocks = three((1000, 1000, 0), shifts=(0.0, -math.pi + THIRD, 0.0))
    for module in backends():
        out, withheld, _ = compute(module, blocks, 8000.0, delays_us=TOGETHER)
        near(out[0]["cur_neg_seq_pct"], 100.0, 0.2)
        assert withheld[0]["cur_phase_order"] == "unbalanced"
        near(out[0]["cur_unbalance_pct"], 100.0, 0.2)
        assert out[2]["cur_rms_a"] == 0.0


def test_sequences__not_sampled_together__withheld():
    for module in backends():
        out, withheld, _ = compute(module, three(), 8000.0)
        assert withheld[0]["cur_neg_seq_pct"] == withheld[0]["cur_phase_order"] == "not_together"
        assert "cur_unbalance_pct" in out[0]


def powers(module, lag, delays, hz=50.0, distorted=()):
    """A current that lags its voltage; each shown as late as the delays say."""
    current = wave(1024, 8000.0, hz, 900, 0.9 - lag, distorted, 2048, delays[0])
    voltage = wave(1024, 8000.0, hz, 1600, 0.9, (), 2040, delays[1])
    out, withheld, _ = compute(
        module, [current, voltage], 8000.0, currents=1, scales=[SCALE, 0.2], delays_us=delays
    )
    return out[0], withheld[0]


def test_power__factors_down_to_three_tenths__within_half_a_percent():
    apparent = 9.0 / ROOT2 * 320.0 / ROOT2
    for factor in (1.0, 0.8, 0.5, 0.3, -0.3, -1.0):
        for delays in ((0.0, 0.0), (0.0, 62.5), (-150.0, 40.0)):
            for hz in (49.7, 60.0):
                for module in backends():
                    out, _ = powers(module, math.acos(factor), delays, hz)
                    near(out["cur_power_w"], apparent * factor, 0.005 * apparent * abs(factor))
                    near(out["cur_power_factor"], factor, 0.005 * abs(factor))
                    near(out["cur_apparent_va"], apparent, 0.002 * apparent)
                    near(out["cur_volt_v"], 320.0 / ROOT2, 0.2)


def test_power__distorted_current__the_fundamental_alone_works():
    for delays in ((0.0, 0.0), (30.0, -30.0)):
        for module in backends():
            out, _ = powers(module, 0.3, delays, distorted=((3, 0.7, 0.4), (5, 0.4, 1.0)))
            right = 9.0 * 320.0 / 2 * math.cos(0.3)
            near(out["cur_power_w"], right, 0.005 * right)
            near(out["cur_power_factor"], math.cos(0.3) / math.sqrt(1.65), 0.003)


def test_power__current_without_a_line_of_its_own__at_the_voltage_s():
    voltage = wave(1024, 8000.0, 50.0, 1600, 0.9, later_us=400.0)
    part = wave(1024, 8000.0, 50.0, 150, 0.2, middle=0)
    current = added(part, wave(1024, 8000.0, 430.0, 1000), 0)
    right = 1.5 * 320.0 / 2 * math.cos(0.7)
    for module in backends():
        blocks, scales = [current, voltage], [SCALE, 0.2]
        out, withheld, _ = compute(
            module, blocks, 8000.0, currents=1, scales=scales, delays_us=(0.0, 400.0)
        )
        assert withheld[0]["cur_freq_hz"] == "no_line"
        near(out[0]["cur_power_w"], right, 0.02 * right)


def test_power__no_voltage_or_not_together__withheld_with_its_reason():
    current, voltage = wave(1024, 8000.0, 50.0, 900), wave(1024, 8000.0, 50.0, 1600)
    for module in backends():
        _, withheld, _ = compute(module, [current], 8000.0)
        assert [withheld[0][key] for key in OF_VOLTAGES] == ["no_voltage"] * 4
        out, withheld, _ = compute(module, [current, voltage], 8000.0, currents=1)
        assert withheld[0]["cur_power_w"] == withheld[0]["cur_power_factor"] == "not_together"
        assert "cur_apparent_va" in out[0]
        _, withheld, _ = compute(
            module, [current, current, voltage], 8000.0, currents=2, delays_us=TOGETHER
        )
        assert withheld[1]["cur_power_w"] == "no_voltage" and "cur_power_w" not in withheld[0]


def test_power__no_load__nothing_and_no_factor():
    voltage, idle = wave(1024, 8000.0, 50.0, 1600), array("h", [2048] * 1024)
    for module in backends():
        for delays in ((0.0, 0.0), (0.0, 62.5)):
            out, withheld, _ = compute(
                module, [idle, voltage], 8000.0, currents=1, delays_us=delays
            )
            assert out[0]["cur_power_w"] == 0.0 and out[0]["cur_rms_a"] == 0.0
            assert withheld[0]["cur_power_factor"] == "silent"
            hum = noise(1024, 3)
            out, withheld, _ = compute(
                module, [hum, voltage], 8000.0, currents=1, noise_a=[0.02], delays_us=delays
            )
            near(out[0]["cur_power_w"], 0.0, 1.0)
            assert withheld[0]["cur_power_factor"] == "noise"


def test_supply__voltages_with_a_negative_sequence__as_it_was_put_in():
    from node.current import Current

    for later_us in ((0.0,) * 6, (0.0, 20.0, 40.0, 60.0, 80.0, 100.0)):
        blocks = three(later_us=later_us[:3]) + three((1000, 1000, 970), later_us=later_us[3:])
        forward, backward = sequences((1000, 1000, 970))
        for module in backends():
            for delays, right in ((later_us, 100 * backward / forward), (None, None)):
                current = Current(module, 1024, 3, 3, None, delays)
                told = [[{}, {}, {}], [{}, {}, {}]]
                current.compute(blocks, [SCALE] * 6, 8000.0, 50.0, ("cur_fund_a",), *told)
                if right is None:
                    assert current.supply_pct() is None  # not sampled together
                else:
                    near(current.supply_pct(), right, 0.05)
    current = Current(module, 1024, 3, 0, None, [0.0] * 3)
    current.compute(blocks[:3], [SCALE] * 3, 8000.0, 50.0, ("cur_fund_a",), *told)
    assert current.supply_pct() is None  # none are wired
