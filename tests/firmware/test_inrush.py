"""Peak and duration of switch-ons that are known."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import SCALE, noise

from node.inrush import KEYS, Inrush

RATE_HZ, CYCLE = 2000.0, 40


def started(samples, begin, times, cycles, digits=1000, rest=2048):
    """A motor that takes `times` its current for so many whole cycles."""
    block = array("h", bytes(2 * samples))
    for i in range(samples):
        after = i - begin
        x = 0.0
        if after >= 0:
            x = digits * math.sin(2 * math.pi * after / CYCLE)
            if after < cycles * CYCLE:
                x *= times
        block[i] = int(rest + x + 0.5)
    return block


def compute(block, **options):
    out, withheld = {"old": 1}, {"old": "x"}
    Inrush(len(block)).compute(block, SCALE, RATE_HZ, 50.0, KEYS, out, withheld, **options)
    assert set(out) | set(withheld) == set(KEYS) and not set(out) & set(withheld)
    return out, withheld


def test_inrush__motor_of_known_start__peak_and_duration():
    for begin, times, cycles in ((200, 6, 10), (333, 3, 25), (100, 8, 3), (45, 2, 1)):
        out, _ = compute(started(2048, begin, times, cycles))
        assert abs(out["cur_inrush_a"] - times * 10.0) < 0.05, out
        # Cycles count from the record's end, and the switch-on at a tenth of the peak.
        assert abs(out["cur_inrush_ms"] - cycles * 20.0) <= 20.0, (begin, cycles, out)


def test_inrush__no_more_than_what_stays__peak_and_no_duration():
    out, _ = compute(started(2048, 300, 1, 0))
    assert abs(out["cur_inrush_a"] - 10.0) < 0.02 and out["cur_inrush_ms"] == 0.0


def test_inrush__greatest_by_noise_in_the_last_cycle__no_longer_for_it():
    block = started(2048, 300, 1, 0)
    block[2000] += 80
    out, withheld = compute(block)
    assert not withheld and out["cur_inrush_ms"] == 0.0


def test_inrush__still_falling_at_the_end__no_duration():
    block = started(1024, 300, 1, 0)
    for i in range(300, 1024):
        block[i] = int(2048 + (block[i] - 2048) * (1 + 5 * math.exp((300 - i) / 400)))
    out, withheld = compute(block)
    assert withheld == {"cur_inrush_ms": "too_short"} and out["cur_inrush_a"] > 40


def test_inrush__runs_already_or_stands__no_start():
    running = started(2048, 0, 1, 0)
    for block in (running, array("h", [2048] * 2048)):
        _, withheld = compute(block)
        assert withheld == {"cur_inrush_a": "no_start", "cur_inrush_ms": "no_start"}
    _, withheld = compute(noise(2048, 5), noise_a=0.032)
    assert withheld["cur_inrush_a"] == "no_start"


def test_inrush__switched_on_at_the_very_end__peak_alone():
    out, withheld = compute(started(2048, 2000, 6, 10))
    assert withheld["cur_inrush_ms"] == "too_short" and out["cur_inrush_a"] > 50


def test_inrush__three_cycles__too_short():
    _, withheld = compute(started(150, 50, 6, 1))
    assert withheld == {"cur_inrush_a": "too_short", "cur_inrush_ms": "too_short"}


def test_inrush__turned_clamp_and_one_key__the_same_peak():
    block, out, withheld = started(2048, 200, 6, 10), {}, {}
    Inrush(4096).compute(block, -SCALE, RATE_HZ, 50.0, ("cur_inrush_a",), out, withheld)
    assert set(out) == {"cur_inrush_a"} and not withheld


def test_inrush__what_cannot_work__value_error():
    block = started(2048, 200, 6, 10)
    features = Inrush(2048)
    for arguments in (
        (block, 0.0, RATE_HZ, 50.0, KEYS),
        (block, SCALE, 300.0, 50.0, KEYS),
        (block, SCALE, RATE_HZ, 0.0, KEYS),
        (block, SCALE, float("nan"), 50.0, KEYS),
        (block[:60], SCALE, RATE_HZ, 50.0, KEYS),
        (started(2100, 9, 1, 1), SCALE, RATE_HZ, 50.0, KEYS),
        (block, SCALE, RATE_HZ, 50.0, ("cur_rms_a",)),
    ):
        try:
            features.compute(*arguments, {}, {})
        except ValueError:
            continue
        raise AssertionError(arguments[1:])
