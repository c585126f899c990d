from array import array

import wire
from node import envelope, plan
from node.dsp import backend
from node.vibration import Vibration
from wire import features, keys, validity


def test_keys__of_the_two_parts_that_compute_them__are_those_of_the_catalogue():
    assert sorted(plan.KEYS + envelope.KEYS) == sorted(keys.WAVEFORM_KEYS)


def test_of_bearing__every_key__as_the_catalogue_says():
    for key in keys.KEYS:
        assert validity.of_bearing(key) == (key in keys.BEARING_KEYS), key


def test_rows__every_feature__unit_range_source_and_version():
    used = set()
    for row in features.FEATURES:
        number, key, unit, least, most, resolution, definition, source, since = row
        assert number > 0 and unit and definition, key
        assert least < most and 0 < resolution <= most - least, key
        assert len(features.SOURCES[source]) > 15, key
        assert 1 <= since <= wire.DEFINITIONS, key
        used.add(source)
    assert used == set(features.SOURCES)
    assert len({row[0] for row in features.FEATURES}) == len(features.FEATURES)


def test_undefined__every_row__of_a_feature_and_a_reason():
    told = []
    for key in features.KEYS:
        told += features.undefined(key)
    for _, reason, where in features.UNDEFINED:
        assert reason in features.REASONS and (reason, where) in told, (reason, where)


def test_vibration__whatever_it_withholds__a_reason_that_the_catalogue_has():
    noise = [(i * 7919 + i * i * 31) % 2001 - 1000 for i in range(256)]
    for samples in ([5] * 256, [0] * 100 + [900] + [0] * 155, noise, [i % 2 for i in range(256)]):
        for shaft_hz, rate_hz in ((None, 3200.0), (25.0, 100.0), (25.0, 1000.0), (300.0, 1e4)):
            bands = ((1.0, 1.1), (10.0, 100.0), (100.0, 900.0))
            vibration = Vibration(backend("viper"), 256, bands=bands, shaft_hz=shaft_hz)
            out, withheld, marked = {}, {}, {}
            keys_of = tuple([key for key in plan.KEYS if key != "band4_g"])
            block = array("h", samples)
            vibration.compute(block, 0.001, rate_hz, keys_of, out, withheld, marked)
            reasons = list(withheld.items()) + list(marked.items())
            for key, reason in reasons:
                known = [row[0] for row in features.undefined(key)]
                known += [rule[3] for rule in validity.rules_of(key)]
                if validity.floor_of(key):
                    known.append("below_floor")
                assert reason in known, (key, reason, known)
