"""Features of the spectrum of known signals, on each backend that this interpreter has."""

import math
from array import array

from node import spectrum
from node.dsp import backend
from node.vibration import Vibration
from wire import settings, validity

RATE_HZ, SCALE = 3200.0, 0.00049
LINE_KEYS = ("line1_hz", "line1_g", "line2_hz", "line2_g")
OTHER_KEYS = ("hf_rms_g", "zone", "shaft_hz", "shaft_confidence", "order1_mm_s", "kurtosis")
TIME_KEYS = ("acc_rms_g", "mean_g", "kurtosis", "acc_peak_g")
SEVERITY_KEYS = ("vel_rms_mm_s", "disp_rms_um", "disp_p2p_um")
MM_S2 = 9806.65


def backends():
    yield backend("viper")
    try:
        yield backend("ulab")
    except ValueError:
        pass  # this interpreter has no ulab


def tones(samples, *parts):
    """int16[samples] of the sum of (hertz, g, phase), rounded to digits."""
    block = array("h", bytes(2 * samples))
    for i in range(samples):
        x = 0.0
        for hertz, g, phase in parts:
            turns = hertz * i / RATE_HZ
            x += g * math.sin(2 * math.pi * (turns - int(turns)) + phase)
        block[i] = round(x / SCALE)
    return block


def compute(module, block, keys, rate_hz=RATE_HZ, marked=None, **options):
    out, withheld = {}, {}
    vibration = Vibration(module, len(block), **options)
    vibration.compute(block, SCALE, rate_hz, keys, out, withheld, marked)
    assert set(out) | set(withheld) == set(keys) and not set(out) & set(withheld)
    for key in out:
        assert -1e30 < out[key] < 1e30, (module.NAME, key, out[key])
    return out, withheld


def near(where, got, expected, part):
    assert abs(got - expected) <= part * abs(expected), (where, got, expected)


def velocity(hertz, g):
    return g * MM_S2 / math.sqrt(2.0) / (2 * math.pi * hertz)


def test_lines__tone_anywhere_between_bins__place_and_amplitude():
    for samples in (256, 1024, 4096):
        bin_hz = RATE_HZ / samples
        for tenth in range(0, 10, 3):
            hertz = (40 + tenth / 10) * bin_hz
            block = tones(samples, (hertz, 3.0, 0.7))
            for module in backends():
                out, _ = compute(module, block, LINE_KEYS[:2])
                where = (module.NAME, samples, tenth, out)
                assert abs(out["line1_hz"] - hertz) <= 0.003 * bin_hz, where
                near(where, out["line1_g"], 3.0, 0.001)


def test_lines__two_40_db_apart__both_found():
    block = tones(1024, (203.1, 8.0, 0.1), (911.7, 0.08, 2.0))
    for module in backends():
        out, _ = compute(module, block, LINE_KEYS)
        assert abs(out["line2_hz"] - 911.7) <= 0.05 * RATE_HZ / 1024, (module.NAME, out)
        near(module.NAME, out["line2_g"], 0.08, 0.01)


def test_severity__one_tone__its_velocity_and_displacement():
    for samples in (1024, 4096):
        for hertz in (151.3, 480.0, 971.9):
            block = tones(samples, (hertz, 2.5, 0.4))
            for module in backends():
                out, withheld = compute(module, block, SEVERITY_KEYS)
                where = (module.NAME, samples, hertz, out)
                # The Hann window spreads a tone over four bins, which 1/f weighs unevenly.
                near(where, out["vel_rms_mm_s"], velocity(hertz, 2.5), 0.003)
                if hertz > 200.0:  # at 10 Hz that would be under a 2000th of the record
                    assert withheld["disp_rms_um"] == withheld["disp_p2p_um"] == "below_floor"
                    continue
                microns = 1000 * velocity(hertz, 2.5) / (2 * math.pi * hertz)
                near(where, out["disp_rms_um"], microns, 0.006)
                near(where, out["disp_p2p_um"], 2 * math.sqrt(2) * out["disp_rms_um"], 1e-5)


def test_severity__20_mg_under_a_resonance_of_5_g__one_percent():
    block = tones(4096, (24.7, 0.020, 0.4), (1280.9, 5.0, 1.0))
    expected = velocity(24.7, 0.020)
    for module in backends():
        out, _ = compute(module, block, ("vel_rms_mm_s", "order1_mm_s"), shaft_hz=24.7)
        near(module.NAME, out["order1_mm_s"], expected, 0.01)
        # 24.7 Hz are 32 bins: the weights within the line make 0.3 %.
        near(module.NAME, out["vel_rms_mm_s"], expected, 0.01)


def test_bands__tones_in_and_out__root_of_their_squares():
    block = tones(1024, (60.0, 0.5, 0.4), (300.3, 1.0, 1.0), (1400.0, 2.0, 2.0))
    for module in backends():
        out, _ = compute(
            module,
            block,
            ("band1_g", "band2_g", "hf_rms_g"),
            bands=((20.0, 100.0), (20.0, 500.0)),
        )
        near(module.NAME, out["band1_g"], 0.5 / math.sqrt(2), 0.002)
        near(module.NAME, out["band2_g"], math.sqrt(1.25 / 2), 0.002)
        near(module.NAME, out["hf_rms_g"], 2.0 / math.sqrt(2), 0.002)


def test_orders__speed_given__velocity_of_each_harmonic():
    parts = ((29.6, 0.3, 0.4), (59.2, 0.2, 1.0), (88.8, 0.1, 2.0))
    block = tones(4096, *parts)
    keys = ("shaft_hz", "shaft_confidence", "order1_mm_s", "order2_mm_s", "order3_mm_s")
    for module in backends():
        # 0.5 % off: an order is looked for within 1 %.
        out, _ = compute(module, block, keys, shaft_hz=29.6 * 1.005)
        assert out["shaft_confidence"] == 1.0
        for n, (hertz, g, _) in enumerate(parts):
            near(module.NAME, out["order%d_mm_s" % (n + 1)], velocity(hertz, g), 0.003)


def test_orders__no_speed_to_be_found__withheld():
    for module in backends():
        out, withheld = compute(module, array("h", [9] * 1024), ("shaft_hz", "order1_mm_s"))
        assert not out and withheld["order1_mm_s"] in ("no_speed", "uncertain_speed"), withheld


def test_spectrum__silence__zero_or_withheld():
    keys = SEVERITY_KEYS + LINE_KEYS + OTHER_KEYS[:2]
    for level in (0, 32767, -32768):
        for module in backends():
            out, withheld = compute(module, array("h", [level] * 2048), keys, machine=(1, "rigid"))
            assert set(withheld) == set(LINE_KEYS) and withheld["line1_g"] == "silent", withheld
            assert all(value == 0.0 for value in out.values()), (module.NAME, level, out)


def test_spectrum__whatever_the_block_holds__finite():
    blocks = (
        array("h", [32767 if i // 3 % 2 else -32768 for i in range(512)]),
        array("h", [(i == 100) * 32767 for i in range(512)]),
        array("h", [i % 2 for i in range(512)]),
        array("h", [i * 128 - 32768 for i in range(512)]),
    )
    keys = SEVERITY_KEYS + LINE_KEYS + OTHER_KEYS
    for block in blocks:
        for module in backends():
            compute(module, block, keys, rate_hz=2500.0, machine=(2, "flexible"))


def test_wide__the_same_samples_in_32_bits__the_same_values():
    block = tones(1024, (203.1, 8.0, 0.1), (911.7, 0.08, 2.0))
    wide = array("i", [value * 256 for value in block])
    keys = SEVERITY_KEYS + LINE_KEYS + TIME_KEYS
    for module in backends():
        narrow, _ = compute(module, block, keys)
        out = {}
        Vibration(module, 1024, wide=True).compute(wide, SCALE / 256, RATE_HZ, keys, out, {})
        for key in keys:
            bound = 1e-5 * max(abs(narrow[key]), 0.1)
            assert abs(out[key] - narrow[key]) <= bound, (module.NAME, key, out[key], narrow[key])


def test_validity__short_records__withheld_then_marked():
    block = tones(1024, (150.0, 1.0, 0.4))
    module, marked = backend("viper"), {}
    out, withheld = compute(module, block, SEVERITY_KEYS, rate_hz=6401.0, marked=marked)
    assert set(withheld.values()) == {"too_short"} and not out and not marked
    out, withheld = compute(module, block, SEVERITY_KEYS, rate_hz=3200.0, marked=marked)
    assert set(marked) == set(out) == set(SEVERITY_KEYS) and marked["vel_rms_mm_s"] == "short"
    out, withheld = compute(module, block, SEVERITY_KEYS, rate_hz=2500.0, marked=marked)
    assert len(out) == 3 and not marked
    _, withheld = compute(module, block, SEVERITY_KEYS, rate_hz=2500.0, shaft_hz=9.0)
    assert set(withheld.values()) == {"too_short"}


def test_floor__quiet_beside_a_strong_tone__withheld_not_wrong():
    keys = ("hf_rms_g", "band1_g", "vel_rms_mm_s", "zone", "line1_hz", "line2_hz", "line2_g")
    keys += ("order1_mm_s",)
    options = {"bands": ((300.0, 500.0),), "shaft_hz": 80.0, "machine": (2, "rigid")}
    # 1211 Hz bear all: 400 Hz and 80 Hz, 66 dB below, are under the floor, 54 dB below they hold.
    for quiet_g, told in ((0.005, False), (0.02, True)):
        block = tones(4096, (1211.3, 10.0, 0.4), (400.3, quiet_g, 1.0), (80.1, quiet_g, 2.0))
        for module in backends():
            out, withheld = compute(module, block, keys, **options)
            where = (module.NAME, quiet_g, out, withheld)
            near(where, out["hf_rms_g"], 10.0 / math.sqrt(2.0), 0.001)
            assert abs(out["line1_hz"] - 1211.3) < 0.01, where
            for key in ("band1_g", "line2_hz", "line2_g", "order1_mm_s"):
                assert (key in out) == told and (told or withheld[key] == "below_floor"), where
            if told:
                near(where, out["band1_g"], quiet_g / math.sqrt(2.0), 0.01)
                near(where, out["order1_mm_s"], velocity(80.1, quiet_g), 0.01)
                near(where, out["line2_g"], quiet_g, 0.01)


def test_floor__velocity_next_to_nothing__no_zone_either():
    # A tone at half the rate, where severity ends long before.
    block = array("h", [20000 * (i % 2) for i in range(4096)])
    for module in backends():
        out, withheld = compute(module, block, SEVERITY_KEYS + ("zone",), machine=(2, "rigid"))
        assert not out and set(withheld.values()) == {"below_floor"}, (module.NAME, out, withheld)


def test_floor__wanted_alone__needs_no_other_key():
    block = tones(1024, (1211.3, 8.0, 0.4))
    for module in backends():
        options = {"bands": ((20.0, 500.0),)}
        for _ in range(2):
            _, withheld = compute(module, block, ("band1_g",), **options)
            assert withheld == {"band1_g": "below_floor"}, (module.NAME, withheld)


def test_zone__iso_20816_3__from_velocity_and_machine():
    module = backend("viper")
    block = tones(2048, (480.0, 6.2, 0.4))  # 14.3 mm/s
    out, _ = compute(module, block, ("zone", "vel_rms_mm_s"), machine=(1, "flexible"))
    assert out["zone"] == 3.0 and out["vel_rms_mm_s"] > 11.0
    out, _ = compute(module, tones(2048, (480.0, 2.0, 0.4)), ("zone",), machine=(1, "flexible"))
    assert out["zone"] == 1.0
    _, withheld = compute(module, block, ("zone",))
    assert withheld == {"zone": "no_machine"}
    options = {"machine": (1, "rigid"), "bandwidth_hz": 500.0}
    _, withheld = compute(module, block, ("zone",), **options)
    assert withheld == {"zone": "bandwidth"}


def raised(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except ValueError as error:
        return str(error)
    return ""


def test_vibration__options_that_cannot_work__value_error_names_them():
    module = backend("viper")
    inf, nan = float("inf"), float("nan")
    for said, options in (  # what it is, its value, and what would do
        (("bands", "5", "4 at most"), {"bands": ((1.0, 2.0),) * 5}),
        (("bands", "20.0 to 20.0", "0 <= low < high"), {"bands": ((20.0, 20.0),)}),
        (("bands", "-1.0", "0 <= low < high"), {"bands": ((-1.0, 20.0),)}),
        (("bands", "inf", "high < 1e6"), {"bands": ((1.0, inf),)}),
        (("bands", "nan", "0 <= low < high"), {"bands": ((1.0, 2.0), (nan, 20.0))}),
        (("shaft_hz", "0.0", "between 0 and 1000"), {"shaft_hz": 0.0}),
        (("shaft_hz", "nan", "between 0 and 1000"), {"shaft_hz": nan}),
        (("shaft_range_hz", "9.0", "low < high"), {"shaft_range_hz": (9.0, 9.0)}),
        (("shaft_range_hz", "inf", "high < 1e6"), {"shaft_range_hz": (9.0, inf)}),
        (("bandwidth_hz", "5.0", "above 10"), {"bandwidth_hz": 5.0}),
        (("noise_g_rthz", "0.0", "above 0"), {"noise_g_rthz": 0.0}),
        (("machine", "3 'rigid'", "1 rigid"), {"machine": (3, "rigid")}),
        (("samples", "1000", "64, 128, 256, 512, 1024, 2048, 4096"), {"samples": 1000}),
        (("samples", "256.0", "64, 128"), {"samples": 256.0}),
        (("samples", "None", "64, 128"), {"samples": None}),
    ):
        given = {"samples": 256}
        given.update(options)
        text = raised(Vibration, module, **given)
        for part in said:
            assert part in text, (part, text, options)
    vibration = Vibration(module, 256, bands=((20.0, 1300.0),))
    block, out = tones(256, (300.0, 1.0, 0.0)), {"kept": 1.0}
    text = raised(vibration.compute, block, SCALE, 3200.0, ("band2_g",), out, {})
    assert text.startswith("band2_g: 1 bands") and out == {"kept": 1.0}, text
    text = raised(vibration.compute, block, SCALE, 3200.0, ("order4_mm_s",), out, {})
    assert "'order4_mm_s'" in text and "order3_mm_s" in text and out == {"kept": 1.0}, text


def test_bands__slow_sensor__withheld_and_the_others_given():
    block = tones(1024, (300.0, 1.0, 0.4))
    bands = ((20.0, 1600.0), (20.0, 500.0), (100.0, 100.5))
    keys = ("band1_g", "band2_g", "band3_g", "acc_rms_g")
    for module in backends():
        out, withheld = compute(module, block, keys, bands=bands)
        assert withheld == {"band3_g": "too_short"} and out["band1_g"] > 0.7, (out, withheld)
        # Half a bin: what rounds to half of the rate is still inside.
        out, withheld = compute(module, block, keys, rate_hz=3199.0, bands=bands)
        assert "band1_g" in out, withheld
        out, withheld = compute(module, block, keys, rate_hz=3150.0, bands=bands)
        assert withheld == {"band1_g": "above_nyquist", "band3_g": "too_short"}, withheld
        near(module.NAME, out["band2_g"], 1 / math.sqrt(2), 0.002)


def test_zone__noise_of_the_sensor__at_most_a_quarter_of_the_limit():
    module, keys = backend("viper"), ("zone",)
    block = tones(2048, (480.0, 2.0, 0.4))
    # 7 to 1002 Hz: 1 ug/sqrt(Hz) makes 5.9e-4 mm/s; group 2, rigid: 1.4 mm/s, a quarter 0.35.
    for density, machine, good in (
        (560e-6, (2, "rigid"), True),
        (800e-6, (2, "rigid"), False),
        (800e-6, (2, "flexible"), True),
        (1800e-6, (1, "flexible"), False),
    ):
        options = {"machine": machine, "noise_g_rthz": density}
        out, withheld = compute(module, block, keys, **options)
        assert withheld == ({} if good else {"zone": "noise"}), (density, machine, out, withheld)


def test_noise_integrated__white_noise__as_the_velocity_of_a_record():
    # What the kernels make of noise of a known density, over 40 records.
    import random

    random.seed(10)
    module, density, total = backend("viper"), 2e-3, 0.0
    sigma = density * math.sqrt(RATE_HZ / 2) / SCALE
    for _ in range(40):
        block = array("h", [round(sigma * (sum_of_12() - 6.0)) for _ in range(2048)])
        out, _ = compute(module, block, ("vel_rms_mm_s",))
        total += out["vel_rms_mm_s"] * out["vel_rms_mm_s"]
    bin_hz = RATE_HZ / 2048
    low, high = spectrum.severity_bins(2048, bin_hz, 1000.0)
    expected = MM_S2 * spectrum.noise_integrated(density, bin_hz, low, high)
    near("noise", math.sqrt(total / 40), expected, 0.1)


def sum_of_12():
    """Nearly normal, of variance 1 about 6."""
    import random

    return sum([random.random() for _ in range(12)])


def test_zone__slow_shaft__withheld_as_no_record_can_hold_what_it_needs():
    block = tones(4096, (480.0, 2.0, 0.4))
    options = {"machine": (1, "rigid"), "shaft_hz": 8.0}
    for rate_hz, reason in ((2048.0, "bandwidth"), (2600.0, "slow_shaft")):
        _, withheld = compute(backend("viper"), block, ("zone",), rate_hz=rate_hz, **options)
        assert withheld == {"zone": reason}, withheld
    # When records get longer than this, such zones become possible, and are to be computed.
    assert 0.4 * max(settings.SAMPLES) / validity.SLOW_LEAST_S < validity.ZONE_TO_HZ
