"""The reference against signals whose features are known by calculation."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from nodewright.reference import DEFAULT_KEYS, compute, tolerance

G_MM_S2 = 9806.65
RATE_HZ = 3200.0
SAMPLES = 4096
TIME_S = np.arange(SAMPLES) / RATE_HZ


def tone(frequency_hz: float, amplitude_g: float, phase: float = 0.4) -> NDArray[np.float64]:
    return amplitude_g * np.cos(2 * np.pi * frequency_hz * TIME_S + phase)


def on_bin(frequency_hz: float) -> float:
    return round(frequency_hz * SAMPLES / RATE_HZ) * RATE_HZ / SAMPLES


def test_moments__sine_over_whole_periods__are_those_of_the_formula() -> None:
    values = compute(tone(on_bin(50.0), 2.0, phase=0.0) + 0.75, RATE_HZ).values
    assert values["acc_rms_g"] == pytest.approx(math.sqrt(2.0), rel=1e-12)
    assert values["acc_peak_g"] == pytest.approx(2.0, rel=1e-12)
    assert values["acc_p2p_g"] == pytest.approx(4.0, rel=1e-4)
    assert values["mean_g"] == pytest.approx(0.75, rel=1e-12)
    assert values["crest"] == pytest.approx(math.sqrt(2.0), rel=1e-12)
    assert values["kurtosis"] == pytest.approx(1.5, rel=1e-12)
    assert values["skewness"] == pytest.approx(0.0, abs=1e-12)


def test_moments__one_impulse__are_those_of_a_bernoulli_variable() -> None:
    count, height = 100, 3.0
    samples = np.zeros(count)
    samples[17] = height
    share = 1.0 / count
    values = compute(samples, RATE_HZ).values
    deviation = math.sqrt(share * (1 - share))
    assert values["acc_rms_g"] == pytest.approx(height * deviation)
    assert values["acc_peak_g"] == pytest.approx(height * (1 - share))
    assert values["crest"] == pytest.approx((1 - share) / deviation)
    assert values["skewness"] == pytest.approx((1 - 2 * share) / deviation)
    assert values["kurtosis"] == pytest.approx((1 - 3 * share + 3 * share**2) / deviation**2)


def test_moments__silence_at_any_level__withholds_the_ratios() -> None:
    for level in (0.0, 0.1, -16.0, 1e-300, 0.0039 * 17):
        result = compute(np.full(1000, level), RATE_HZ)
        assert result.values["acc_rms_g"] == 0.0
        assert result.values["mean_g"] == level
        for key in ("crest", "kurtosis", "skewness", "line1_hz", "line1_g"):
            assert result.withheld[key] == "silent"


def test_moments__extreme_scales__stay_finite_and_exact() -> None:
    base = tone(37.0, 1.0)
    plain = compute(base, RATE_HZ).values
    for scale in (1e-150, 1e150):
        scaled = compute(base * scale, RATE_HZ).values
        assert scaled["acc_rms_g"] == pytest.approx(plain["acc_rms_g"] * scale, rel=1e-9)
        assert scaled["kurtosis"] == pytest.approx(plain["kurtosis"], rel=1e-9)


def test_velocity__tone_in_the_band__is_amplitude_over_omega() -> None:
    for frequency_hz in (23.7, 50.0, 51.171875, 160.3, 900.0):
        values = compute(tone(frequency_hz, 0.5), RATE_HZ).values
        omega = 2 * np.pi * frequency_hz
        velocity = 0.5 / math.sqrt(2) * G_MM_S2 / omega
        # Hann's skirt is weighted by 1/f, hence the small excess at low bins.
        assert values["vel_rms_mm_s"] == pytest.approx(velocity, rel=0.004)
        assert values["disp_rms_um"] == pytest.approx(1000 * velocity / omega, rel=0.015)
        assert values["disp_p2p_um"] == pytest.approx(
            2 * math.sqrt(2) * values["disp_rms_um"], rel=1e-12
        )


def test_velocity__tone_outside_the_band__is_not_counted() -> None:
    for frequency_hz in (4.0, 1100.0):
        samples = tone(on_bin(frequency_hz), 1.0)
        assert compute(samples, RATE_HZ).values["vel_rms_mm_s"] < 1e-6


def test_velocity__narrow_sensor__ends_at_its_bandwidth() -> None:
    samples = tone(on_bin(700.0), 1.0)
    full = compute(samples, RATE_HZ).values["vel_rms_mm_s"]
    assert full > 1.0
    assert compute(samples, RATE_HZ, sensor_bandwidth_hz=800.0).values["vel_rms_mm_s"] == full
    assert (
        compute(samples, RATE_HZ, sensor_bandwidth_hz=600.0).values["vel_rms_mm_s"] < 1e-6 * full
    )


def test_velocity__length_and_speed__decide_validity() -> None:
    def state(seconds: float, shaft_hz: float | None) -> str:
        samples = np.sin(2 * np.pi * 50 * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
        result = compute(samples, RATE_HZ, ["vel_rms_mm_s"], shaft_hz=shaft_hz)
        if result.withheld:
            return result.withheld["vel_rms_mm_s"]
        return result.marked.get("vel_rms_mm_s", "valid")

    assert state(0.4, None) == "valid"
    assert state(0.399, None) == "short"
    assert state(0.16, None) == "short"
    assert state(0.159, None) == "too_short"
    assert state(0.4, 10.0) == "valid"
    assert state(0.4, 9.9) == "too_short"


def test_bands__tones__fall_into_their_own() -> None:
    samples = tone(on_bin(200.0), 1.0) + tone(on_bin(1200.0), 0.3)
    bands = [(0.0, 100.0), (100.0, 300.0), (300.0, 1600.0), (100.0, 1600.0)]
    values = compute(samples, RATE_HZ, bands=bands).values
    assert values["band1_g"] < 1e-9
    assert values["band2_g"] == pytest.approx(1.0 / math.sqrt(2), rel=1e-9)
    assert values["band3_g"] == pytest.approx(0.3 / math.sqrt(2), rel=1e-9)
    assert values["band4_g"] == pytest.approx(math.hypot(1.0, 0.3) / math.sqrt(2), rel=1e-9)
    assert values["hf_rms_g"] == pytest.approx(0.3 / math.sqrt(2), rel=1e-9)


def test_bands__edges__lower_counts_and_upper_does_not() -> None:
    bin_hz = RATE_HZ / SAMPLES
    samples = tone(400 * bin_hz, 1.0)  # Hann spreads it over bins 399, 400, 401
    for low, high, share in ((400, 402, 5 / 6), (398, 400, 1 / 6), (401, 500, 1 / 6)):
        values = compute(samples, RATE_HZ, bands=[(low * bin_hz, high * bin_hz)]).values
        assert values["band1_g"] == pytest.approx(math.sqrt(share / 2), rel=1e-9)
    rounded = [((399.5 - 1e-9) * bin_hz, 402 * bin_hz), (399.5 * bin_hz, 402 * bin_hz)]
    values = compute(samples, RATE_HZ, bands=rounded).values
    assert values["band1_g"] ** 2 == pytest.approx(0.5, rel=1e-9)
    assert values["band2_g"] ** 2 == pytest.approx(5 / 12, rel=1e-9)


def test_bands__beyond_the_spectrum_or_a_bin__are_withheld() -> None:
    withheld = compute(tone(50.0, 1.0), RATE_HZ, bands=[(100.0, 1700.0), (50.0, 50.1)]).withheld
    assert withheld["band1_g"] == "above_nyquist"
    assert withheld["band2_g"] == "too_short"
    assert compute(tone(50.0, 1.0), 1600.0).withheld["hf_rms_g"] == "above_nyquist"


def test_lines__tone_anywhere_between_bins__is_found_exactly() -> None:
    bin_hz = RATE_HZ / SAMPLES
    for offset in np.linspace(-0.5, 0.5, 21):
        frequency_hz = (200 + offset) * bin_hz
        values = compute(tone(frequency_hz, 0.7), RATE_HZ).values
        assert values["line1_hz"] == pytest.approx(frequency_hz, abs=1e-4 * bin_hz)
        assert values["line1_g"] == pytest.approx(0.7, rel=1e-4)


def test_lines__two_tones_40_db_apart__are_both_found() -> None:
    samples = tone(150.3, 1.0) + tone(411.7, 0.01)
    values = compute(samples, RATE_HZ, ["line1_hz", "line1_g", "line2_hz", "line2_g"]).values
    assert values["line1_hz"] == pytest.approx(150.3, abs=0.01)
    # The strong tone's skirt has maxima of its own, all of them weaker than -40 dB.
    assert values["line2_hz"] == pytest.approx(411.7, abs=0.05 * RATE_HZ / SAMPLES)
    assert values["line2_g"] == pytest.approx(0.01, rel=0.01)


def test_lines__closer_than_four_bins__are_one() -> None:
    bin_hz = RATE_HZ / SAMPLES
    for apart, found in ((3, 1), (4, 2)):
        samples = tone(200 * bin_hz, 1.0) + tone((200 + apart) * bin_hz, 0.5)
        result = compute(samples, RATE_HZ, ["line1_g", "line2_g"])
        assert sum(value > 0.1 for value in result.values.values()) == found


def test_lines__fewer_than_four_periods__are_left_out() -> None:
    bin_hz = RATE_HZ / SAMPLES
    samples = tone(3.2 * bin_hz, 1.0) + tone(100 * bin_hz, 0.1)
    values = compute(samples, RATE_HZ, ["line1_hz", "line1_g"]).values
    assert values["line1_hz"] == pytest.approx(100 * bin_hz, rel=1e-3)


def test_orders__known_shaft__give_velocity_of_each_harmonic() -> None:
    shaft_hz = 24.87
    samples = tone(shaft_hz, 0.2) + tone(2 * shaft_hz, 0.1) + tone(3 * shaft_hz, 0.05)
    keys = ["shaft_hz", "order1_mm_s", "order2_mm_s", "order3_mm_s"]
    values = compute(samples, RATE_HZ, keys, shaft_hz=shaft_hz * 1.002).values
    for order, amplitude in ((1, 0.2), (2, 0.1), (3, 0.05)):
        velocity = amplitude * G_MM_S2 / math.sqrt(2) / (2 * np.pi * order * shaft_hz)
        assert values[f"order{order}_mm_s"] == pytest.approx(velocity, rel=2e-3)
    assert values["shaft_hz"] == shaft_hz * 1.002


def test_orders__high_ones__are_sought_within_one_percent() -> None:
    bin_hz = RATE_HZ / SAMPLES
    expected = 30 * 25.0 / bin_hz  # bin 960: one percent is 9.6 bins
    near = tone((expected + 9) * bin_hz, 0.1)
    values = compute(
        near + tone((expected + 15) * bin_hz, 1.0), RATE_HZ, ["order30_mm_s"], shaft_hz=25.0
    ).values
    velocity = 0.1 * G_MM_S2 / math.sqrt(2) / (2 * np.pi * (expected + 9) * bin_hz)
    assert values["order30_mm_s"] == pytest.approx(velocity, rel=1e-3)


def test_orders__without_speed_periods_or_bandwidth__are_withheld() -> None:
    samples = tone(25.0, 1.0)
    assert compute(samples, RATE_HZ).withheld["order1_mm_s"] == "no_speed"
    assert compute(samples, RATE_HZ).withheld["shaft_hz"] == "no_speed"
    assert compute(samples, RATE_HZ, shaft_hz=3.1).withheld["order1_mm_s"] == "too_short"
    far = compute(samples, RATE_HZ, ["order64_mm_s", "order60_mm_s"], shaft_hz=25.0)
    assert far.withheld == {"order64_mm_s": "above_nyquist"}


def test_compute__every_key_asked_for__is_valued_or_withheld_once() -> None:
    rng = np.random.default_rng(5)
    for count in (2, 3, 4, 7, 16, 100, 511, 512, 4096):
        for rate_hz in (4.0, 25.0, 800.0, 26_700.0):
            for shaft_hz in (None, 0.01, 29.0, 10_000.0):
                result = compute(rng.normal(size=count), rate_hz, shaft_hz=shaft_hz)
                assert set(result.values) | set(result.withheld) == set(DEFAULT_KEYS)
                assert not set(result.values) & set(result.withheld)
                assert all(math.isfinite(value) for value in result.values.values())
                assert set(result.marked) <= set(result.values)


def test_compute__what_can_never_work__raises_naming_it() -> None:
    good = tone(50.0, 1.0)
    bad_samples = good.copy()
    bad_samples[7] = np.nan
    for samples, rate_hz, options, words in (
        (good[:1], RATE_HZ, {}, "at least 2"),
        (good.reshape(-1, 2), RATE_HZ, {}, "one channel"),
        (bad_samples, RATE_HZ, {}, "nan at index 7"),
        (good, 0.0, {}, "rate_hz"),
        (good, math.inf, {}, "rate_hz"),
        (good, RATE_HZ, {"shaft_hz": -1.0}, "shaft_hz"),
        (good, RATE_HZ, {"sensor_bandwidth_hz": 0.0}, "sensor_bandwidth_hz"),
        (good, RATE_HZ, {"bands": [(1.0, 2.0), (5.0, 5.0)]}, "band2"),
        (good, RATE_HZ, {"keys": ["band1_g"]}, "band1_g: 0 bands"),
        (good, RATE_HZ, {"keys": ["line0_hz"]}, "line0_hz"),
        (good, RATE_HZ, {"keys": ["line1_mm_s"]}, "line1_mm_s"),
        (good, RATE_HZ, {"keys": ["colour"]}, "colour"),
    ):
        with pytest.raises(ValueError, match=words):
            compute(samples, rate_hz, **options)


def test_tolerance__each_default_key__has_a_bound() -> None:
    samples = tone(50.0, 1.0) + tone(1200.0, 0.1)
    values = compute(samples, RATE_HZ, bands=[(10, 100)], shaft_hz=25.0).values
    bounds = {key: tolerance(key, values, bin_hz=0.78125) for key in values}
    assert all(bound > 0 for bound in bounds.values())
    assert bounds["acc_rms_g"] == pytest.approx(0.001 * values["acc_rms_g"])
    assert bounds["crest"] == pytest.approx(0.002 * values["crest"])
    assert bounds["line1_hz"] == pytest.approx(0.05 * 0.78125)
    assert bounds["kurtosis"] == 0.02
    assert bounds["band1_g"] == pytest.approx(0.01 * values["band1_g"])


def test_tolerance__mean__is_relative_to_the_larger_of_mean_and_rms_or_a_tenth_digit() -> None:
    for mean, rms, digit, bound in (
        (-2.0, 1.0, 0.0, 0.002),
        (0.1, 1.0, 0.0, 0.001),
        (0.0, 0.0, 0.0039, 0.00039),
    ):
        values = {"mean_g": mean, "acc_rms_g": rms}
        assert tolerance("mean_g", values, g_per_digit=digit) == pytest.approx(bound)


def test_tolerance__what_it_lacks__is_named() -> None:
    with pytest.raises(ValueError, match="acc_rms_g"):
        tolerance("mean_g", {"mean_g": 1.0})
    with pytest.raises(ValueError, match="bin_hz"):
        tolerance("line1_hz", {"line1_hz": 1.0})
    with pytest.raises(ValueError, match="colour"):
        tolerance("colour", {"colour": 1.0})
