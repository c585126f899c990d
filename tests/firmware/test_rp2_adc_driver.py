"""The driver of the RP2040's ADC against its twin."""

import sys
from math import sqrt

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import AMPS_PER_VOLT, PINS, ADCRig, clamps

from node.drivers.errors import SensorTimeout
from node.drivers.inputs import Take, make_blocks
from node.drivers.rp2_adc import RP2ADC


def _record(rig, rate_hz=8000, samples=1024, pins=PINS):
    driver = RP2ADC(rig.port, rig.clock)
    driver.configure(rate_hz, samples, pins, 3.3, 50)
    blocks, take = make_blocks(len(pins), samples), Take(len(pins))
    driver.begin()
    while driver.left_us():
        rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    return driver, blocks, take


def _rms_a(driver, block):
    mean = sum(block) / len(block)
    squares = sum([(digit - mean) ** 2 for digit in block])
    return sqrt(squares / len(block)) * driver.per_digit(0) * AMPS_PER_VOLT


def test_record__three_clamps__their_currents_and_all_evidence():
    rig = ADCRig(source={"kind": "motor", "amps": 10.0, "balance": (1.0, 0.9, 1.1)})
    # 0.16 s: eight whole cycles
    driver, blocks, take = _record(rig, 6400, 1024)
    for block, amps in zip(blocks, (10.0, 9.0, 11.0)):
        expected = amps * sqrt(1 + 0.03**2 + 0.02**2)
        assert abs(_rms_a(driver, block) / expected - 1) < 0.002, (_rms_a(driver, block), expected)
    assert take.samples == 1024 and take.overruns == take.gaps == 0 and take.jitter_us == 0
    assert take.clipped == [0, 0, 0] and max(take.still) < 20
    assert abs(take.rate_hz - 6400) < 1e-3 and take.rate_ppm <= 50
    # Round robin: a turn of 1/19200 s each
    assert [round(us, 1) for us in take.skew_us] == [0, 52.1, 104.2]


def test_record__pins_in_any_order__each_in_its_own_block():
    rig = ADCRig(source={"kind": "motor", "balance": (1.0, 0.5, 0.25)})
    driver, blocks, take = _record(rig, 6400, 1024, (28, 26, 27))
    found = [_rms_a(driver, block) for block in blocks]
    for amps, expected in zip(found, (2.5, 10.0, 5.0)):
        assert abs(amps / expected - 1) < 0.01, found
    assert take.skew_us[1] == 0 and take.skew_us[0] > take.skew_us[2] > 0
