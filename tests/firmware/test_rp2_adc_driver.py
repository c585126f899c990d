"""The driver of the RP2040's ADC against its twin."""

import sys
from math import sqrt

from micropython import heap_lock, heap_unlock
from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import BIAS_V, PINS, ADCRig, record, rms_a

from node.drivers.errors import SensorTimeout
from node.drivers.inputs import Take, make_blocks
from node.drivers.rp2_adc import RP2ADC

BASE = 0x4004_C000


def _record(rig, rate_hz=8000, samples=1024, pins=PINS):
    driver = RP2ADC(rig.port, rig.clock)
    blocks, take = record(rig, driver, rate_hz, samples, pins, 3.3)
    return driver, blocks, take


def _refusal(call, *args):
    try:
        call(*args)
    except ValueError as error:
        return error.args
    raise AssertionError("accepted")


def test_record__three_clamps__their_currents_and_all_evidence():
    rig = ADCRig(source={"kind": "motor", "amps": 10.0, "balance": (1.0, 0.9, 1.1)})
    # 0.16 s: eight whole cycles
    driver, blocks, take = _record(rig, 6400, 1024)
    for index, amps in enumerate((10.0, 9.0, 11.0)):
        expected = amps * sqrt(1 + 0.03**2 + 0.02**2)
        assert abs(rms_a(driver, blocks[index]) / expected - 1) < 0.002
        rests_v = sum(blocks[index]) / 1024 * driver.per_digit(0)
        assert abs(rests_v - BIAS_V) < 0.02, rests_v
    assert take.samples == 1024 and take.overruns == take.gaps == 0 and take.jitter_us == 0
    assert take.clipped == [0, 0, 0] and max(take.still) < 20
    assert abs(take.rate_hz - 6400) < 1e-3 and take.rate_ppm <= 50
    # Round robin: a turn of 1/19200 s each
    assert [round(us, 1) for us in take.skew_us] == [0, 52.1, 104.2]


def test_record__pins_in_any_order__each_in_its_own_block():
    rig = ADCRig(source={"kind": "motor", "balance": (1.0, 0.5, 0.25)})
    driver, blocks, take = _record(rig, 6400, 1024, (28, 26, 27))
    for index, amps in enumerate((2.5, 10.0, 5.0)):
        assert abs(rms_a(driver, blocks[index]) / amps - 1) < 0.01, index
    assert take.skew_us[1] == 0 and take.skew_us[0] > take.skew_us[2] > 0


def test_record__wide_codes_of_the_chip__put_right():
    rig = ADCRig(source={"kind": "motor", "amps": 10.0, "harmonics": ()}, quiet=True)
    driver, blocks, _ = _record(rig, 6400, 1024)
    right = abs(rms_a(driver, blocks[0]) / 10 - 1)
    rig.port.wide_codes = False  # as if nobody knew of them
    driver, blocks, _ = _record(rig, 6400, 1024)
    wrong = abs(rms_a(driver, blocks[0]) / 10 - 1)
    assert right < 0.0005 and wrong > 4 * right, (right, wrong)


def test_record__at_8_khz_and_more__a_frequency_comes_out_right():
    for rate_hz in (8000, 20_000, 50_000):
        rig = ADCRig(source={"kind": "motor", "line_hz": 400.0, "harmonics": ()}, quiet=True)
        _, blocks, take = _record(rig, rate_hz, 1024, (26,))
        assert abs(take.rate_hz / rate_hz - 1) < 1e-3 and take.overruns == 0
        # From the first rising zero to the last, in samples
        middle = sum(blocks[0]) / 1024
        rises = []
        for i in range(1, 1024):
            a, b = blocks[0][i - 1] - middle, blocks[0][i] - middle
            if a < 0 <= b:
                rises.append(i - 1 + a / (a - b))
        found_hz = (len(rises) - 1) * take.rate_hz / (rises[-1] - rises[0])
        assert abs(found_hz / 400 - 1) < 0.003, (rate_hz, found_hz)


def test_record__next_one_while_the_last_is_computed__both_whole():
    rig = ADCRig(source={"kind": "motor", "amps": 10.0, "timeline": ((0, "run"), (0.17, "off"))})
    driver = RP2ADC(rig.port, rig.clock)
    driver.configure(6400, 1024, PINS, 3.3, 50)
    blocks, take = make_blocks(3, 1024), Take(3)
    driver.begin()
    rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    rig.world.advance_us(11_000)
    driver.begin()
    before = list(blocks[0])
    rig.world.advance_us(160_000)  # so long the last record is computed
    assert list(blocks[0]) == before and not driver.left_us()
    assert abs(rms_a(driver, blocks[0]) / 10 - 1) < 0.01
    driver.finish(blocks, take)
    assert rms_a(driver, blocks[0]) < 0.1


def test_finish__again__the_next_record_runs_and_the_last_one_is_whole():
    rig = ADCRig(source={"kind": "motor", "amps": 10.0, "timeline": ((0, "run"), (0.165, "off"))})
    driver = RP2ADC(rig.port, rig.clock)
    driver.configure(6400, 1024, PINS, 3.3, 50)
    blocks, take = make_blocks(3, 1024), Take(3)
    driver.begin()
    rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take, True)
    assert take.run == 1 and 150_000 < driver.left_us() <= 160_000
    assert abs(rms_a(driver, blocks[0]) / 10 - 1) < 0.01
    rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    assert take.run == 2 and driver.left_us() == 0 and rms_a(driver, blocks[0]) < 2


def test_record__nobody_looks_for_long__stopped_by_itself_and_nothing_is_lost():
    rig = ADCRig()
    driver = RP2ADC(rig.port, rig.clock)
    driver.configure(8000, 256, PINS, 3.3, 50)
    driver.begin()
    assert rig.port.mem32[BASE] & 8
    rig.world.advance_us(200_000)  # the record takes 32 ms
    assert not rig.port.mem32[BASE] & 8
    take = Take(3)
    driver.finish(make_blocks(3, 256), take)
    assert take.overruns == 0


def test_record__samples_lost_or_input_at_its_end__told():
    rig = ADCRig(source={"kind": "motor", "amps": 30.0})
    _, _, take = _record(rig)
    assert min(take.clipped) > 100
    driver = RP2ADC(rig.port, rig.clock)
    driver.configure(8000, 256, PINS, 3.3, 50)
    driver.begin()
    rig.world.advance_us(10_000)
    rig.chip.inject("overrun", {})
    rig.world.advance_us(1_000)
    rig.chip.inject("overrun", None)
    rig.world.advance_us(40_000)
    blocks, take = make_blocks(3, 256), Take(3)
    driver.finish(blocks, take)
    assert take.overruns == 1
    driver.begin()
    rig.world.advance_us(driver.left_us())
    driver.finish(blocks, take)
    assert take.overruns == 0


def test_record__stuck_converter__one_long_row():
    rig = ADCRig()
    rig.chip.inject("stuck", {})
    _, _, take = _record(rig, 8000, 256)
    assert take.still == [256, 256, 256] and RP2ADC.still_samples < 256


def test_finish__converter_that_stands_still__timeout():
    rig = ADCRig()
    driver = RP2ADC(rig.port, rig.clock)
    driver.configure(8000, 256, PINS, 3.3, 50)
    driver.begin()
    rig.port.mem32[BASE] = 0  # somebody turned it off
    try:
        driver.finish(make_blocks(3, 256), Take(3))
    except SensorTimeout as error:
        assert error.chip == "adc" and error.waited_us > 32_000
    else:
        raise AssertionError("accepted")


def test_configure__what_it_cannot__named():
    driver = RP2ADC(ADCRig().port)
    assert _refusal(driver.configure, 8000, 256, (26, 25), 3.3, 50)[:2] == ("inputs", 25)
    assert _refusal(driver.configure, 200_000, 256, PINS, 3.3, 50)[:2] == ("rate_hz", 200_000)
    assert _refusal(driver.configure, 100, 256, (26,), 3.3, 50)[:2] == ("rate_hz", 100)


def test_split__every_code__rises_and_ends_at_the_rail():
    from array import array

    from node.drivers.input_kernels import split

    raw, block = array("H", range(4096)), array("h", bytes(2 * 4096))
    split(raw, block, 0, 1, 4096, 36)
    last = -1
    for code in range(4096):
        assert block[code] > last, code
        last = block[code]
    assert block[0] == 0 and last == 4 * 4095 + 4 * 36
    assert block[512] - block[511] == 4 + 18 and block[513] - block[512] == 4 + 18
    split(raw, block, 1, 2, 2048, 0)
    assert block[0] == 4 and block[2047] == 4 * 4095


def test_finish__heap_locked__allocates_nothing_in_its_kernels():
    from array import array

    from node.drivers.input_kernels import look, split

    raw, block, out = array("H", [2048] * 300), array("h", bytes(200)), array("i", [0, 0])
    split(raw, block, 0, 3, 100, 36)
    look(block, 100, 0, 16524, out)
    heap_lock()
    try:
        split(raw, block, 1, 3, 100, 36)
        look(block, 100, 0, 16524, out)
    finally:
        heap_unlock()
    assert list(out) == [0, 100]


def test_look__rows_and_ends__counted():
    from array import array

    from node.drivers.input_kernels import look

    out = array("i", [0, 0])
    for samples, ends, longest in (
        ([-5, -5, -5, 1, 2], 3, 3),
        ([0, 1, 2, 3], 0, 1),
        ([9, 10, 10, 9, 9, 9], 2, 3),
        ([-6, 11], 2, 1),
    ):
        look(array("h", samples), len(samples), -5, 10, out)
        assert list(out) == [ends, longest], samples
