"""The sums of currents in work space that others lend: the same values, and nothing beyond it."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from current_truth import added, noise, wave

from node.current import KEYS, Current
from node.dsp import backend, tables

RATE_HZ = 4000.0


def _phase(samples, place):
    shape = wave(samples, RATE_HZ, 50.2, 1500 - 200 * place, place, ((5, 0.1, 0.1),))
    return added(shape, noise(samples, 2, place + 1))


def _values(samples, lent):
    blocks = [_phase(samples, place) for place in range(3)]
    current = Current(backend("viper"), samples, 3, 0, None, [0.0] * 3, 2, lent)
    told = [[{}, {}, {}] for _ in range(3)]
    for _ in range(2):  # the second begins with what the first has left behind
        current.compute(blocks, [0.01] * 3, RATE_HZ, 50.0, KEYS, *told)
    return told


def test_current__in_lent_space__the_values_it_has_in_its_own():
    for samples, length in ((1024, 2048), (512, 4096), (2048, 2048), (1024, 1024)):
        own = _values(samples, None)
        for each, kind in ((4, "i"), (2, "h")):
            work = array(kind, bytes(4 * length))
            told = _values(samples, (work, each, tables.turn(length)))
            assert told[1] == own[1] and told[2] == own[2]
            for phase in range(3):
                a, b = told[0][phase], own[0][phase]
                assert set(a) == set(b)
                for key in a:
                    # A longer table of sines is closer; nothing else differs.
                    assert abs(a[key] - b[key]) <= 2e-4 * abs(b[key]) + 1e-3, (key, a[key], b[key])


def test_sums__lent_space_that_is_short__is_left_alone():
    work = array("h", [7] * 600)
    own = _values(1024, None)
    told = _values(1024, (work, 2, tables.turn(256)))
    assert told == own and min(work) == max(work) == 7
