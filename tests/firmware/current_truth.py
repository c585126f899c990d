"""Currents whose features are known without computing them, for tests on both interpreters."""

import math
from array import array

from node.current import KEYS, Current
from node.dsp import backend

SCALE = 0.01  # A a digit
OF_VOLTAGES = ("cur_volt_v", "cur_power_w", "cur_apparent_va", "cur_power_factor")


def backends():
    yield backend("viper")
    try:
        yield backend("ulab")
    except ValueError:
        pass  # this interpreter has no ulab


def wave(samples, rate_hz, hz, digits, phase=0.3, harmonics=(), middle=2048, later_us=0.0):
    """digits: the fundamental's amplitude; harmonics: (order, part of it, phase)."""
    block = array("h", bytes(2 * samples))
    for i in range(samples):
        # Whole turns off first: floats of 24 bits hold no thousand radians.
        turns = hz * i / rate_hz
        t = 2 * math.pi * (turns - int(turns) + hz * later_us * 1e-6) + phase
        x = math.sin(t)
        for order, part, at in harmonics:
            x += part * math.sin(order * t + at)
        block[i] = int(middle + digits * x + 1000000.5) - 1000000
    return block


def noise(samples, reach, seed=1, middle=2048):
    """Whole digits, each as likely, from -reach to reach."""
    block = array("h", bytes(2 * samples))
    for i in range(samples):
        seed = (seed * 75 + 74) % 65537
        block[i] = middle + seed % (2 * reach + 1) - reach
    return block


def added(block, other, less=2048):
    return array("h", [block[i] + other[i] - less for i in range(len(block))])


def compute(module, blocks, rate_hz, keys=KEYS, currents=None, scales=None, ppm=50.0, **options):
    """(out, withheld, marked) of each current; every key is in one of the first two."""
    jitter_us = options.pop("jitter_us", 0.0)
    averaged_us = options.pop("averaged_us", 0.0)
    count = len(blocks) if currents is None else currents
    current = Current(module, len(blocks[0]), count, len(blocks) - count, **options)
    told = [[{"old": 1} for _ in range(count)] for _ in range(3)]
    current.compute(
        blocks,
        scales or [SCALE] * len(blocks),
        rate_hz,
        ppm,
        keys,
        *told,
        jitter_us=jitter_us,
        averaged_us=averaged_us,
    )
    for phase in range(count):
        out, withheld, marked = told[0][phase], told[1][phase], told[2][phase]
        assert not set(out) & set(withheld), (out, withheld)
        assert set(marked) <= set(out), (out, marked)
        for key in out:
            assert -1e30 < out[key] < 1e30, (module.NAME, key, out[key])
    assert set(told[0][0]) | set(told[1][0]) == set(keys)
    return told


def one(module, block, rate_hz, **options):
    """The same of a single current."""
    out, withheld, marked = compute(module, [block], rate_hz, **options)
    return out[0], withheld[0], marked[0]
