"""The spectrum of records of every usual length, by its definition: 0.1 % off in an A_k**2 fails.

Tables, spans and the last stage of the transform go with the length; the other tests of kernels
are of 256 samples and fewer.
"""

import math
from array import array

from node.dsp import backend


def backends():
    yield backend("viper")
    try:
        yield backend("ulab")
    except ValueError:
        pass  # this interpreter has no ulab


def noise(samples):
    """Uniform over 20,000 digits, the same on every runtime; its mean is not 0."""
    seed, values = 11, array("h", bytes(2 * samples))
    for i in range(samples):
        seed = (seed * 1103515245 + 12345) % 2147483648
        values[i] = (seed >> 8) % 20000 - 7000
    return values


def amplitude2(values, k):
    """A_k**2, summed in short parts, so that it is right where floats have 24 bits, too."""
    samples = len(values)
    mean = sum(values) // samples  # the window's spectrum ends at bin 1: any constant will do
    real, imag = [], []
    for first in range(0, samples, 64):
        a = b = 0.0
        for i in range(first, first + 64):
            x = (0.5 - 0.5 * math.cos(2 * math.pi * i / samples)) * (values[i] - mean)
            angle = 2 * math.pi * (i * k % samples) / samples
            a += x * math.cos(angle)
            b += x * math.sin(angle)
        real.append(a)
        imag.append(b)
    return (sum(real) ** 2 + sum(imag) ** 2) * 16 / samples / samples


def test_power__every_length__by_its_definition():
    for samples in (512, 1024, 2048, 4096):
        values, half = noise(samples), samples // 2
        expected = {}
        for k in (2, half // 8 + 1, half // 4, half // 2 - 3, half // 2 + 1, half - 9, half - 2):
            expected[k] = amplitude2(values, k)
        for module in backends():
            kernels = module.Kernels(samples)
            kernels.load(values)
            kernels.transform()
            for k in expected:
                got = kernels.power(k)
                assert abs(got - expected[k]) <= 7e-4 * expected[k], (
                    module.NAME,
                    samples,
                    k,
                    got,
                    expected[k],
                )
