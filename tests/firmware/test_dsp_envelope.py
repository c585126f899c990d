"""Each kernel of the envelope against its definition: 0.1 % off in one of them fails."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from envelope_truth import noise

from node.dsp import bands, tables, viper_logs, viper_spectrum

BIAS = 1 << 28
FULL = 50331000  # 1.5 * 2**25
TABLE = viper_logs.table()


def biased(values):
    return array("i", [value + BIAS for value in values])


def key_of(power):
    """The key of a power from 2**28 on: m * 16 * 4**(n - 8)."""
    n = 8
    while power >= 16 << 26:
        power >>= 2
        n += 1
    return n << 26 | power >> 4


def power_of(key):
    return (key & 0x3FFFFFF) * 16.0 * 4.0 ** ((key >> 26) - 8)


def keys(values):
    """Keys as viper_spectrum.power makes them of real numbers."""
    flat = []
    for value in values:
        flat += [value, 0]
    data = biased(flat)
    viper_spectrum.power(data, len(values))
    return data


def test_widest__parts_of_either_sign__the_greatest():
    data = biased([1, -2, 3, -400, 500, 6, 7, 9000])
    assert viper_logs.widest(data, 0, 2) == 400
    assert viper_logs.widest(data, 1, 2) == 500
    assert viper_logs.widest(data, 0, 4) == 9000
    close = biased([1 << 20, 1 + (1 << 20), 0, -2 - (1 << 20)])
    assert viper_logs.widest(close, 0, 2) == 2 + (1 << 20)
    assert viper_logs.widest(biased([0] * 8), 0, 4) == 0


def test_gather__any_part__scaled_and_in_reversed_order():
    flat = noise(64, 1000)
    out = array("i", bytes(4 * 16))
    viper_logs.gather(biased(flat), 5, 8, 7, tables.reversal(32), 2, out)
    order = tables.reversal(8)
    for i in range(8):
        for part in (0, 1):
            exact = flat[2 * (5 + i) + part] * 32  # 2**(7 - 2)
            assert out[2 * order[i] + part] == exact + BIAS, (i, part)


def test_gather__down__rounded():
    out = array("i", bytes(4 * 4))
    viper_logs.gather(biased([7, -7, 6, 5]), 0, 2, 0, tables.reversal(2), 0, out)
    assert [x - BIAS for x in out] == [2, -2, 2, 1]


def test_smooth__noise__quarter_of_the_second_difference():
    flat = noise(40, FULL)
    out = array("i", bytes(4 * 32))
    viper_logs.smooth(biased(flat), 16, out)
    assert list(out[:2]) == [BIAS, BIAS]
    for i in range(2, 32):
        exact = 2 * flat[i] - flat[i - 2] - flat[i + 2]
        assert abs(4 * (out[i] - BIAS) - exact) <= 2, i


def test_magnitudes__all_sizes__roots_their_sum_and_ends():
    values = [abs(x) for x in noise(200, 60000000, 3)] + [1 << n for n in range(9, 27)]
    values += [3 << n for n in range(7, 24)] + [0, 1, 40]
    count = len(values)
    data = keys(values)
    data = array("i", list(data[:count]) + [0] * count)
    out = array("i", bytes(32))
    viper_logs.magnitudes(data, count, TABLE, out)
    for i in range(count):
        exact = values[i] if values[i] >= 64 else 0
        got = data[count + i]
        assert abs(got - exact) <= 0.0001 * exact + 0.51, (values[i], got)
    roots = data[count:]
    assert out[0] * 1024 + out[1] == sum(roots)
    assert (out[2], out[3]) == (max(roots), min(roots))


def test_logs__all_sizes__octaves_to_four_decimals():
    values = [abs(x) + 100 for x in noise(200, 60000000, 4)] + [1 << n for n in range(7, 27)]
    count = len(values)
    data = keys(values)
    total = viper_logs.logs(data, count, TABLE, 0)
    for i in range(count):
        exact = 32768 * (math.log(values[i]) / math.log(2) - 6)
        assert abs(data[i] - exact) <= 4, (values[i], data[i], exact)
    assert total == sum(data[:count])


def test_logs__below_the_floor__the_floor():
    data = keys([0, 50, 1 << 10, 1 << 11, 1 << 12])
    total = viper_logs.logs(data, 5, TABLE, 5 * 32768)
    assert [round(x / 32768, 3) for x in data[:5]] == [5, 5, 5, 5, 6]
    assert total == sum(data[:5])


def test_table__between_entries__interpolation_within_its_bound():
    for m in range(1 << 24, 1 << 26, 99991):
        data = array("i", [8 << 26 | m, 0])
        viper_logs.logs(data, 1, TABLE, 0)
        exact = 8 * 32768 + 16384 * math.log(m / (1 << 24)) / math.log(2)
        assert abs(data[0] - exact) <= 2.5, m


def test_shape__noise__hann_in_reversed_pairs():
    for count, step in ((32, 8), (64, 4)):
        values = [100000 + x for x in noise(2 * count, 100000)]
        out = array("i", bytes(4 * count))
        turn, reversal = tables.turn(count * step), tables.reversal(count * step // 2)
        drop = 0
        while count // 2 << drop < count * step // 2:
            drop += 1
        data = array("i", values)
        viper_logs.shape(data, count, count, 101234, 8, turn, step, reversal, drop, out)
        order = tables.reversal(count // 2)
        for i in range(count):
            hann = 0.5 - 0.5 * math.cos(2 * math.pi * i / count)
            exact = (values[count + i] - 101234) * 256 * hann
            got = out[2 * order[i // 2] + i % 2] - BIAS
            assert abs(got - exact) <= FULL / 50000, (count, i, got, exact)


def test_accumulate__many_blocks_of_any_size__sum_of_powers():
    sums = array("i", bytes(4 * 12))
    exact = [0.0] * 10
    for block in range(50):
        powers = [(1 << 28) + abs(x) for x in noise(10, 1 << 28, block + 1)]
        powers = [power << (4 * (i % 5)) for i, power in enumerate(powers)]
        data = array("i", [key_of(power) for power in powers])
        viper_logs.accumulate(data, 1, 10, 0, sums, 2)
        for i in range(1, 10):
            exact[i] += float(powers[i])
    for i in range(1, 10):
        got = power_of(sums[2 + i])
        assert abs(got - exact[i]) <= 1e-5 * exact[i], (i, got, exact[i])
    assert list(sums[:3]) == [0, 0, 0]


def test_accumulate__great_and_small__in_either_order():
    for powers in ((1 << 60, 1 << 50, 1 << 30), (1 << 30, 1 << 50, 1 << 60)):
        sums = array("i", [0])
        for power in powers:
            viper_logs.accumulate(array("i", [key_of(power)]), 0, 1, 0, sums, 0)
        assert abs(power_of(sums[0]) / sum([float(p) for p in powers]) - 1) < 1e-6


def test_accumulate__exponent_shifted__power_times_a_power_of_four():
    for down in (-9, -1, 0, 3, 8, 13, 20):
        sums = array("i", [0])
        key = key_of(12345 << 16)
        viper_logs.accumulate(array("i", [key]), 0, 1, down, sums, 0)
        exact = power_of(key) / 4.0**down
        # Below an exponent of 0 the mantissa is shifted: 24 bits less.
        assert abs(power_of(sums[0]) - exact) <= 1e-5 * exact + 0.001, (down, power_of(sums[0]))


def test_accumulate__beyond_the_greatest_exponent__stays_there():
    sums = array("i", [0])
    for _ in range(9):
        viper_logs.accumulate(array("i", [22 << 26 | (1 << 26) - 1]), 0, 1, -9, sums, 0)
    assert sums[0] >> 26 == 31


def test_bins__every_length__reach_what_is_looked_at():
    for samples in (256, 512, 1024, 2048, 4096):
        third = 0.05 * samples  # the place of the highest third harmonic
        for slot, (_, count) in enumerate(bands.BANDS):
            bins = bands.bins_of_band(samples, slot)
            # The floor's last bin, the comb's last place; what the band has not need not be kept.
            needed = max(math.floor(third * 1.01) + 12, math.floor(third * 1.03) + 2)
            assert min(needed, count * samples // 8192) <= bins <= count * samples // 8192
        assert bands.amplitude_bins(samples) > third / 3 + max(0.6, 0.01 * third / 3)
        assert bands.shaft_bins(samples) == samples // 8
