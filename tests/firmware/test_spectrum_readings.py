"""What is read from a spectrum, of spectra written down bin by bin: closed forms, 0.1 %."""

import math
import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

import spectrum_rig as rig

from node import spectrum


def near(where, got, expected, part=1e-4):
    assert abs(got - expected) <= part * abs(expected), (where, got, expected)


def test_nearest__beside_a_half__up_from_the_half_on():
    for value, expected in ((0.0, 0), (0.4975, 0), (0.5, 1), (7.4975, 7), (7.5, 8), (8.4, 8)):
        assert spectrum.nearest(value) == expected, value


def test_band__three_bins__root_of_a_third_of_their_squares():
    kernels = rig.Given(rig.spectrum(128, k9=100, k10=30, k11=40, k12=120, k13=1000))
    near("band", spectrum.band(kernels, 10, 13), math.sqrt((900 + 1600 + 14400) / 3))
    assert spectrum.band(kernels, 10, 10) == 0.0


def test_severity_bins__edges__from_their_definition():
    for samples, bin_hz, top_hz, expected in (
        (4096, 1.0, 1000.0, (9, 1002)),
        (4096, 1.0, 1000.4, (9, 1002)),
        (4096, 1.0, 1000.6, (9, 1003)),
        (4096, 10 / 25.4, 500.0, (24, 1272)),  # 25.4 bins are 25, less 1; 1270 and 1
        (4096, 10 / 25.6, 500.0, (25, 1282)),
        (256, 12.5, 1000.0, (2, 82)),  # 0.8 bins: not below 2
        (256, 4.0, 1000.0, (2, 128)),  # 250 bins: not above 127
    ):
        assert spectrum.severity_bins(samples, bin_hz, top_hz) == expected, (bin_hz, top_hz)


def test_integrated__one_bin__over_its_angular_frequency():
    kernels = rig.Given(rig.spectrum(512, k20=300, k60=77))
    for bin_hz in (0.8, 6.25):
        for k, digits in ((20, 300), (60, 77)):
            once, twice = spectrum.integrated(kernels, bin_hz, k, k + 1)
            turn = 2 * math.pi * k * bin_hz
            near((bin_hz, k), once, digits / math.sqrt(3) / turn)
            near((bin_hz, k), twice, digits / math.sqrt(3) / turn / turn)


def test_noise_integrated__any_edges__sum_over_the_bins():
    # Each bin holds density**2 * bin_hz.  Its integral from half a bin before to half a bin
    # behind puts 1 / (k**2 - 1/4) for 1 / k**2, which counts at the lowest bins alone.
    for low, high in ((2, 3), (2, 4), (3, 200), (40, 60), (9, 1002)):
        for bin_hz in (0.5, 7.0):
            total = sum([1.0 / (k * k - 0.25) for k in range(low, high)])
            expected = 3e-4 * math.sqrt(bin_hz * total) / (2 * math.pi * bin_hz)
            found = spectrum.noise_integrated(3e-4, bin_hz, low, high)
            near((low, high, bin_hz), found, expected, 3e-4)


def test_line__tone_between_bins__its_place_and_amplitude():
    for tenth in range(-5, 6):
        place = 20 + tenth / 10
        powers = [0.0] * 64
        rig.line(powers, place, 500.0)
        kernels = rig.Given(powers)
        for k in (20,) if abs(tenth) < 5 else (int(place), int(place) + 1):
            at, amplitude = spectrum.line(kernels, k)
            assert abs(at - place) <= 3e-4, (place, at)
            near(place, amplitude, 500.0, 2e-4)


def test_line__no_tone__at_its_bin():
    assert spectrum.line(rig.Given([0.0] * 64), 7) == (7.0, 0.0)
    for powers in (rig.spectrum(64, k7=90), rig.spectrum(64, k6=44, k7=90, k8=43)):
        assert spectrum.line(rig.Given(powers), 7) == (7.0, 90.0)


def test_line__on_the_slope_of_a_greater__half_a_bin_away():
    # Where only a few bins are searched, the greatest of them may be on such a slope.
    for powers, place in (
        (rig.spectrum(64, k7=90, k8=200), 7.5),
        (rig.spectrum(64, k6=200, k7=90), 6.5),
    ):
        at, amplitude = spectrum.line(rig.Given(powers), 7)
        assert abs(at - place) <= 1e-5
        near(place, amplitude, 90 * math.pi / 2 * 0.75)


def found(n, shaft_bins, samples=1024, **lines):
    """The bin of an order's line among lone lines, 0 where none is looked for."""
    bin_hz = 0.8
    powers = rig.spectrum(samples, **lines)
    for k in range(len(powers)):
        powers[k] += 1.0
    hertz, amplitude = spectrum.order(rig.Given(powers), bin_hz, n, shaft_bins * bin_hz)
    assert (hertz == 0.0) == (amplitude == 0.0)
    return int(hertz / bin_hz + 0.5)


def test_order__at_low_places__within_a_bin_and_a_half():
    assert found(1, 40.51, k39=900, k41=90) == 41  # 39 is 1.51 bins away
    assert found(1, 40.49, k39=900, k41=90) == 39
    assert found(1, 40.49, k42=900, k40=90) == 40
    assert found(1, 40.51, k42=900, k40=90) == 42
    assert found(3, 13.5, k38=800, k43=800, k40=90) == 40  # the third at 40.5


def test_order__at_high_places__within_one_percent():
    assert found(1, 201.03, k199=900, k201=90) == 201  # 199 is 2.03 away, 1 % are 2.0103
    assert found(1, 200.95, k199=900, k201=90) == 199
    assert found(1, 199.0, k201=900, k199=90) == 199  # 2.00 away, 1 % are 1.99
    assert found(1, 199.03, k201=900, k199=90) == 201
    assert found(2, 100.01, k197=900, k204=900, k202=90) == 202
    assert found(2, 99.99, k196=900, k203=900, k198=90) == 198


def test_order__out_of_the_bins_of_lines__none():
    # Lines are looked for in 3 <= k <= N/2 - 3, and an order's range is to lie in them.
    for shaft_bins, k in ((3.49, 0), (3.51, 3), (123.5, 123), (124.6, 0)):
        assert found(1, shaft_bins, 256, k3=90, k123=90) == k, shaft_bins
