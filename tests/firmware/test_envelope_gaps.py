"""Envelopes that are nothing for most of the time: there mean / 64 is what counts."""

import math
import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from envelope_truth import totals

from node import dsp

SAMPLES = 1024


def burst():
    """int16[1024]: a smooth burst of a fifth of the record, in all five bands at once."""
    block = array("h", bytes(2 * SAMPLES))
    for i in range(204):
        size = (0.5 - 0.5 * math.cos(2 * math.pi * i / 204)) * 6000
        x = 0.0
        for cycles in (90.3, 160.1, 224.4, 288.2, 352.7):
            x += math.sin(2 * math.pi * cycles * i / SAMPLES + cycles)
        block[300 + i] = round(size * x)
    return block


def backends():
    found = [dsp.backend("viper")]
    try:
        found.append(dsp.backend("ulab"))
    except ValueError:
        pass  # this interpreter has no ulab
    return found


def test_spectra__burst__logarithms_down_to_a_64th_of_the_mean():
    block = burst()
    expected = totals([block])
    for module in backends():
        spectra = dsp.envelope(module.NAME).Spectra(SAMPLES)
        spectra.add(block, 0)
        for slot in range(5):
            got = right = 0.0
            for k in range(2, 9):
                got += math.sqrt(spectra.power(slot, spectra.keys(0, slot, k, k + 1)[0]))
                right += math.sqrt(expected[slot][k])
            assert abs(got - right) <= 0.0007 * right, (module.NAME, slot, got / right)
