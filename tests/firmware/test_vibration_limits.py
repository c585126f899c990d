"""Edges at which a value counts, of spectra written down bin by bin: 0.5 % on each side.

Bins are of 1 Hz unless a test says otherwise.  The limits are those of docs/features.md.
"""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

import spectrum_rig as rig

from node.vibration import Vibration

SCALE = 0.001  # g per digit
SEVERITY = ("vel_rms_mm_s", "disp_rms_um", "disp_p2p_um")
MM_S2 = 9806.65


def compute(keys, powers, rate_hz=None, rms=0.0, **options):
    backend = rig.Given(powers, rms)
    vibration = Vibration(backend, backend.samples, **options)
    out, withheld, marked = {}, {}, {}
    rate_hz = float(rate_hz or backend.samples)
    vibration.compute(array("h"), SCALE, rate_hz, keys, out, withheld, marked)
    assert set(out) | set(withheld) == set(keys) and not set(out) & set(withheld)
    return out, withheld, marked


def one(key, powers, rate_hz=None, rms=0.0, **options):
    """The value of a key, or why it is withheld."""
    out, withheld, _ = compute((key,), powers, rate_hz, rms, **options)
    return out.get(key, withheld.get(key))


def near(where, got, expected, part=1e-4):
    assert abs(got - expected) <= part * abs(expected), (where, got, expected)


def test_velocity__one_bin__its_power_over_its_angular_frequency():
    for k in (11, 100, 1001):
        for rate_hz in (4096.0, 3900.0):
            bin_hz = rate_hz / 4096
            out, _, _ = compute(SEVERITY, rig.spectrum(4096, **{"k%d" % k: 500}), rate_hz)
            turn = 2 * math.pi * k * bin_hz
            mm_s = MM_S2 * 500 * SCALE / math.sqrt(3) / turn
            near((k, rate_hz), out["vel_rms_mm_s"], mm_s)
            near((k, rate_hz), out["disp_rms_um"], 1000 * mm_s / turn)
            near((k, rate_hz), out["disp_p2p_um"], 2000 * math.sqrt(2) * mm_s / turn)


def test_velocity__beside_its_edges__nothing():
    for bandwidth_hz, rate_hz, last in (
        (5000.0, 4096.0, 1001),
        (800.0, 4096.0, 801),
        (1005.0, 4096.0, 1001),
        (5000.0, 2048.0, 1639),  # 0.4 * 2048 Hz are 1638.4 bins of 0.5 Hz, and one more
        (5000.0, 2476.0, 1639),  # 990.4 Hz
    ):
        options = {"bandwidth_hz": bandwidth_hz}
        first = 19 if rate_hz == 2048.0 else 9 if rate_hz == 4096.0 else 16
        for k, counts in ((first - 1, 0), (first, 1), (last, 1), (last + 1, 0)):
            powers = rig.spectrum(4096, **{"k%d" % k: 500})
            out, _, _ = compute(SEVERITY, powers, rate_hz, **options)
            for key in SEVERITY:
                assert (out[key] > 0.0) == bool(counts), (options, rate_hz, k, key, out)


def test_velocity__under_a_2000th_of_the_record__below_floor():
    # As if the record's RMS were a tone at the lower edge: bin 9, bin 18, bin 9.
    for k, velocity_share, displacement_share in ((9, 1.0, 1.0), (18, 2.0, 4.0)):
        for told, part in ((False, 0.996), (True, 1.004)):
            for share, keys in (
                (velocity_share, ("vel_rms_mm_s",)),
                (displacement_share, ("disp_rms_um", "disp_p2p_um")),
            ):
                amplitude = part * 5e-4 * 20000.0 * share * math.sqrt(3)
                powers = rig.spectrum(4096, **{"k%d" % k: amplitude})
                out, withheld, _ = compute(keys, powers, rms=20000.0)
                where = (k, part, out, withheld)
                assert (set(out) == set(keys)) == told, where
                assert told or set(withheld.values()) == {"below_floor"}, where


def test_hf__1000_hz_to_half_the_rate__root_of_its_bins():
    near("sum", one("hf_rms_g", rig.spectrum(4096, k1000=300, k2047=400)), 0.5 / math.sqrt(3))
    near("in", one("hf_rms_g", rig.spectrum(4096, k1000=300)), 0.3 / math.sqrt(3))
    assert one("hf_rms_g", rig.spectrum(4096, k999=300)) == 0.0
    # 1000 Hz are 1024.4 bins, then 1024.6.
    for rate_hz, first in ((4096 / 1.0244, 1024), (4096 / 1.0246, 1025)):
        for k in (1023, 1024, 1025, 1026):
            value = one("hf_rms_g", rig.spectrum(4096, **{"k%d" % k: 300}), rate_hz)
            assert (value > 0.0) == (k >= first), (rate_hz, k, value)
    assert one("hf_rms_g", rig.spectrum(1024, k511=300), 1995.0) == "above_nyquist"
    assert one("hf_rms_g", rig.spectrum(1024, k511=300), 2005.0) > 0.0


def test_floor__of_accelerations__a_thousandth_of_the_record():
    for part in (0.997, 1.003):
        powers = rig.spectrum(4096, k1500=part * 20.0 * math.sqrt(3))
        for key in ("hf_rms_g", "band1_g"):
            value = one(key, powers, rms=20000.0, bands=((1200.0, 1600.0),))
            assert (value == "below_floor") == (part < 1.0), (key, part, value)
        # A line's RMS is its amplitude over the root of 2.
        powers = rig.spectrum(4096, k80=part * 20.0 * math.sqrt(2))
        for key in ("line1_hz", "line1_g", "order1_mm_s"):
            value = one(key, powers, rms=20000.0, shaft_hz=80.0)
            assert (value == "below_floor") == (part < 1.0), (key, part, value)


def test_band__edges__its_lower_one_is_in_it_and_its_upper_one_not():
    for k, inside in ((19, False), (20, True), (99, True), (100, False)):
        powers = rig.spectrum(512, **{"k%d" % k: 300})
        for bin_hz in (1.0, 5.0):
            bands = ((19.6 * bin_hz, 100.4 * bin_hz),)
            value = one("band1_g", powers, 512 * bin_hz, bands=bands)
            assert abs(value - (0.3 / math.sqrt(3) if inside else 0.0)) < 1e-6, (k, value)


def test_lines__place_and_amplitude__in_hz_and_g():
    powers = [0.0] * 1024
    rig.line(powers, 200.3, 700.0)
    rig.line(powers, 411.8, 90.0)
    rig.line(powers, 3.7, 9000.0)  # the greatest, but of fewer than four cycles
    keys = ("line1_hz", "line1_g", "line2_hz", "line2_g", "line3_hz")
    out, withheld, _ = compute(keys, powers, 2048 * 0.7)
    assert withheld == {"line3_hz": "no_line"}
    for key, expected in zip(keys, (200.3 * 0.7, 0.7, 411.8 * 0.7, 0.09)):  # noqa: B905
        near(key, out[key], expected, 3e-4)
    powers = [0.0] * 1024
    rig.line(powers, 4.04, 700.0)
    assert one("line1_g", powers) != "no_line"


def test_orders__line_at_the_shaft__its_velocity():
    powers = [0.0] * 2048
    for n, digits in ((1, 300.0), (2, 200.0), (3, 100.0)):
        rig.line(powers, n * 25.2, digits)
    keys = ("order1_mm_s", "order2_mm_s", "order3_mm_s")
    out, _, _ = compute(keys, powers, 4096 * 0.8, shaft_hz=25.2 * 0.8)
    for n, g in ((1, 0.3), (2, 0.2), (3, 0.1)):
        hertz = n * 25.2 * 0.8
        expected = g * MM_S2 / math.sqrt(2) / (2 * math.pi * hertz)
        near(n, out["order%d_mm_s" % n], expected, 1e-3)


def test_orders__out_of_the_spectrum__say_so():
    powers = rig.spectrum(256, k62=500)
    assert one("order2_mm_s", powers, shaft_hz=63.2) == "above_nyquist"
    assert one("order1_mm_s", powers, shaft_hz=62.0) > 0.0
    powers = [0.0] * 128
    rig.line(powers, 3.4, 500.0)  # a shaft of 4.4 turns has no line, but a slower one near it
    assert one("order1_mm_s", powers, shaft_hz=4.4) == "too_short"


def test_turns__fewer_than_four__too_short():
    powers = rig.spectrum(4096, k12=900)
    for key in SEVERITY + ("order3_mm_s", "shaft_hz"):
        for bin_hz in (1.0, 0.7):
            rate_hz = 4096 * bin_hz
            assert one(key, powers, rate_hz, shaft_hz=3.98 * bin_hz) == "too_short", key
            assert one(key, powers, rate_hz, shaft_hz=4.02 * bin_hz) != "too_short", key
    # A zone of so slow a shaft has another reason then.
    options = {"machine": (1, "rigid")}
    assert one("zone", powers, shaft_hz=3.98, **options) == "too_short"
    assert one("zone", powers, shaft_hz=4.02, **options) == "slow_shaft"


def test_length__edges__withheld_then_marked():
    powers = rig.spectrum(2048, k100=500)
    for seconds, expected in ((0.1592, "too_short"), (0.1608, "short"), (0.402, "")):
        for key in SEVERITY:
            _, withheld, marked = compute((key,), powers, 2048 / seconds)
            assert withheld.get(key, marked.get(key, "")) == expected, (seconds, key)
    assert one("zone", powers, 2048 / 0.398, machine=(1, "rigid")) == "too_short"
    assert one("zone", powers, 2048 / 0.402, machine=(1, "rigid")) != "too_short"


def test_zone__edges__each_of_the_table():
    for machine, limits in (
        ((1, "rigid"), (2.3, 4.5, 7.1)),
        ((1, "flexible"), (3.5, 7.1, 11.0)),
        ((2, "rigid"), (1.4, 2.8, 4.5)),
        ((2, "flexible"), (2.3, 4.5, 7.1)),
    ):
        for i in range(3):
            for part, zone in ((0.998, i), (1.002, i + 1)):
                digits = part * limits[i] * math.sqrt(3) * 2 * math.pi * 200 / MM_S2 / SCALE
                value = one("zone", rig.spectrum(4096, k200=digits), machine=machine)
                assert value == float(zone), (machine, i, part, value)


def test_zone__velocity_not_up_to_1000_hz__withheld():
    powers = rig.spectrum(4096, k200=500)
    for options, rate_hz, known in (
        ({}, 2490.0, False),  # 0.4 of it: 996 Hz
        ({}, 2510.0, True),
        ({"bandwidth_hz": 995.0}, 4096.0, False),
        ({"bandwidth_hz": 1005.0}, 4096.0, True),
    ):
        value = one("zone", powers, rate_hz, machine=(1, "rigid"), **options)
        assert (value != "bandwidth") == known, (options, rate_hz, value)


def test_zone__noise__at_most_a_quarter_of_the_limit():
    powers = rig.spectrum(4096, k200=500)
    # Per bin of 1 Hz density**2 g**2; 9 <= k < 1002.
    total = sum([1.0 / (k * k) for k in range(9, 1002)])
    for machine, limit in (((1, "rigid"), 2.3), ((2, "rigid"), 1.4)):
        density = limit / 4 / (MM_S2 * math.sqrt(total) / (2 * math.pi))
        for part, expected in ((0.995, True), (1.005, False)):
            options = {"machine": machine, "noise_g_rthz": part * density}
            assert (one("zone", powers, **options) != "noise") == expected, (machine, part)


def test_shaft__range_that_is_not_set__5_to_100_hz():
    # Of what is just beyond it a half is told, of which each second line is missing, or nothing.
    for bin_hz, place, known in (
        (1.0, 99.7, True),
        (1.0, 100.4, False),
        (0.25, 20.12, True),
        (0.25, 19.88, False),
    ):
        powers = [1e-9] * 2048
        for n in (1, 2, 3, 4, 5) if place != 19.88 else (1,):
            rig.line(powers, n * place, 900.0)
        value = one("shaft_hz", powers, 4096 * bin_hz)
        if known:
            near(place, value, place * bin_hz, 1e-3)
        else:
            assert value in ("no_speed", "uncertain_speed"), (place, value)


def test_shaft__confidence__from_0_7_on():
    # A comb above a flat floor: S of 24, and twice that, is the confidence without a rival.
    for confidence, known in ((0.697, False), (0.703, True)):
        powers = [1.0] * 512
        for n in range(1, 6):
            powers[50 * n] = 10.0 ** (2.0 * confidence)
        out, withheld, _ = compute(
            ("shaft_hz", "shaft_confidence", "order1_mm_s"), powers, shaft_range_hz=(45.0, 55.0)
        )
        near(confidence, out["shaft_confidence"], confidence, 1e-3)
        assert ("shaft_hz" in out) == ("order1_mm_s" in out) == known, (out, withheld)


def test_shaft__slower_than_10_hz__no_zone():
    powers = rig.spectrum(4096, k300=500)
    for shaft_hz, expected in ((9.95, False), (10.05, True)):
        value = one("zone", powers, 2600.0, machine=(1, "rigid"), shaft_hz=shaft_hz)
        assert (value != "slow_shaft") == expected, (shaft_hz, value)


def test_compute__scale_or_rate_beyond_any__value_error():
    vibration = Vibration(rig.Given([0.0] * 64), 128)
    for scale, rate_hz, good in (
        (0.995, 1000.0, True),
        (1.005, 1000.0, False),
        (0.001, 0.995e6, True),
        (0.001, 1.005e6, False),
    ):
        try:
            vibration.compute(array("h"), scale, rate_hz, ("mean_g",), {}, {})
        except ValueError:
            assert not good, (scale, rate_hz)
        else:
            assert good, (scale, rate_hz)
