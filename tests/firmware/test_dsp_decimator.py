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
    for factor in (2, 3, 8, 16):
        taps = [tap - 32768 for tap in design(factor)]
        droop = max(abs(1 - response(taps, factor, 0.3 * i / 10)) for i in range(11))
        assert droop < 0.001, (factor, droop)
        # From 0.7 of the new rate on everything folds into what is used, or beyond it.
        count = 12 * factor
        places = [0.7 + (factor / 2 - 0.7) * i / count for i in range(count + 1)]
        alias = max(abs(response(taps, factor, place)) for place in places)
        assert alias < 0.001, (factor, 20 * math.log10(alias))


def push_all(decimator, samples, sizes):
    out, at, done, turn = array("i", bytes(4 * len(samples))), 0, 0, 0
    while done < len(samples):
        size = min(sizes[turn % len(sizes)], len(samples) - done)
        at += decimator.push(array("h", samples[done : done + size]), size, out, at)
        done += size
        turn += 1
    return list(out[:at])


def test_push__any_chunks__the_same_results():
    samples = [(i * 7919) % 60001 - 30000 for i in range(700)]
    whole = push_all(Decimator(8, 700), samples, (700,))
    assert len(whole) == (700 - 80) // 8 + 1
    assert push_all(Decimator(8, 32), samples, (32, 1, 17)) == whole


def test_push__tone__delayed_and_unchanged():
    factor, place, size = 5, 0.21, 12000
    samples = [round(size * math.sin(2 * math.pi * place / factor * i)) for i in range(800)]
    decimator = Decimator(factor, 800)
    results = push_all(decimator, samples, (800,))
    for i in range(len(results)):
        at = i * factor + decimator.delay_samples
        exact = size * math.sin(2 * math.pi * place / factor * at)
        assert abs(results[i] / 256 - exact) <= 0.001 * size, (i, results[i] / 256, exact)


def test_push__tones__droop_and_alias_as_designed():
    size = 32000
    for factor in (2, 8):
        # What comes through at 0.3 of the new rate; what falls onto it from 0.7 and from 1.3.
        for place, least, most in ((0.3, 0.998, 1.002), (0.7, 0.0, 5e-4), (1.3, 0.0, 5e-4)):
            if place > factor / 2:
                continue
            turn = 2 * math.pi * place / factor
            samples = [round(size * math.sin(turn * i)) for i in range(160 * factor)]
            results = push_all(Decimator(factor, len(samples)), samples, (len(samples),))
            results = results[:150]
            power = sum([(value / 256 / size) * (value / 256 / size) for value in results])
            gain = math.sqrt(2 * power / len(results))
            assert least <= gain <= most, (factor, place, gain)


def test_push__rails_and_overshoot__24_bits():
    for level in (-32768, 32767):
        assert set(push_all(Decimator(4, 200), [level] * 200, (200,))) == {level * 256}
    step = [-32768] * 200 + [32767] * 200
    results = push_all(Decimator(4, 400), step, (400,))
    assert min(results) == -8388608 and max(results) == 8388607


def test_push__after_reset__nothing_of_the_record_before():
    decimator = Decimator(3, 90)
    push_all(decimator, [30000] * 85, (85,))
    decimator.reset()
    assert set(push_all(decimator, [5] * 60, (60,))) == {5 * 256}


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
    assert "chunk" in raised(decimator.push, array("h", [1] * 5), 6, array("i", [0]), 0)
    assert "out" in raised(decimator.push, array("h", [1] * 30), 30, array("i", [0]), 0)
