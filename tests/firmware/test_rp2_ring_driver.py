"""The ADC that runs round and round against its twin: a record from before a rise on."""

import sys
from math import sqrt

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import PINS, ADCRig, rms_a

from node.drivers.inputs import Take, make_blocks
from node.drivers.rp2_ring import RP2Ring

RATE_HZ, SAMPLES = 2000, 1024  # 0.512 s
LOOK_MS = 100
LEAST = (200, 200, 200)  # 3 A
PEAK_A = 3 * 6 * sqrt(2) * 1.05


def _driver(timeline, rate_hz=RATE_HZ, samples=SAMPLES, pins=PINS, **config):
    source = {"kind": "motor", "amps": 3.0, "timeline": timeline}
    rig = ADCRig(source=source, **config)
    driver = RP2Ring(rig.port, rig.clock)
    driver.configure(rate_hz, samples, pins, 3.3, 50)
    driver.watch()
    return rig, driver


def _wait(rig, driver, looks=60, look_ms=LOOK_MS):
    """Looks until it has risen: after which one; None: never."""
    for look in range(looks):
        rig.world.advance_us(1000 * look_ms)
        if driver.risen(LEAST):
            return look
    return None


def _record(rig, driver, pins=PINS):
    blocks, take = make_blocks(len(pins), SAMPLES), Take(len(pins))
    rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    return blocks, take


def _begin(driver, block):
    """The first sample that is away from the rest by 1 A."""
    rest = sum(block[:40]) / 40
    digits = 1.0 / (driver.per_digit(0) * 20)
    for i in range(len(block)):
        if abs(block[i] - rest) > digits:
            return i
    return None


def test_ring__start_at_any_instant__a_record_that_begins_before_it_and_has_its_peak():
    for start_s in (1.1, 1.27, 1.3331, 1.999, 2.511, 2.56, 4.0007):
        rig, driver = _driver(((0, "off"), (start_s, "start")))
        look = _wait(rig, driver)
        assert look is not None and 0 <= (look + 1) * LOOK_MS - 1000 * start_s < 1.2 * LOOK_MS
        blocks, take = _record(rig, driver)
        assert take.overruns == 0 and take.samples == SAMPLES and take.run == 1
        for index in range(3):
            begin = _begin(driver, blocks[index])
            assert SAMPLES // 8 - 10 < begin < SAMPLES // 8 + 220, (start_s, begin)
            rest = sum(blocks[index][:40]) / 40
            most = max([abs(digit - rest) for digit in blocks[index]]) * driver.per_digit(0) * 20
            assert 0.85 * PEAK_A < most < 1.15 * PEAK_A, (start_s, most)
            # No seam: from sample to sample it moves as a sine of this peak can
            for i in range(begin + 2, SAMPLES):
                step = abs(blocks[index][i] - blocks[index][i - 1]) * driver.per_digit(0) * 20
                assert step < 0.22 * PEAK_A, (start_s, index, i, begin)


def test_ring__inputs_in_any_order_and_one_alone__each_in_its_own_block():
    for pins, part in (((28, 26, 27), (0.25, 1.0, 0.5)), ((27,), (0.5,))):
        rig = ADCRig(
            source={
                "kind": "motor",
                "amps": 10.0,
                "balance": (1.0, 0.5, 0.25),
                "timeline": ((0, "off"), (1.1, "run")),
            }
        )
        driver = RP2Ring(rig.port, rig.clock)
        driver.configure(RATE_HZ, SAMPLES, pins, 3.3, 50)
        driver.watch()
        assert _wait(rig, driver) is not None
        blocks, _ = _record(rig, driver, pins)
        for index in range(len(pins)):
            last = blocks[index][SAMPLES - 401 : SAMPLES - 1]  # ten cycles
            assert abs(rms_a(driver, last) / (10 * part[index]) - 1) < 0.02, (pins, index)


def test_ring__motor_that_runs_already_or_noise_alone__no_rise():
    rig, driver = _driver(((0, "run"),))
    assert _wait(rig, driver, 30) is None
    rig, driver = _driver(((0, "off"),))
    assert _wait(rig, driver, 30) is None
    # It stops, and starts again: then it is one
    rig, driver = _driver(((0, "run"), (1.0, "off"), (2.0, "start")))
    assert _wait(rig, driver) == 20


def test_ring__nobody_looks_for_longer_than_a_record__still_a_record_and_no_harm():
    rig, driver = _driver(((0, "off"), (2.0, "run")))
    assert _wait(rig, driver, 10) is None
    rig.world.advance_us(3_000_000)
    assert driver.risen(LEAST) and driver.left_us() == 0
    blocks, take = _record(rig, driver)
    assert take.overruns == 0 and abs(rms_a(driver, blocks[0][:1000]) / 3 - 1) < 0.02


def test_ring__samples_lost__begun_anew():
    rig, driver = _driver(((0, "off"), (3.0, "start")))
    assert _wait(rig, driver, 10) is None
    rig.chip.inject("overrun", {})
    rig.world.advance_us(5_000)
    rig.chip.inject("overrun", None)
    assert _wait(rig, driver) == 20 - 1
    _, take = _record(rig, driver)
    assert take.overruns == 0 and take.run == 2


def test_ring__record_without_a_rise__as_of_the_converter_that_does_not_wait():
    rig, driver = _driver(((0, "run"),))
    _wait(rig, driver, 3)
    driver.begin()
    blocks, take = _record(rig, driver)
    assert abs(rms_a(driver, blocks[0][:1000]) / 3 - 1) < 0.01 and not driver.left_us()
    assert take.samples == SAMPLES


def test_ring__watched_for_longer_than_ticks_can_tell_apart__a_start_is_still_seen():
    # 2**29 us are 537 s, from which on the difference of two ticks is negative
    rig, driver = _driver(((0, "off"), (545.0, "start")), 800, pins=PINS[:1])
    while rig.world.now_us() < 544_000_000:
        assert not driver.risen(LEAST)
        rig.world.advance_us(8_000_000)
    assert _wait(rig, driver, 80) is not None
    blocks, take = _record(rig, driver, PINS[:1])
    assert take.overruns == 0 and _begin(driver, blocks[0]) > SAMPLES // 8 - 10


def test_ring__start_before_the_room_is_full__nothing_of_the_record_before():
    for start_ms in (70, 130, 300):
        timeline = ((0, "run"), (1.0, "off"), (1.5 + start_ms / 1000, "start"))
        rig, driver = _driver(timeline)
        driver.begin()
        _record(rig, driver)  # of a motor that runs
        rig.world.advance_us(1_490_000 - rig.world.now_us())
        driver.watch()
        assert _wait(rig, driver, look_ms=60) is not None, start_ms
        blocks, take = _record(rig, driver)
        assert take.overruns == 0
        for block in blocks:
            begin = block[: SAMPLES // 16]
            assert max(begin) - min(begin) < 200, start_ms
            assert max(block) - min(block) > 1000


def test_ring__a_round_begun_at_the_first_place__as_in_the_last_one():
    rig = ADCRig(source={"kind": "motor", "amps": 3.0, "timeline": ((0, "off"), (1.5, "start"))})
    driver = RP2Ring(rig.port, rig.clock)
    driver.reserve(3, 2 * SAMPLES)  # another set's: what is behind this record is nobody's
    driver.configure(RATE_HZ, SAMPLES, PINS, 3.3, 50)
    driver.watch()
    assert _wait(rig, driver) is not None
    rig.world.advance_us(driver.left_us())
    for _ in range(20_000):
        if 0 < driver._count - driver._taker.count < 3:
            break
        rig.world.advance_us(60)
    else:
        raise AssertionError("no such instant")
    blocks, take = make_blocks(3, SAMPLES), Take(3)
    driver.finish(blocks, take)
    for block in blocks:
        assert abs(block[-1] - block[-2]) < 1000 and min(block) > 0, (block[-3:], min(block))
