"""Features of currents that are known, on each backend that this interpreter has."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import SCALE, added, backends, compute, noise, one, wave

from node.current import KEYS, SET_KEYS, Current
from wire import keys as catalogue

ROOT2 = math.sqrt(2)


def near(value, right, away):
    assert abs(value - right) <= away, (value, right, away)


def test_keys__of_a_record__all_of_the_catalogue_but_those_of_others():
    others = ("cur_inrush_", "cur_run", "cur_start", "cur_load", "cur_turns_", "cur_dc_")
    expected = [key for key in catalogue.CURRENT_KEYS if not key.startswith(others)]
    assert sorted(KEYS) == sorted(expected) and len(KEYS) == len(expected)


def test_rms__every_phase_and_frequency__within_a_thousandth():
    for hz in (45.0, 49.9, 50.0, 55.3, 60.0, 65.0):
        for step in range(6):
            block = wave(1024, 8000.0, hz, 1500, step * math.pi / 6)
            for module in backends():
                out, _, _ = one(module, block, 8000.0, keys=("cur_rms_a", "cur_peak_a"))
                near(out["cur_rms_a"], 15 / ROOT2, 0.001 * 15 / ROOT2)
                near(out["cur_peak_a"], 15, 0.03)


def test_rms__three_cycles_and_less__withheld_below():
    for module in backends():
        for hz, given in ((50.0, True), (47.5, True), (41.0, False)):
            block = wave(512, 8000.0, hz, 1500)  # 64 ms
            out, withheld, _ = one(module, block, 8000.0, keys=("cur_rms_a",))
            assert ("cur_rms_a" in out) == given, (hz, out, withheld)
            if given:
                near(out["cur_rms_a"], 15 / ROOT2, 0.002 * 15 / ROOT2)
            else:
                assert withheld == {"cur_rms_a": "too_short"}


def test_rms__noise_of_the_settings__taken_off_in_quadrature():
    block = noise(1024, 20)  # RMS sqrt(20 * 21 / 3) digits
    rms = math.sqrt(20 * 21 / 3) * SCALE
    for module in backends():
        out, _, _ = one(module, block, 8000.0, noise_a=[rms * 0.6])
        near(out["cur_rms_a"], rms * 0.8, 0.05 * rms)
        assert out["cur_noise_a"] == rms * 0.6
        out, withheld, _ = one(module, block, 8000.0, noise_a=[rms * 1.2])
        assert out["cur_rms_a"] == 0.0
        assert withheld["cur_crest"] == "noise" and withheld["cur_freq_hz"] == "noise"


def test_frequency__between_bins_with_harmonics_and_noise__within_a_fiftieth():
    shape = ((3, 0.2, 1.0), (5, 0.1, 0.4), (7, 0.05, 2.0))
    for hz in (45.2, 49.93, 50.01, 52.6, 59.97, 64.7):
        block = added(wave(1024, 8000.0, hz, 1200, 0.7, shape), noise(1024, 2))
        for module in backends():
            out, _, _ = one(module, block, 8000.0)
            near(out["cur_freq_hz"], hz, 0.02)


def test_frequency__rate_unsure_or_unknown__withheld():
    block = wave(1024, 8000.0, 50.0, 1500)
    for module in backends():
        for ppm in (None, 100.1, 5000.0):
            out, withheld, _ = one(module, block, 8000.0, ppm=ppm)
            assert withheld["cur_freq_hz"] == "rate", withheld
            assert "cur_thd_pct" in out
        assert "cur_freq_hz" in one(module, block, 8000.0, ppm=100.0)[0]


def test_frequency__peak_of_99_noises__withheld_of_101__given():
    block = wave(1024, 8000.0, 50.0, 1500)
    for module in backends():
        for times, given in ((99, False), (101, True)):
            out, withheld, _ = one(module, block, 8000.0, noise_a=[15.0 / times])
            assert ("cur_freq_hz" in out) == given
            assert given or withheld["cur_freq_hz"] == "noise"


def test_thd__known_harmonics__within_a_fifth_of_a_point():
    lamp = ((3, 0.8, 0.3), (5, 0.5, 1.0), (7, 0.3, 2.0), (9, 0.2, 0.1), (11, 0.1, 3.0))
    drive = ((5, 0.3, 1.0), (7, 0.12, 0.2), (11, 0.08, 0.5), (13, 0.05, 1.5))
    for shape in (lamp, drive, ((2, 0.01, 0.0),), ((15, 0.04, 0.6),)):
        thd = 100 * math.sqrt(sum([part * part for _, part, _ in shape]))
        block = wave(1024, 8000.0, 50.3, 700, 0.1, shape)
        for module in backends():
            out, _, marked = one(module, block, 8000.0)
            near(out["cur_thd_pct"], thd, 0.05)
            near(out["cur_fund_a"], 7 / ROOT2, 0.0005 * 7)
            near(out["cur_rms_a"], 7 / ROOT2 * math.sqrt(1 + thd * thd / 1e4), 0.002 * 7)
            assert out["cur_thd_order"] == 15 and "cur_thd_pct" not in marked


def test_thd__pure_sine__below_its_floor_and_marked():
    for hz in (50.0, 55.9440559, 8000 / 113, 62.5, 50.3):
        block = wave(1024, 8000.0, hz, 1500)
        for module in backends():
            out, withheld, _ = one(module, block, 8000.0)
            if hz > 70:
                assert withheld["cur_thd_pct"] == "no_line"
                continue
            assert out["cur_thd_pct"] <= 0.05, (hz, out)
            assert out["cur_thd_floor_pct"] >= 0.02


def test_thd_floor__noise_alone__is_what_it_reads():
    for reach in (4, 20):
        sigma = math.sqrt(reach * (reach + 1) / 3)
        read, module = 0.0, None
        for module in backends():
            read = 0.0
            for seed in range(1, 7):
                block = added(wave(1024, 8000.0, 50.0, 1000), noise(1024, reach, seed))
                out, _, marked = one(module, block, 8000.0, noise_a=[sigma * SCALE])
                read += out["cur_thd_pct"] ** 2 / 6
                assert marked["cur_thd_pct"] == "noise"
            near(math.sqrt(read), out["cur_thd_floor_pct"], 0.4 * out["cur_thd_floor_pct"])


def test_thd_floor__jitter__as_much_noise():
    block = wave(1024, 8000.0, 50.0, 1000)
    for module in backends():
        out, _, _ = one(module, block, 8000.0, jitter_us=100.0)
        sigma = 2 * math.pi * 50 * 100e-6 * 10 / ROOT2
        floor = 100 * sigma * math.sqrt(14 * 1024 * 35 / 128) / (10 * 0.1875 * 1024)
        near(out["cur_thd_floor_pct"], floor, 0.01 * floor)


def test_thd__slow_rate__order_stated_and_withheld_below_eleven():
    block = wave(256, 860.0, 50.0, 9000, middle=0)
    for module in backends():
        out, withheld, _ = one(module, block, 860.0)
        assert out["cur_thd_order"] == 7 and withheld["cur_thd_pct"] == "bandwidth"
        near(out["cur_rms_a"], 90 / ROOT2, 0.1)


def test_crest__near_the_noise__marked_then_withheld():
    block = wave(1024, 8000.0, 50.0, 1000)
    for module in backends():
        out, _, marked = one(module, block, 8000.0, noise_a=[10 / 110])
        near(out["cur_crest"], ROOT2, 0.01)
        assert "cur_crest" not in marked
        out, _, marked = one(module, block, 8000.0, noise_a=[10 / 50])
        assert marked["cur_crest"] == "noise"
        out, withheld, _ = one(module, block, 8000.0, noise_a=[1.01])
        assert withheld["cur_crest"] == "noise"


def test_compute__reversed_scale__the_same_levels():
    block = wave(1024, 8000.0, 50.0, 1000)
    for module in backends():
        for key in ("cur_rms_a", "cur_thd_pct", "cur_freq_hz"):
            there, _, _ = one(module, block, 8000.0)
            back, _, _ = one(module, block, 8000.0, scales=[-SCALE])
            near(there[key], back[key], 1e-6 * abs(there[key]))


def test_compute__second_record__leaves_nothing_of_the_first():
    loud, quiet = wave(1024, 8000.0, 50.0, 2000), noise(1024, 3)
    for module in backends():
        current = Current(module, 1024)
        told = [[{}], [{}], [{}]]
        keys = ("cur_rms_a", "cur_crest", "cur_freq_hz", "cur_thd_pct")
        current.compute([loud], [SCALE], 8000.0, 10.0, keys, *told)
        assert len(told[0][0]) == 4
        current.compute([quiet], [SCALE], 8000.0, 10.0, keys, *told)
        again = Current(module, 1024)
        fresh = [[{}], [{}], [{}]]
        again.compute([quiet], [SCALE], 8000.0, 10.0, keys, *fresh)
        assert told == fresh, (told, fresh)


def test_current__what_cannot_work__value_error_and_nothing_computed():
    block = wave(1024, 8000.0, 50.0, 1000)
    short = array("h", bytes(64))
    for module in backends():
        for options in (
            {"currents": 0},
            {"currents": 4},
            {"voltages": 4},
            {"noise_a": [-1.0]},
            {"noise_a": [0.1, 0.1]},
            {"delays_us": [0.0, 0.0]},
            {"pole_pairs": 0},
            {"samples": 1000},
        ):
            samples = options.pop("samples", 1024)
            assert_refused(lambda s=samples, o=options, m=module: Current(m, s, **o))
        current = Current(module, 1024)
        told = [[{"a": 1.0}], [{}]]
        for blocks, scales, rate_hz, keys in (
            ([block, block], [SCALE], 8000.0, ("cur_rms_a",)),
            ([block], [], 8000.0, ("cur_rms_a",)),
            ([short], [SCALE], 8000.0, ("cur_rms_a",)),
            ([block], [0.0], 8000.0, ("cur_rms_a",)),
            ([block], [float("nan")], 8000.0, ("cur_rms_a",)),
            ([block], [SCALE], 0.0, ("cur_rms_a",)),
            ([block], [SCALE], float("nan"), ("cur_rms_a",)),
            ([block], [SCALE], 8000.0, ("acc_rms_g",)),
            ([block], [SCALE], 8000.0, ("cur_starts",)),
        ):
            call = current.compute
            assert_refused(
                lambda b=blocks, s=scales, r=rate_hz, k=keys, c=call, t=told: c(
                    b, s, r, 9.0, k, *t
                )
            )
        assert told == [[{"a": 1.0}], [{}]]


def assert_refused(call):
    try:
        call()
    except ValueError:
        return
    raise AssertionError("no ValueError")


def test_set_keys__one_current__no_phases():
    block = wave(1024, 8000.0, 50.0, 1000)
    for module in backends():
        _, withheld, _ = one(module, block, 8000.0)
        for key in SET_KEYS:
            assert withheld[key] == "no_phases"


def test_compute__all_of_one_length__each_rate_and_length():
    for samples, rate_hz in ((64, 500.0), (128, 860.0), (256, 2000.0), (2048, 10000.0)):
        block = wave(samples, rate_hz, 50.0, 1800)
        for module in backends():
            out, _, _ = compute(module, [block], rate_hz)
            near(out[0]["cur_freq_hz"], 50.0, 0.02)
            near(out[0]["cur_rms_a"], 18 / ROOT2, 0.002 * 18)
    block = wave(4096, 8000.0, 50.02, 1800)
    for module in backends():
        out, _, _ = compute(module, [block], 8000.0)
        near(out[0]["cur_freq_hz"], 50.02, 0.002)


OF_SLOW = ("cur_rms_a", "cur_fund_a")


def averaged(hz, harmonics, averaged_us):
    """A wave of 1000 digits, 16 bits, as a converter shows it whose samples are means."""

    def share(order):
        x = 1e-6 * math.pi * order * hz * averaged_us
        return math.sin(x) / x

    rows = [(order, part * share(order) / share(1), at) for order, part, at in harmonics]
    return wave(256, 520.0, hz, 8000 * share(1), harmonics=rows, middle=0)


def test_rms__converter_that_averages__made_good_at_the_line_it_finds():
    for hz in (45.0, 47.3, 49.9, 50.0, 54.3, 60.0, 63.1):
        block = averaged(hz, (), 1e6 / 860)
        for module in backends():
            out, withheld, marked = one(module, block, 520.0, keys=OF_SLOW, averaged_us=1e6 / 860)
            right = 8000 * SCALE / math.sqrt(2)
            assert abs(out["cur_rms_a"] / right - 1) < 0.001, (hz, out)
            assert abs(out["cur_fund_a"] / right - 1) < 0.001, (hz, out)
            assert not withheld and not marked, (hz, marked)


def test_rms__harmonics_beyond_a_converter_that_averages__marked_then_withheld():
    for fifth, seventh, told in ((0.05, 0.03, None), (0.1, 0.06, "marked"), (0.25, 0.1, "no")):
        block = averaged(49.9, ((5, fifth, 0.3), (7, seventh, 1.0)), 1e6 / 860)
        right = 8000 * SCALE * math.sqrt(0.5 * (1 + fifth**2 + seventh**2))
        for module in backends():
            out, withheld, marked = one(module, block, 520.0, keys=OF_SLOW, averaged_us=1e6 / 860)
            if told == "no":
                assert withheld == {"cur_rms_a": "bandwidth"}, out
                continue
            assert (marked == {"cur_rms_a": "bandwidth"}) == (told == "marked"), (fifth, marked)
            # What is neither marked nor withheld is as right as any other
            assert abs(out["cur_rms_a"] / right - 1) < (0.01 if marked else 0.002), (fifth, out)
    # 52 Hz: the 9th and the 11th pass for the line itself
    _, _, marked = one(module, averaged(52.0, (), 1163.0), 520.0, keys=OF_SLOW, averaged_us=1163.0)
    assert marked == {"cur_rms_a": "bandwidth"}
    out, _, marked = one(
        module, averaged(16.7, (), 1163.0), 520.0, keys=OF_SLOW, averaged_us=1163.0
    )
    assert marked == {"cur_rms_a": "bandwidth"} and "cur_rms_a" in out  # of no line


def test_rms__little_behind_a_converter_that_averages__neither_marked_nor_withheld():
    # A machine that stands, or an open clamp: noise, and noise with some hum
    for reach, hum in ((1, 0), (4, 0), (60, 0), (20, 15)):
        block = added(noise(256, reach, middle=0), wave(256, 520.0, 50.0, hum, middle=0), 0)
        for noise_a in (None, [0.01]):
            for module in backends():
                out, withheld, marked = one(
                    module, block, 520.0, keys=OF_SLOW, averaged_us=1e6 / 860, noise_a=noise_a
                )
                assert "cur_rms_a" in out and not marked, (reach, hum, withheld, marked)


def test_voltage__harmonics_beyond_a_converter_that_averages__marked_as_a_current_is():
    keys = ("cur_volt_v", "cur_apparent_va", "cur_power_factor", "cur_power_w")
    clean = averaged(49.9, (), 1e6 / 860)
    some = averaged(49.9, ((5, 0.1, 0.3), (7, 0.06, 1.0)), 1e6 / 860)
    many = averaged(49.9, ((5, 0.25, 0.3), (7, 0.1, 1.0)), 1e6 / 860)
    options = {"keys": keys, "currents": 1, "averaged_us": 1e6 / 860, "delays_us": [0.0, 0.0]}
    for module in backends():
        _, withheld, marked = compute(module, [clean, some], 520.0, **options)
        assert not withheld[0] and marked[0] == {"cur_volt_v": "bandwidth"}, marked
        _, withheld, marked = compute(module, [clean, many], 520.0, **options)
        assert withheld[0] == {"cur_volt_v": "bandwidth"} and not marked[0], withheld
        _, withheld, marked = compute(module, [some, clean], 520.0, **options)
        both = dict.fromkeys(("cur_apparent_va", "cur_power_factor"), "bandwidth")
        assert not withheld[0] and marked[0] == both, marked
