"""What both backends make of a block, against the definition of the spectrum: 0.1 % off fails."""

import math
from array import array

from node.dsp import backend

SAMPLES = 256


def backends():
    yield backend("viper")
    try:
        yield backend("ulab")
    except ValueError:
        pass  # this interpreter has no ulab


def block():
    """Noise over all bins, up to 23,000 digits and far from symmetric."""
    seed, values = 7, array("h", bytes(2 * SAMPLES))
    for i in range(SAMPLES):
        seed = (seed * 1103515245 + 12345) % 2147483648
        values[i] = ((seed >> 16) % 180) ** 2 - 9000
    return values


def amplitude2(values, k):
    """A_k**2 by its definition."""
    mean = sum(values) / SAMPLES
    real = imag = 0.0
    for i in range(SAMPLES):
        x = (0.5 - 0.5 * math.cos(2 * math.pi * i / SAMPLES)) * (values[i] - mean)
        angle = 2 * math.pi * (i * k % SAMPLES) / SAMPLES
        real += x * math.cos(angle)
        imag += x * math.sin(angle)
    return (real * real + imag * imag) * 16 / SAMPLES / SAMPLES


def near(where, got, expected, part):
    assert abs(got - expected) <= part * abs(expected), (where, got, expected)


def test_power__noise__by_its_definition():
    values = block()
    for module in backends():
        kernels = module.Kernels(SAMPLES)
        kernels.load(values)
        kernels.transform()
        for k in (1, 2, 3, 17, 31, 64, 90, 127):
            near((module.NAME, k), kernels.power(k), amplitude2(values, k), 5e-4)


def test_sums__any_part__those_of_the_powers():
    values = block()
    for module in backends():
        kernels = module.Kernels(SAMPLES)
        kernels.load(values)
        kernels.transform()
        for low, high in ((1, 128), (2, 9), (5, 6), (40, 101), (63, 66)):
            whole = once = twice = 0.0
            for k in range(low, high):
                whole += kernels.power(k)
                once += kernels.power(k) / k**2
                twice += kernels.power(k) / k**4
            where = (module.NAME, low, high)
            near(where, kernels.power_sum(low, high), whole, 3e-4)
            near(where, kernels.integrals(low, high)[0], once, 3e-4)
            near(where, kernels.integrals(low, high)[1], twice, 5e-4)


def test_moments__noise__by_their_definition():
    values = block()
    mean = sum(values) / SAMPLES
    for module in backends():
        kernels = module.Kernels(SAMPLES)
        kernels.load(values)
        kernels.moments()
        near(module.NAME, kernels.mean, mean, 1e-5)
        assert (kernels.least, kernels.most) == (min(values), max(values)), module.NAME
        near(module.NAME, kernels.peak, max(abs(value - mean) for value in values), 1e-5)
        for power, got in ((2, kernels.m2), (4, kernels.m4)):
            expected = sum((value - mean) ** power for value in values) / SAMPLES
            near((module.NAME, power), got, expected, 5e-4)
        scale = kernels.m2**1.5
        expected = sum((value - mean) ** 3 for value in values) / SAMPLES
        assert abs(kernels.m3 - expected) <= 5e-4 * scale, (module.NAME, kernels.m3, expected)
