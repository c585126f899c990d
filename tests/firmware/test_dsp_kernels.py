"""Each kernel of the viper backend against its definition, tighter than any feature needs.

The expected numbers come from sums in Python floats here, and those of viper's number formats from
their definition; 0.1 % off in one kernel fails.
"""

import math
from array import array

from node.dsp import tables, viper_fft, viper_spectrum, viper_time

BIAS = 1 << 28
FULL = 50331000  # 1.5 * 2**25, the largest deviation that centring leaves


def noise(count, most, seed=1):
    """count whole numbers from -most to most, the same on every runtime."""
    values = []
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) % 2147483648
        values.append(((seed >> 8) * (2 * most + 1) >> 23) - most)
    return values


def biased(values):
    return array("i", [value + BIAS for value in values])


def near(name, got, expected, bound):
    for i in range(len(expected)):
        assert abs(got[i] - expected[i]) <= bound, (name, i, got[i], expected[i], bound)


def test_turn__every_length__sines_rounded_to_15_bits():
    for samples in (64, 1024, 4096):
        table = tables.turn(samples)
        for i in range(samples):
            exact = 32768 - 32768 * math.sin(2 * math.pi * i / samples)
            assert abs(table[i] - min(exact, 65535)) <= 0.51, (samples, i, table[i], exact)
        assert table[0] == 32768 and table[samples // 4] == 0


def test_reversal__eight__bits_backwards():
    assert list(tables.reversal(8)) == [0, 4, 2, 6, 1, 5, 3, 7]
    assert sorted(tables.reversal(2048)) == list(range(2048))


def test_extent16__noise_and_rails__exact():
    out = array("i", bytes(32))
    for values in (noise(1000, 32767), [-32768] * 4096, [32767] * 4096, [5, -7, 3, 0]):
        viper_time.extent16(array("h", values), len(values), out)
        found = (out[0] * 1024 + out[3], out[1], out[2])
        assert found == (sum(values), min(values), max(values)), found


def test_extent24__noise_and_rails__exact():
    out = array("i", bytes(32))
    for values in (noise(1000, 8388607), [-8388608] * 4096, [8388607] * 4096, [5, -7, 3, 0]):
        viper_time.extent24(array("i", values), len(values), out)
        found = (out[0] * 1024 + out[3], out[1], out[2])
        assert found == (sum(values), min(values), max(values)), found


def test_centre__both_widths__exact():
    for kernel, code, most in (
        (viper_time.centre16, "h", 32768),
        (viper_time.centre24, "i", 8388608),
    ):
        values = [most - 1, -most, 0, 17]
        data = array("i", bytes(4 * 4))
        kernel(array(code, values), 4, 17, 1, 5, data)
        assert list(data) == [(value - 17) * 2 - 5 + BIAS for value in values]


def test_moments__noise_and_extremes__power_sums_to_15_bits():
    out = array("i", bytes(32))
    for values in (noise(4096, FULL), [FULL] * 4096, [-FULL] * 4096, [FULL] + [-2048] * 63):
        viper_time.moments(biased(values), len(values), out)
        e = [value / 2048 for value in values]
        found = (
            out[0],
            out[1] * 32768.0 + out[2],
            (out[3] * 32768.0 + out[4]) * 32768.0,
            (out[5] * 32768.0 + out[6]) * 1073741824.0,
        )
        for n in range(4):
            expected = sum(x ** (n + 1) for x in e)
            size = sum(abs(x) ** (n + 1) for x in e)
            assert abs(found[n] - expected) <= 0.0003 * size, (n, found[n], expected)


def test_window__noise__hann_to_16_bits():
    for samples in (64, 4096):
        values = noise(samples, FULL)
        data = biased(values)
        viper_fft.window(data, tables.turn(samples), samples)
        expected = [
            BIAS + values[i] * (0.5 - 0.5 * math.cos(2 * math.pi * i / samples))
            for i in range(samples)
        ]
        near(samples, data, expected, FULL / 50000)


def test_reorder__pairs__at_their_reversed_index():
    data = array("i", range(16))
    viper_fft.reorder(data, tables.reversal(8), 8)
    assert list(data) == [0, 1, 8, 9, 4, 5, 12, 13, 2, 3, 10, 11, 6, 7, 14, 15]


def spectrum_of(values):
    """The complex bins of complex values, divided by their number: a plain sum."""
    count = len(values)
    turn = [
        complex(math.cos(2 * math.pi * i / count), -math.sin(2 * math.pi * i / count))
        for i in range(count)
    ]
    return [
        sum(values[n] * turn[k * n % count] for n in range(count)) / count for k in range(count)
    ]


def test_transform__noise_of_full_scale__complex_fft():
    for count in (32, 64, 128):
        flat = noise(2 * count, FULL)
        data, turn = biased(flat), tables.turn(2 * count)
        viper_fft.reorder(data, tables.reversal(count), count)
        span = 1
        if count != 64:
            viper_fft.pairs(data, count)
            span = 2
        while span < count:
            viper_fft.fours_plain(data, count, span)
            viper_fft.fours(data, turn, count, span, 2 * count)
            span *= 4
        assert span == count
        expected = spectrum_of([complex(flat[2 * i], flat[2 * i + 1]) for i in range(count)])
        for k in range(count):
            assert abs(data[2 * k] - BIAS - expected[k].real) <= FULL / 20000, (count, k)
            assert abs(data[2 * k + 1] - BIAS - expected[k].imag) <= FULL / 20000, (count, k)


def test_transform__the_largest_square_wave__stays_within_its_range():
    """Every output at its bound: the checked integers of CPython would raise."""
    for count in (32, 64, 2048):
        data, turn = biased([FULL, FULL] * count), tables.turn(2 * count)
        viper_fft.reorder(data, tables.reversal(count), count)
        span = 1
        if count != 64:
            viper_fft.pairs(data, count)
            span = 2
        while span < count:
            viper_fft.fours_plain(data, count, span)
            viper_fft.fours(data, turn, count, span, 2 * count)
            span *= 4
        assert abs(data[0] - BIAS - FULL) <= 16 and abs(data[1] - BIAS - FULL) <= 16
        viper_fft.split(data, turn, 2 * count, 1)
        assert abs(data[0] - BIAS - 2 * FULL) <= 32


def test_split__noise__real_spectrum():
    samples = 128
    flat = noise(samples, FULL)
    half = spectrum_of([complex(flat[2 * i], flat[2 * i + 1]) for i in range(samples // 2)])
    parts = []
    for bin in half:
        parts += [round(bin.real), round(bin.imag)]
    data = biased(parts)
    viper_fft.split(data, tables.turn(samples), samples, 1)
    expected = [2 * bin for bin in spectrum_of([complex(x, 0.0) for x in flat])]
    for k in range(1, samples // 2):
        assert abs(data[2 * k] - BIAS - expected[k].real) <= FULL / 20000, k
        assert abs(data[2 * k + 1] - BIAS - expected[k].imag) <= FULL / 20000, k
    assert abs(data[0] - BIAS - expected[0].real) <= FULL / 20000 and data[1] == BIAS


def power_of(key):
    return (key & 0x3FFFFFF) * 16.0 * 4.0 ** ((key >> 26) - 8)


def test_power__all_sizes__15_bits_of_amplitude_and_ordered():
    pairs = [(0, 0)]
    for bits in range(27):
        size = 1 << bits
        pairs += [(size, 0), (0, -size), (-size, size), (size - 1, 1 - size), (-size, size // 3)]
    flat = []
    for pair in pairs:
        flat += pair
    keys = biased(flat)
    viper_spectrum.power(keys, len(pairs))
    powers = [float(re) * re + float(im) * im for re, im in pairs]
    for i in range(len(pairs)):
        found = power_of(keys[i])
        assert abs(found - powers[i]) <= 0.0002 * powers[i] + 0.001, (pairs[i], found)
        for j in range(len(pairs)):
            if powers[i] > 1.0003 * powers[j] + 0.002:
                assert keys[i] > keys[j], (pairs[i], pairs[j])


def keys_of(amplitudes):
    flat = []
    for amplitude in amplitudes:
        flat += [amplitude, 0]
    keys = biased(flat)
    viper_spectrum.power(keys, len(amplitudes))
    return keys


def sum_of(out, at):
    return (out[at] * 8192.0 + out[at + 1]) * 16.0 * 4.0 ** (out[at + 2] - 8)


def test_sums__any_part_of_the_spectrum__weighted_power():
    amplitudes = [abs(x) for x in noise(2048, 9000000, 3)]
    keys, out = keys_of(amplitudes), array("i", bytes(32))
    for low, high in ((1, 2048), (4, 5), (7, 8), (8, 9), (3, 300), (1024, 2048), (1500, 1600)):
        found = []
        viper_spectrum.total(keys, low, high, out)
        found.append(sum_of(out, 0))
        viper_spectrum.integrals(keys, low, high, out)
        found += [sum_of(out, 0), sum_of(out, 3)]
        for order in (0, 1, 2):
            expected = sum(
                float(amplitudes[k]) * amplitudes[k] / float(k) ** (2 * order)
                for k in range(low, high)
            )
            where = (low, high, order, found[order] / expected)
            assert abs(found[order] - expected) <= 0.0007 * expected, where


def test_sums__lines_far_below_the_greatest__count_to_26_bits():
    keys, out = keys_of([0, 0, 60000000] + [9000] * 2045), array("i", bytes(32))
    viper_spectrum.total(keys, 0, 2048, out)
    expected = 3.6e15 + 2045 * 8.1e7
    assert abs(sum_of(out, 0) - expected) <= 2e-4 * expected
    # Integrated, the small line at 2 outweighs the great one at 2000.
    keys = keys_of([0, 0, 4000] + [0] * 1997 + [60000000] + [0] * 47)
    viper_spectrum.integrals(keys, 2, 2048, out)
    assert abs(sum_of(out, 0) - (4e6 + 9e8)) <= 1e-3 * 9e8
    assert abs(sum_of(out, 3) - (1e6 + 225.0)) <= 1e-3 * 1e6


def test_greatest__plateau_and_silence__first_of_equals():
    keys = keys_of([9, 9000, 9, 70000, 70000, 5, 0, 0])
    assert viper_spectrum.greatest(keys, 0, 8) == 3
    assert viper_spectrum.greatest(keys, 0, 3) == 1
    assert viper_spectrum.greatest(keys, 6, 8) == 6


def test_strongest__neighbours_taken__four_bins_apart():
    amplitudes = [100, 200, 100, 900, 100, 500, 100, 700, 100, 800, 90, 80, 600, 50]
    keys, taken = keys_of([1000 * x for x in amplitudes]), array("H", bytes(8))
    places = []
    for count in range(4):
        k = viper_spectrum.strongest(keys, 1, 13, taken, count)
        taken[count] = k
        places.append(k)
    # 800 at 9 shadows 600 at 12 and 700 at 7, 900 at 3 the others.
    assert places == [3, 9, 0, 0], places


def test_greatest_strongest__one_unit_of_a_key_more__the_greater():
    for key in (1000, 1 << 26, (9 << 26) + 40_000_000, (15 << 26) + 12_345):
        for place in (2, 9):
            keys = array("i", [7] * 16)
            keys[2] = keys[9] = key
            keys[place] += 1
            assert viper_spectrum.greatest(keys, 1, 15) == place, (key, place)
            assert viper_spectrum.strongest(keys, 1, 15, array("H", [0]), 0) == place, (key, place)
