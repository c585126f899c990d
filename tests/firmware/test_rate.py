"""The running estimate of a sensor's rate: it gets better, follows, disputes and is kept."""

import json
import os
import random

from paths import SCRATCH

from node.rate import Rates
from node.record import Record

PATH = SCRATCH + "/rates.json"
TRUE_HZ = 812.0


def _remove():
    for name in (PATH, PATH + ".new"):
        try:
            os.remove(name)
        except OSError:
            pass


def _rates():
    _remove()
    return Rates(PATH)


def _span(chance, true_hz, samples=256, jitter_us=1200):
    """Samples and microseconds of a record, its two stamps late by up to jitter_us."""
    late = chance.random() - chance.random()
    return samples, int(samples * 1e6 / true_hz + late * jitter_us)


def _seed(number):
    chance = random
    chance.seed(number)
    return chance


def test_rate__jittering_stamps__gets_better_and_states_how_good_it_is():
    for seed in range(5):
        chance, rates = _seed(seed), _rates()
        assert rates.rate_hz("acc", 800) is None
        stated = []
        for count in range(1, 1001):
            samples, us = _span(chance, TRUE_HZ)
            rates.update("acc", 800, samples, us)
            hz, ppm = rates.rate_hz("acc", 800)
            if count in (1, 10, 100, 1000):
                stated.append(ppm)
                assert abs(hz / TRUE_HZ - 1) * 1e6 <= ppm, (seed, count, hz, ppm)
        # One record of 256 is good for 3800 ppm.
        assert stated[0] > 2000 and stated[1] < 0.9 * stated[0]
        assert stated[2] < 1500 and stated[3] < 1000, stated
        assert abs(hz / TRUE_HZ - 1) < 300e-6, (seed, hz)


def test_rate__drift_of_a_warming_machine__is_followed_within_what_is_stated():
    chance, rates = _seed(3), _rates()
    for count in range(3000):  # 1 % within a quarter of an hour of capture
        true_hz = TRUE_HZ * (1 - 0.01 * count / 3000)
        samples, us = _span(chance, true_hz)
        rates.update("acc", 800, samples, us)
        hz, ppm = rates.rate_hz("acc", 800)
        if count % 100 == 99:
            assert abs(hz / true_hz - 1) * 1e6 < 5000 and ppm < 6000, (count, hz, true_hz, ppm)
    for _ in range(6000):
        rates.update("acc", 800, *_span(chance, true_hz))
    assert abs(rates.rate_hz("acc", 800)[0] / true_hz - 1) < 500e-6


def test_rate__another_chip__is_believed_after_three_records_that_agree():
    chance, rates = _seed(4), _rates()
    for _ in range(100):
        rates.update("acc", 800, *_span(chance, TRUE_HZ))
    for count in range(3):
        assert abs(rates.rate_hz("acc", 800)[0] / TRUE_HZ - 1) < 0.001, count
        rates.update("acc", 800, *_span(chance, 780.0))
    assert abs(rates.rate_hz("acc", 800)[0] / 780.0 - 1) < 0.004


def test_rate__wild_records__change_nothing():
    chance, rates = _seed(5), _rates()
    for _ in range(50):
        rates.update("acc", 800, *_span(chance, TRUE_HZ))
    before = rates.rate_hz("acc", 800)
    for samples, us in ((0, 0), (256, 1), (0, 300_000), (256, 10_000_000), (256, 250_000)):
        rates.update("acc", 800, samples, us)
    assert rates.rate_hz("acc", 800) == before
    assert rates.rate_hz("acc", 400) is None and rates.rate_hz("other", 800) is None


def _record(samples, true_hz, doubt_us=1200):
    record = Record()
    record.odr_hz, record.samples, record.raw_samples = 800, samples, samples
    record.span_samples = record.new_samples = samples - 16
    record.span_us = record.new_us = int((samples - 16) * 1e6 / true_hz)
    record.doubt_us = doubt_us
    return record


def test_judge__short_record__gets_the_better_rate():
    chance, rates = _seed(6), _rates()
    for _ in range(300):
        rates.update("acc", 800, *_span(chance, TRUE_HZ))
    record = _record(256, TRUE_HZ * 1.002)  # its own stamps were off, within their doubt
    assert 4000 < record.rate_ppm < 6000
    rates.judge("acc", record)
    assert not record.disputed and record.valid
    assert abs(record.rate_hz / TRUE_HZ - 1) < 500e-6 and record.rate_ppm < 1000
    record.decimate = 2
    assert abs(record.rate_hz / TRUE_HZ * 2 - 1) < 500e-6
    # One that was timed well keeps its own.
    record = _record(4096, TRUE_HZ * 1.001, doubt_us=20)
    rates.judge("acc", record)
    assert abs(record.rate_hz / TRUE_HZ / 1.001 - 1) < 10e-6


def test_judge__rate_that_cannot_be__is_disputed_and_not_valid():
    chance, rates = _seed(7), _rates()
    for _ in range(300):
        rates.update("acc", 800, *_span(chance, TRUE_HZ))
    for factor, disputed in ((1.0, False), (0.994, False), (0.97, True), (1.04, True)):
        record = _record(1024, TRUE_HZ * factor)
        rates.judge("acc", record)
        assert record.disputed == disputed and record.valid != disputed, factor
        assert record.rate_known != disputed
    # Both may be wrong: what was measured is told, and marked.
    assert abs(record.rate_hz / TRUE_HZ / 1.04 - 1) < 0.001


def test_judge__lost_samples__teach_nothing():
    rates = _rates()
    record = _record(1024, TRUE_HZ)
    record.gaps = 1
    rates.judge("acc", record)
    assert rates.rate_hz("acc", 800) is None


def test_save__rarely_and_whole__and_read_again():
    chance, rates = _seed(8), _rates()
    written = []
    for count in range(1, 5001):
        rates.update("acc", 800, *_span(chance, TRUE_HZ))
        if rates.save_if_due():
            written.append(count)
    assert written[0] == 8 and len(written) <= 10, written
    again = Rates(PATH)
    known = again.rate_hz("acc", 800)
    assert abs(known[0] / TRUE_HZ - 1) * 1e6 < known[1] < 3000
    assert os.stat(PATH)[6] < 200
    try:
        os.stat(PATH + ".new")
    except OSError:
        pass
    else:
        raise AssertionError("the temporary file is left")


def test_save__nothing_new__is_not_written():
    rates = _rates()
    assert not rates.save_if_due()
    for _ in range(100):
        rates.update("acc", 800, 256, 315_270)
        rates.save_if_due()
    again = Rates(PATH)
    for _ in range(9):
        again.update("acc", 800, 256, 315_270)
    assert not again.save_if_due()


def test_load__garbage__is_survived_and_left_out():
    good = [81200.0, 1e8, 40.0, 0.0, 500.0]
    for text in (
        "",
        "nonsense",
        "[1, 2]",
        '{"v": 2, "rates": {"acc@800.0": [81200, 1e8, 40, 0, 500]}}',
        '{"v": 1, "rates": 7}',
        '{"v": 1, "rates": {"acc@800.0": [81200, 1e8, 40, 0]}}',
        '{"v": 1, "rates": {"acc@800.0": [81200, "a", 40, 0, 5]}}',
        '{"v": 1, "rates": {"acc@800.0": [81200, 0, 40, 0, 5]}}',
        '{"v": 1, "rates": {"acc@800.0": [81200, 1e7, 40, 0, 5]}}',
        '{"v": 1, "rates": {"acc": [81200, 1e8, 40, 0, 5], "@": [1, 1, 1, 1, 1]}}',
        '{"v": 1, "rates": {"acc@0": [81200, 1e8, 40, 0, 5], "acc@nan": [1, 1e4, 1, 1, 1]}}',
        "x" * 10_000,
    ):
        with open(PATH, "w") as file:
            file.write(text)
        rates = Rates(PATH)
        assert rates.rate_hz("acc", 800) is None, text
        rates.update("acc", 800, 256, 315_270)
        assert rates.rate_hz("acc", 800) is not None
    with open(PATH, "w") as file:
        json.dump({"v": 1, "rates": {"acc@800.0": good, "far@800.0": None}}, file)
    rates = Rates(PATH)
    assert abs(rates.rate_hz("acc", 800)[0] - 812.0) < 0.01
    assert rates.rate_hz("far", 800) is None


def test_keys__more_than_are_kept__the_least_known_goes():
    rates = _rates()
    for _ in range(2):
        rates.update("acc", 800, 256, 315_270)
    for index in range(40):
        rates.update("s%d" % index, 800, 256, 315_270)
    known = [index for index in range(40) if rates.rate_hz("s%d" % index, 800) is not None]
    assert len(known) == 15 and 39 in known and rates.rate_hz("acc", 800) is not None
    assert rates.save_if_due() and os.stat(PATH)[6] < 2000
