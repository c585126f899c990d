"""The INA226's driver against its twin."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from clamps_rig import I2C_ADDRESS, I2CRig, record

from node.drivers.bus import I2CRegisters
from node.drivers.errors import DeviceMismatch, SensorTimeout
from node.drivers.ina226 import INA226

SHUNT_OHM = 0.01
INPUTS = (
    {"input": 0, "constant": -1.25, "per_volt": 1 / SHUNT_OHM},
    {"input": 1, "constant": 24.5, "per_volt": 1},
)


def _rig(**config):
    return I2CRig("ina226", INPUTS, I2CRegisters, **config)


def _raised(kind, call, *args):
    try:
        call(*args)
    except kind as error:
        return error
    raise AssertionError("nothing raised")


def test_twin__after_power_on__registers_of_table_7_1():
    rig = _rig()
    assert rig.get(0x00) == 0x4127 and rig.get(0xFE) == 0x5449 and rig.get(0xFF) == 0x2260
    assert rig.get(0x06) & 8 == 0
    rig.world.advance_us(2200)
    assert rig.get(0x06) & 8 and not rig.get(0x06) & 8  # cleared by being read
    assert rig.get(0x01) == 0x10000 - 5000 and rig.get(0x02) == 19_600
    rig.put(0x00, 0x8000)
    assert rig.get(0x00) == 0x4127 and rig.get(0x02) == 0


def test_record__supply__its_current_and_voltage_to_a_digit():
    rig = _rig()
    driver = INA226(rig.bus, rig.clock)
    blocks, take = record(rig, driver, 400, 256, (0, 1), 0.08192)
    assert set(blocks[0]) == {-5000} and set(blocks[1]) == {19_600}
    assert abs(driver.per_digit(0) / SHUNT_OHM * -5000 + 1.25) < 1e-9
    assert abs(driver.per_digit(1) * 19_600 - 24.5) < 1e-9
    assert take.rate_hz == 400 and take.gaps == 0


def test_configure__each_rate__longest_conversions_that_fit():
    for rate_hz, code in ((1300, 0), (1000, 1), (400, 3), (200, 4), (50, 7)):
        rig = _rig()
        driver = INA226(rig.bus, rig.clock)
        record(rig, driver, rate_hz, 64, (0, 1), 0.08192)
        config = rig.get(0x00)
        assert config >> 6 & 7 == config >> 3 & 7 == code, (rate_hz, config >> 3 & 7)


def test_configure__what_it_cannot__named():
    driver = INA226(_rig().bus)
    for given, key in (((400, 256, (2,), 1, 50), "inputs"), ((4000, 256, (0,), 1, 50), "rate_hz")):
        assert _raised(ValueError, driver.configure, *given).args[0] == key


def test_init__wrong_chip__device_mismatch():
    rig = _rig()
    rig.chip.inject("wrong_identity", {})
    assert _raised(DeviceMismatch, INA226, rig.bus).expected == 0x5449
    rig.chips.pop(I2C_ADDRESS)
    _raised(OSError, INA226, rig.bus)


def test_record__chip_that_never_ends__timeout():
    rig = _rig()
    driver = INA226(rig.bus, rig.clock)
    driver.configure(400, 64, (0, 1), 0.08192, 50)
    rig.chip._begin = lambda: None
    rig.chip._due_us = None
    _raised(SensorTimeout, driver.frame, ([0], [0]), 0)
