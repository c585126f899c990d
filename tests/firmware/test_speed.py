"""The shaft speed estimated from one spectrum."""

import math
from array import array

from node.dsp import backend
from node.vibration import Vibration

RATE_HZ, SCALE = 3200.0, 0.0039
KEYS = ("shaft_hz", "shaft_confidence", "order1_mm_s")


def machine(samples, shaft_hz, harmonics, noise_digits, seed=7):
    """int16[samples]: harmonics of a shaft (digits each) in uniform noise."""
    block = array("h", bytes(2 * samples))
    for i in range(samples):
        seed = (seed * 1103515245 + 12345) % 2147483648
        x = noise_digits * ((seed >> 8) % 2001 - 1000) / 1000
        for n in range(len(harmonics)):
            turns = (n + 1) * shaft_hz * i / RATE_HZ
            x += harmonics[n] * math.sin(2 * math.pi * (turns - int(turns)) + n)
        block[i] = round(x)
    return block


def compute(block, **options):
    out, withheld = {}, {}
    vibration = Vibration(backend("viper"), len(block), **options)
    vibration.compute(block, SCALE, RATE_HZ, KEYS, out, withheld)
    return out, withheld


def test_speed__harmonics_in_noise__found_with_confidence():
    for shaft_hz, harmonics in (
        (24.7, (300, 150, 100, 80, 60)),
        (49.3, (200, 300, 100, 150, 50)),
        (12.1, (400, 100, 200, 50, 100)),
    ):
        out, withheld = compute(machine(4096, shaft_hz, harmonics, 60))
        assert not withheld, (shaft_hz, withheld)
        assert abs(out["shaft_hz"] - shaft_hz) <= 0.1, (shaft_hz, out)
        assert out["shaft_confidence"] >= 0.7
        expected = harmonics[0] * SCALE * 9806.65 / math.sqrt(2) / (2 * math.pi * shaft_hz)
        assert abs(out["order1_mm_s"] - expected) <= 0.05 * expected


def test_speed__noise_alone__uncertain():
    for seed in range(1, 4):
        out, withheld = compute(machine(2048, 25.0, (), 500, seed))
        assert withheld == {"shaft_hz": "uncertain_speed", "order1_mm_s": "uncertain_speed"}
        assert out["shaft_confidence"] < 0.7, out


def test_speed__record_of_less_than_four_turns__no_speed():
    out, withheld = compute(machine(256, 20.0, (900, 300), 5), shaft_range_hz=(10.0, 45.0))
    assert "shaft_hz" in withheld, out
