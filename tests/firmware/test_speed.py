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


def test_speed__many_records__within_what_is_stated():
    # From lines hardly above the noise to clear ones; 1024 samples, 8 to 16 turns.
    vibration = Vibration(backend("viper"), 1024)
    told = far = sure = 0
    for seed in range(60):
        shaft_hz = 25.0 + 25.0 * (seed * 7 % 60) / 60
        parts = (300, 150, 100, 80, 60) if seed % 3 else (100, 300, 100, 80, 60)
        block = machine(1024, shaft_hz, parts, 30 + 4 * seed, seed + 1)
        out, withheld = {}, {}
        vibration.compute(block, SCALE, RATE_HZ, KEYS, out, withheld)
        if "shaft_hz" not in out:
            continue
        away = abs(out["shaft_hz"] / shaft_hz - 1)
        told += 1
        far += away > vibration.shaft_error
        sure += vibration.shaft_error <= 0.005
        assert 0.0 < vibration.shaft_error < 0.05, (seed, vibration.shaft_error)
        assert away < 0.005 or vibration.shaft_error > 0.005, (seed, away)
    assert told > 30 and far <= 1 and sure > 10, (told, far, sure)


def test_speed__another_line_next_to_it__is_less_sure():
    # Mains at 60 Hz, a bin and three quarters beside a shaft of 54.5
    errors = []
    for part in (0, 150):
        block = machine(1024, 54.5, (300, 150), 30)
        for i in range(1024):
            block[i] += int(part * math.sin(2 * math.pi * 60.0 * i / RATE_HZ) + 0.5)
        vibration = Vibration(backend("viper"), 1024)
        vibration.compute(block, SCALE, RATE_HZ, KEYS, {}, {})
        errors.append(vibration.shaft_error)
    assert errors[1] > 3 * errors[0], errors


def test_speed__given__has_no_uncertainty_of_a_spectrum():
    vibration = Vibration(backend("viper"), 1024)
    assert vibration.shaft_error is None
    vibration.compute(machine(1024, 25.0, (300,), 30), SCALE, RATE_HZ, KEYS, {}, {})
    assert vibration.shaft_error < 0.05
    vibration.shaft_hz = 25.0
    assert vibration.shaft_error is None


def test_speed__noise_alone__uncertain():
    for seed in range(1, 4):
        out, withheld = compute(machine(2048, 25.0, (), 500, seed))
        assert withheld == {"shaft_hz": "uncertain_speed", "order1_mm_s": "uncertain_speed"}
        assert out["shaft_confidence"] < 0.7, out


def test_speed__record_of_less_than_four_turns__no_speed():
    out, withheld = compute(machine(256, 20.0, (900, 300), 5), shaft_range_hz=(10.0, 45.0))
    assert "shaft_hz" in withheld, out
