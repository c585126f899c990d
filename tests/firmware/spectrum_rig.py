"""Kernels whose spectrum a test writes down bin by bin: what is computed from it is then exact.

The interface is that of node/dsp/__init__.py; nothing is transformed and nothing is rounded.
"""

import math


class Given:
    """A backend of one record: powers[k] is A_k**2 in digits**2, of the N/2 lower bins."""

    NAME = "given"

    def __init__(self, powers, rms=0.0):
        self.powers, self.samples = [float(x) for x in powers], 2 * len(powers)
        self.mean, self.least, self.most, self.peak = 0.0, -1.0, 1.0, 1.0
        self.m2, self.m3, self.m4 = rms * rms, 0.0, 0.0

    def Kernels(self, samples, wide):
        assert samples == self.samples
        return self

    def load(self, block):
        pass

    def moments(self):
        pass

    def transform(self):
        pass

    def power(self, k):
        assert k >= 0
        return self.powers[k]

    def power_sum(self, low, high):
        assert 0 <= low <= high <= self.samples // 2, (low, high)
        return sum(self.powers[low:high])

    def integrals(self, low, high):
        assert 1 <= low <= high <= self.samples // 2, (low, high)
        once = sum([self.powers[k] / (k * k) for k in range(low, high)])
        return once, sum([self.powers[k] / (k * k) / (k * k) for k in range(low, high)])

    def greatest(self, low, high):
        part = self.powers[low:high]
        return low + part.index(max(part))

    def lines(self, low, high, found, most):
        p, count = self.powers, 0
        peaks = [k for k in range(low, high) if p[k - 1] < p[k] >= p[k + 1]]
        while peaks and count < most:
            best = max(peaks, key=lambda k: p[k])
            found[count] = best
            count += 1
            peaks = [k for k in peaks if abs(k - best) >= 4]
        return count


def line(powers, place, amplitude):
    """Adds a tone between bins, of so many digits, as the Hann window shows it: five bins."""
    for k in range(int(place) - 2, int(place) + 4):
        away = abs(place - k)
        if away < 1e-6:
            share = 1.0
        elif abs(away - 1.0) < 1e-6:
            share = 0.5
        else:
            share = math.sin(math.pi * away) / (math.pi * away) / (1.0 - away * away)
        powers[k] += (amplitude * share) ** 2


def spectrum(samples, **places):
    """Powers of N/2 bins, nothing but k7=amplitude in digits at bin 7 and the like."""
    powers = [0.0] * (samples // 2)
    for name in places:
        powers[int(name[1:])] = float(places[name]) ** 2
    return powers
