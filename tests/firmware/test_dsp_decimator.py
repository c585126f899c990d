"""The decimator: response, delay, streaming, rails."""

import math
from array import array

from node.dsp.decimator import Decimator, design


def response(taps, factor, place):
    """The gain at a frequency, in parts of the new rate, from the rounded taps."""
    half = len(taps)
    turn = 2 * math.pi * place / factor
    return sum(2 * taps[j] * math.cos(turn * (j - half + 0.5)) for j in range(half)) / 32768


def test_design__every_factor__droop_and_alias():
    for factor in range(2, 17):
        taps = [tap - 32768 for tap in design(factor)]
        droop = max(abs(1 - response(taps, factor, 0.3 * i / 10)) for i in range(11))
        assert droop < 0.001, (factor, droop)
        # From 0.7 of the new rate on everything folds into what is used, or beyond it.
        count = 12 * factor
        places = [0.7 + (factor / 2 - 0.7) * i / count for i in range(count + 1)]
        alias = max(abs(response(taps, factor, place)) for place in places)
        assert alias < 0.001, (factor, 20 * math.log10(alias))


def filter_all(factor, most, samples, sizes, decimator=None):
    """The results of an axis; the other two get the same, negated and shifted by one."""
    decimator = decimator or Decimator(factor, most)
    blocks = tuple([array("h", bytes(2 * len(samples))) for _ in range(3)])
    at = done = turn = 0
    while done < len(samples):
        size = min(sizes[turn % len(sizes)], len(samples) - done)
        x, y, z = decimator.lines
        for i in range(size):
            x[decimator.kept + i] = samples[done + i]
            y[decimator.kept + i] = -max(-32767, samples[done + i])
            z[decimator.kept + i] = samples[done + i - 1]
        decimator.offset(size)
        at += decimator.filter(size, blocks, at)
        done += size
        turn += 1
    return [list(block[:at]) for block in blocks]


def exact(samples, factor):
    """The same in whole numbers, from the taps alone."""
    half = [tap - 32768 for tap in design(factor)]
    taps = half + half[::-1]
    found = []
    for first in range(0, len(samples) - len(taps) + 1, factor):
        total = sum([taps[j] * samples[first + j] for j in range(len(taps))])
        found.append(max(-32768, min(32767, (total + 16384) >> 15)))
    return found


def test_filter__any_chunks__the_exact_results_of_each_axis():
    samples = [(i * 7919) % 60001 - 30000 for i in range(700)]
    right = exact(samples, 8)
    assert len(right) == (700 - 80) // 8 + 1
    shifted = samples[-1:] + samples[:-1]
    for most, sizes in ((700, (700,)), (32, (32, 1, 17))):
        x, y, _ = filter_all(8, most, samples, sizes)
        assert x == right
        assert max(abs(y[i] + right[i]) for i in range(len(y))) <= 1
    assert filter_all(8, 700, samples, (700,))[2] == exact(shifted, 8)


def test_filter__tone__delayed_and_unchanged():
    place, size = 0.21, 12000
    for factor in range(2, 17):
        turn, count = 2 * math.pi * place / factor, 30 * factor
        samples = [round(size * math.sin(turn * i)) for i in range(count)]
        decimator = Decimator(factor, count)
        results, _, _ = filter_all(factor, count, samples, (count,), decimator)
        assert len(results) == 21 and decimator.delay_samples == (10 * factor - 1) / 2, factor
        for i in range(len(results)):
            right = size * math.sin(turn * (i * factor + decimator.delay_samples))
            assert abs(results[i] - right) <= 0.001 * size, (factor, i, results[i], right)


def test_filter__tones__droop_and_alias_as_designed():
    size = 32000
    for factor in (2, 8):
        # What comes through at 0.3 of the new rate; what falls onto it from 0.7 and from 1.3.
        for place, least, most in ((0.3, 0.998, 1.002), (0.7, 0.0, 5e-4), (1.3, 0.0, 5e-4)):
            if place > factor / 2:
                continue
            turn = 2 * math.pi * place / factor
            samples = [round(size * math.sin(turn * i)) for i in range(160 * factor)]
            results, _, _ = filter_all(factor, len(samples), samples, (len(samples),))
            results = results[:150]
            power = sum([(value / size) * (value / size) for value in results])
            gain = math.sqrt(2 * power / len(results))
            assert least <= gain <= most, (factor, place, gain)


def test_filter__any_factor_at_its_worst__within_32_bits_and_at_the_rail():
    for factor in range(2, 17):
        half = [tap - 32768 for tap in design(factor)]
        taps = half + half[::-1]
        for sign in (1, -1):
            # Each sample at the rail that its tap makes the most of.
            samples = [32767 if sign * tap > 0 else -32768 for tap in taps]
            decimator = Decimator(factor, len(samples))
            results, _, _ = filter_all(factor, 0, samples, (len(samples),), decimator)
            assert results == [32767 if sign > 0 else -32768], factor
            assert decimator.clipped == 1


def test_filter__rails_and_overshoot__16_bits():
    for level in (-32768, 32767):
        assert set(filter_all(4, 200, [level] * 200, (200,))[0]) == {level}
    step = [-32768] * 200 + [32767] * 200
    decimator = Decimator(4, 400)
    results, _, _ = filter_all(4, 400, step, (400,), decimator)
    assert min(results) == -32768 and max(results) == 32767 and decimator.clipped > 2


def test_filter__after_reset__nothing_of_the_run_before():
    decimator = Decimator(3, 90)
    filter_all(3, 90, [30000] * 85, (85,), decimator)
    decimator.reset()
    assert set(filter_all(3, 90, [5] * 60, (60,), decimator)[0]) == {5}


def raised(call, *arguments):
    try:
        call(*arguments)
    except ValueError as error:
        return str(error)
    return ""


def test_decimator__what_cannot_work__value_error():
    for factor in (1, 17):
        assert "factor" in raised(Decimator, factor, 10)
    decimator = Decimator(2, 30)
    blocks = tuple([array("h", [0]) for _ in range(3)])
    assert "lines" in raised(decimator.filter, len(decimator.lines[0]) + 1, blocks, 0)
    assert "blocks" in raised(decimator.filter, 30, blocks, 0)
