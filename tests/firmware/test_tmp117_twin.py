"""The TMP117's twin, asked register by register without any driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from thermometer_rig import I2CRig

from sim.faults import schedule
from sim.i2c import I2C

CYCLES_MS = (0, 125, 250, 500, 1000, 4000, 8000, 16_000)  # table 7-7 of the data sheet
AVERAGES = (1, 8, 32, 64)
ACTIVE_US = 17_500


def _one_shot(rig, averages=0):
    rig.put(1, 0x0C00 | averages << 5)
    rig.wait_us(ACTIVE_US * AVERAGES[averages])


def test_power_up__registers__are_those_of_the_data_sheet():
    rig = I2CRig(revision=1)
    resets = ((0, 0x8000), (2, 0x6000), (3, 0x8000), (4, 0), (5, 0), (7, 0), (8, 0), (15, 0x1117))
    for reg, value in resets:
        assert rig.get(reg) == value
    assert rig.get(1) == 0x1220  # the EEPROM is being read
    rig.wait_us(1500)
    assert rig.get(1) == 0x0220


def test_one_shot__table_7_1__digits_of_each_temperature():
    for celsius, digits in (
        (-25, 0xF380),
        (-0.125, 0xFFF0),
        (-0.0078125, 0xFFFF),
        (0, 0x0000),
        (0.0078125, 0x0001),
        (0.125, 0x0010),
        (25, 0x0C80),
        (100, 0x3200),
    ):
        rig = I2CRig(source=celsius)
        _one_shot(rig)
        assert rig.get(0) == digits


def test_one_shot__each_averaging__is_ready_after_its_time_and_sleeps():
    for code, count in enumerate(AVERAGES):
        rig = I2CRig()
        rig.wait_us(10_000)
        rig.put(1, 0x0E00 | code << 5)
        rig.wait_us(ACTIVE_US * count - 1000)
        assert rig.get(1) == 0x0E00 | code << 5 and rig.get(0) == 0x8000
        rig.wait_us(1000)
        assert rig.get(1) == 0x2600 | code << 5  # MOD is 01: shutdown
        rig.wait_us(60_000_000)
        assert rig.get(1) == 0x0600 | code << 5
        assert rig.get(0) == 0x0AC0


def test_data_ready__either_register__clears_it():
    for reg in (0, 1):
        rig = I2CRig()
        _one_shot(rig)
        rig.get(reg)
        assert not rig.get(1) & 0x2000
    _one_shot(rig)
    rig.get(15)
    assert rig.get(1) & 0x2000


def test_continuous__every_cycle_and_averaging__takes_the_longer_of_both():
    for cycle, cycle_ms in enumerate(CYCLES_MS):
        for code, count in enumerate(AVERAGES):
            rig = I2CRig(source={"from_c": 0, "to_c": 100, "over_s": 100})
            rig.wait_us(2000)
            rig.put(1, cycle << 7 | code << 5)
            active_us = ACTIVE_US * count
            period_us = max(cycle_ms * 1000, active_us)
            begin_us = rig.world.now_us()
            rig.world.advance_to(begin_us + active_us + 2 * period_us - 1500)
            ended = (rig.get(0), begin_us + active_us + period_us)
            rig.world.advance_to(begin_us + active_us + 2 * period_us)
            for digits, end_us in (ended, (rig.get(0), begin_us + active_us + 2 * period_us)):
                assert abs(digits / 128 - end_us * 1e-6) < 0.006, (cycle, code)


def test_continuous__nobody_looks_for_long__has_the_last_cycle_alone():
    rig = I2CRig(source={"from_c": 0, "to_c": 100, "over_s": 100})
    rig.wait_us(2000)
    rig.put(1, 0x0080)  # every 125 ms
    begin_us = rig.world.now_us()
    rig.world.advance_to(begin_us + ACTIVE_US + 160 * 125_000 + 60_000)
    assert abs(rig.get(0) / 128 - (begin_us + ACTIVE_US + 160 * 125_000) * 1e-6) < 0.006
    assert not rig.get(1) & 0x2000
    rig.wait_us(65_000)
    assert rig.get(1) & 0x2000


def test_mode__10__reads_back_as_continuous_and_01_does_nothing():
    rig = I2CRig()
    rig.put(1, 0x0800)
    assert rig.get(1) & 0x0C00 == 0
    rig.put(1, 0x0400)
    rig.wait_us(5_000_000)
    assert rig.get(0) == 0x8000 and not rig.get(1) & 0x2000


def test_soft_reset__settings__are_gone_after_2_ms():
    rig = I2CRig()
    rig.put(2, 0x1234)
    _one_shot(rig)
    rig.put(1, 0x0002)
    assert rig.get(1) == 0x1220 and rig.get(0) == 0x8000 and rig.get(2) == 0x6000
    rig.wait_us(2000)
    assert rig.get(1) == 0x0220
    rig.wait_us(8 * ACTIVE_US)
    assert rig.get(0) == 0x0AC0


def test_eeprom__unlocked__keeps_what_is_written_and_is_busy_for_7_ms():
    rig = I2CRig()
    rig.put(7, 0x0100)
    rig.chip.inject("unplugged", {})
    assert rig.get(7) == 0
    rig.wait_us(2000)
    rig.put(4, 0x8000)
    rig.put(7, 0x0100)
    assert rig.get(1) & 0x1000
    rig.wait_us(7000)
    assert not rig.get(1) & 0x1000
    rig.put(1, 0x0C60)  # one-shot: no mode to start up in
    rig.wait_us(7000)
    rig.chip.inject("unplugged", {})
    assert rig.get(7) == 0x0100 and rig.get(4) == 0 and rig.get(1) & 0x0FFF == 0x0460


def test_offset__register__is_added_and_stops_at_the_end():
    for celsius, offset_c, digits in (
        (21.5, 1.5, 23 * 128),
        (21.5, -22, -64),
        (-250, -250, -32768),
    ):
        rig = I2CRig(source=celsius, offset_c=offset_c)
        _one_shot(rig)
        assert rig.get(0) == digits & 0xFFFF


def test_wrong_identity__id__is_zero_while_it_lasts():
    rig = I2CRig()
    rig.chip.inject("wrong_identity", {})
    assert rig.get(15) == 0
    rig.chip.inject("wrong_identity", None)
    assert rig.get(15) == 0x0117


def test_schedule__fault_of_another_bus__is_refused():
    rig = I2CRig()
    for kind in ("bad_crc", "line_low", "mounting"):
        fault = {"kind": kind, "chip": "temp", "from_ms": 1, "to_ms": 2, "orientation": "zyx"}
        try:
            schedule({"faults": [fault]}, I2C.buses, rig.world)
        except ValueError as error:
            assert error.args[:2] == ("faults.kind", kind)
        else:
            raise AssertionError(kind)
