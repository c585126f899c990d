from node import envelope, plan
from wire import keys, validity


def test_keys__of_the_two_parts_that_compute_them__are_those_of_the_catalogue():
    assert sorted(plan.KEYS + envelope.KEYS) == sorted(keys.WAVEFORM_KEYS)


def test_of_bearing__every_key__as_the_catalogue_says():
    for key in keys.KEYS:
        assert validity.of_bearing(key) == (key in keys.BEARING_KEYS), key
