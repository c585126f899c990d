"""The driver of ADS1115 and ADS1015 against their twins."""

import sys
from math import pi, sin, sqrt

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import I2C_ADDRESS, I2CRig, clamps, record, rms_a

from node.drivers.ads1115 import ADS1015, ADS1115
from node.drivers.bus import I2CRegisters
from node.drivers.errors import DeviceMismatch, SensorReset


def _rig(chip="ads1115", inputs=(0,), **config):
    return I2CRig(chip, clamps(inputs), I2CRegisters, **config)


def _raised(kind, call, *args):
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def test_twin__after_power_on__registers_of_table_9_6():
    rig = _rig()
    assert [rig.get(reg) for reg in range(4)] == [0x0000, 0x8583, 0x8000, 0x7FFF]


def test_twin__each_data_rate__converts_in_its_time():
    for code, rate in enumerate((8, 16, 32, 64, 128, 250, 475, 860)):
        rig = _rig(clock_error_ppm=50_000)
        rig.put(1, 0xC103 | code << 5)
        span_us = 25 + 1e6 / rate / 1.05
        rig.world.advance_us(int(span_us) - 400)  # the bus takes 180 us
        assert not rig.get(1) & 0x8000, rate
        rig.world.advance_us(500)
        assert rig.get(1) & 0x8000, rate


def test_record__one_clamp__its_current_whatever_the_chips_clock():
    for ppm in (-80_000, 0, 80_000):
        rig = _rig(source={"kind": "motor", "amps": 8.0}, clock_error_ppm=ppm)
        driver = ADS1115(rig.bus, rig.clock)
        blocks, take = record(rig, driver, 520, 256, (0,), 4.096)
        amps = rms_a(driver, blocks[0][:208])
        # What the mean over a conversion takes is made good by who knows the line; here it is seen
        turn = 1e-6 * pi * 50 * driver.averaged_us
        expected = 8.0 * sqrt(1.0013) * sin(turn) / turn
        assert abs(amps / expected - 1) < 0.002, (ppm, amps)
        assert abs(take.rate_hz - 520) < 0.2 and take.gaps == 0 and take.jitter_us < 30
        assert driver.bandwidth_hz < 400


def test_record__three_clamps_of_an_ads1015__their_currents():
    rig = _rig("ads1015", (0, 1, 2), source={"kind": "motor", "balance": (1.0, 0.8, 1.2)})
    driver = ADS1015(rig.bus, rig.clock)
    blocks, take = record(rig, driver, 430, 256, (0, 1, 2), 4.096)
    for block, amps in ((blocks[0], 10.0), (blocks[1], 8.0), (blocks[2], 12.0)):
        assert block[5] & 15 == 0
        assert abs(rms_a(driver, block[:215]) / (amps * sqrt(1.0013)) - 1) < 0.005
    assert 400 < take.skew_us[1] < 800


def test_configure__what_it_cannot__named():
    driver = ADS1115(_rig().bus)
    refused = (
        ((500, 256, (4,), 4.096, 50), "inputs"),
        ((500, 256, (0,), 3.3, 50), "full_scale_v"),
        ((900, 256, (0,), 4.096, 50), "rate_hz"),
    )
    for given, key in refused:
        assert _raised(ValueError, driver.configure, *given).args[0] == key


def test_init__wrong_chip__device_mismatch_and_none__os_error():
    rig = _rig()
    rig.chip.inject("wrong_identity", {})
    assert _raised(DeviceMismatch, ADS1115, rig.bus).expected == 0x8000
    rig.chips.pop(I2C_ADDRESS)
    _raised(OSError, ADS1115, rig.bus)


def test_record__supply_fails_meanwhile__sensor_reset():
    rig = _rig()
    driver = ADS1115(rig.bus, rig.clock)
    frame = driver.frame

    def fails(blocks, i):
        if i == 9:
            sleep_us = rig.clock.sleep_us

            def once(us):
                rig.clock.sleep_us = sleep_us
                rig.chip.power_up()
                sleep_us(us)

            rig.clock.sleep_us = once
        frame(blocks, i)

    driver.frame = fails
    error = _raised(SensorReset, record, rig, driver, 500, 256, (0,), 4.096)
    assert error.reg == 1 and error.got == 0x0583
