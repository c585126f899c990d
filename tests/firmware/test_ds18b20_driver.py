"""The DS18B20's driver and its line, on the twin of the chip."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from thermometer_rig import ROM, LineRig, rom

from node.drivers import onewire
from node.drivers.ds18b20 import DS18B20
from node.drivers.errors import (
    BadReading,
    CrcMismatch,
    DeviceMismatch,
    LineHeld,
    NoAnswer,
    NoSupply,
    SensorReset,
    SensorTimeout,
)

WAITS_US = ((9, 93_750), (10, 187_500), (11, 375_000), (12, 750_000))  # table 2 of the data sheet


def _on(rig, code=None):
    code = None if code is None else bytes.fromhex(code)
    return DS18B20(onewire.OneWireDevice(rig.line(onewire), code), rig.clock)


def _measured(rig, sensor):
    sensor.begin()
    rig.wait_us(sensor.wait_us)
    return sensor.read_c()


def _raised(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind
        return error
    raise AssertionError("nothing raised")


def test_init__only_chip_without_a_code__is_found():
    rig = LineRig()
    assert rig.line(onewire).search() == [bytes.fromhex(ROM)]
    sensor = _on(rig)
    assert sensor.chip == "ds18b20" and _measured(rig, sensor) == 21.5


def test_search__many_chips__each_once():
    codes = [rom(serial, family) for serial in (1, 2, 3, 0x800000, 1 << 47) for family in (40, 16)]
    rig = LineRig(*[{"rom": code} for code in codes])
    found = rig.line(onewire).search()
    assert sorted(found) == sorted([bytes.fromhex(code) for code in codes])


def test_init__several_chips_and_no_code__names_the_codes():
    codes = [rom(1), rom(2)]
    rig = LineRig(*[{"rom": code} for code in codes])
    key, value, allowed = _raised(ValueError, lambda: _on(rig)).args
    assert (key, value, sorted(allowed)) == ("bus.rom", None, sorted(codes))


def test_init__code_that_cannot_be__is_refused():
    for code in ("28000000000000", "28000000000001ff"):
        assert _raised(ValueError, lambda: _on(LineRig(), code)).args[:2] == ("bus.rom", code)  # noqa: B023


def test_init__other_family__raises_device_mismatch():
    other = rom(1, 0x10)  # DS18S20
    for code in (None, other):
        error = _raised(DeviceMismatch, lambda: _on(LineRig({"rom": other}), code))  # noqa: B023
        assert (error.chip, error.expected, error.got) == ("ds18b20", 0x28, 0x10)


def test_init__one_of_its_family_among_others__is_found():
    rig = LineRig({"rom": rom(1, 0x10), "source": 5}, {"rom": rom(2)})
    assert _measured(rig, _on(rig)) == 21.5


def test_init__code_that_is_not_on_the_line__raises_no_answer():
    for code in (rom(7), rom(0x0316_A278)):
        assert _raised(NoAnswer, lambda: _on(LineRig(), code)).chip == "ds18b20"  # noqa: B023


def test_init__nobody_on_the_line__raises_no_answer():
    for code in (None, ROM):
        rig = LineRig()
        rig.buses[0]["chips"].clear()
        error = _raised(NoAnswer, lambda: _on(rig, code))  # noqa: B023
        assert isinstance(error, OSError) and error.errno == 19


def test_reset__nobody_on_the_line__raises_no_answer():
    rig = LineRig()
    rig.buses[0]["chips"].clear()
    _raised(NoAnswer, rig.line(onewire).reset)


def test_search__line_low_for_a_moment__finds_no_chip_of_zeros():
    # Zeros come with a CRC of zero, and the line is free again when the next pass begins.
    rig = LineRig()
    chip = rig.chips[0]

    def fall(code):
        chip.inject("line_low", {})

    def rise():
        chip.inject("line_low", None)
        chip._receive(8, fall)
        return True

    chip.reset = rise
    _raised(LineHeld, rig.line(onewire).search)


def test_init__line_held_low__raises_line_held():
    for code in (None, ROM):
        rig = LineRig()
        rig.chips[0].inject("line_low", {})
        _raised(LineHeld, lambda: _on(rig, code))  # noqa: B023


def test_init__chip_without_supply__is_refused():
    assert _raised(NoSupply, lambda: _on(LineRig({"parasite": True}))).chip == "ds18b20"


def test_init__other_registers_behind_the_code__raises_device_mismatch():
    rig = LineRig()
    rig.chips[0]._eeprom[2] = 0xFF
    error = _raised(DeviceMismatch, lambda: _on(rig))
    assert (error.expected, error.got) == (0x1F, 0x9F)


def test_configure__impossible_resolution__names_key_value_and_allowed():
    sensor = _on(LineRig())
    assert _raised(ValueError, lambda: sensor.configure(bits=8)).args == (
        "bits",
        8,
        [9, 10, 11, 12],
    )


def test_read_c__every_resolution__is_right_after_its_time_and_not_before():
    for bits, us in WAITS_US:
        for celsius in (21.6, -12.3, 0, 85, 125, -55, -0.4):
            rig = LineRig({"source": celsius})
            sensor = _on(rig)
            sensor.configure(bits=bits)
            assert sensor.resolution_c == 2.0 ** (8 - bits)
            assert us < sensor.wait_us <= us + 2000
            sensor.begin()
            rig.wait_us(us - 1000)
            assert not sensor.ready()
            waited = _raised(SensorTimeout, sensor.read_c).waited_us
            assert us - 3000 <= waited <= us
            rig.wait_us(sensor.wait_us - us + 1000)
            assert sensor.ready()
            value = sensor.read_c()
            assert abs(value - celsius) <= sensor.resolution_c / 2 + 1e-6
            assert value / sensor.resolution_c == int(value / sensor.resolution_c)


def test_read_c__no_conversion_begun__raises_sensor_timeout():
    rig = LineRig()
    sensor = _on(rig)
    assert not sensor.ready()
    assert _raised(SensorTimeout, sensor.read_c).waited_us == 0
    assert _measured(rig, sensor) == 21.5
    _raised(SensorTimeout, sensor.read_c)  # a value is told once
    sensor.begin()
    sensor.configure(bits=9)
    rig.wait_us(800_000)
    _raised(SensorTimeout, sensor.read_c)


def test_read_c__ticks_wrap_meanwhile__is_right():
    rig = LineRig()
    sensor = _on(rig)
    assert rig.clock.ticks_ms() > 1 << 29  # before the wrap
    assert _measured(rig, sensor) == 21.5
    assert rig.clock.ticks_ms() < 1 << 20


def test_read_c__chips_at_once__each_its_own():
    rig = LineRig({"rom": rom(1), "source": 20}, {"rom": rom(2), "source": 85})
    sensors = [_on(rig, rom(1)), _on(rig, rom(2))]
    for sensor in sensors:
        sensor.begin()
    rig.wait_us(751_000)
    assert [sensor.read_c() for sensor in sensors] == [20, 85]


def test_read_c__supply_lost_meanwhile__is_no_85_degrees():
    # At each point, whatever the EEPROM holds: also what happens to look like the driver's mark.
    for high in (0x4B, 0xB4, 0x00, 0xFF):
        for lost_us in (0, 100_000, 740_000, 800_000):
            rig = LineRig()
            rig.chips[0]._eeprom[0] = high
            rig.chips[0].power_up()
            sensor = _on(rig)
            sensor.begin()
            rig.wait_us(lost_us)
            rig.chips[0].inject("unplugged", {})
            rig.wait_us(800_000)
            error = _raised(SensorReset, sensor.read_c)
            assert (error.reg, error.expected, error.got) == (2, high ^ 0xFF, high)
            assert _measured(rig, sensor) == 21.5  # all is written anew


def test_begin__command_not_heard__raises_no_answer():
    # A conversion that did not start would leave 85 degrees, or the value before.
    rig = LineRig()
    sensor = _on(rig)
    chip = rig.chips[0]
    convert, chip._convert = chip._convert, lambda: None
    assert _raised(NoAnswer, sensor.begin).chip == "ds18b20"
    rig.wait_us(800_000)
    _raised(SensorTimeout, sensor.read_c)
    chip._convert = convert
    assert _measured(rig, sensor) == 21.5


def test_read_c__resolution_not_taken__raises_sensor_reset():
    rig = LineRig()
    sensor = _on(rig)
    sensor.begin()
    rig.chips[0]._pad[4] = 0x1F
    rig.wait_us(800_000)
    assert _raised(SensorReset, sensor.read_c).reg == 4


def test_read_c__lost_bits__raises_crc_mismatch_and_may_be_asked_again():
    rig = LineRig()
    sensor = _on(rig)
    sensor.begin()
    rig.wait_us(800_000)
    rig.chips[0].inject("bad_crc", {})
    error = _raised(CrcMismatch, sensor.read_c)
    assert error.chip == "ds18b20" and error.expected != error.got
    rig.chips[0].inject("bad_crc", None)
    assert sensor.read_c() == 21.5


def test_search__lost_bits__raises_crc_mismatch():
    rig = LineRig()
    rig.chips[0].rom = bytes.fromhex(ROM)[:7] + b"\x00"
    _raised(CrcMismatch, rig.line(onewire).search)


def test_each_step__chip_gone__raises_no_answer_and_comes_back():
    rig = LineRig({"rom": rom(1)}, {"rom": rom(2), "source": 5})
    chips = rig.buses[0]["chips"]
    sensor = _on(rig, rom(1))
    gone = chips.pop(rom(1))  # the other one still says that it is present
    _raised(NoAnswer, sensor.begin)
    chips[rom(1)] = gone
    sensor.begin()
    rig.wait_us(800_000)
    chips.pop(rom(1))
    _raised(NoAnswer, sensor.read_c)
    chips.clear()
    _raised(NoAnswer, sensor.read_c)
    _raised(NoAnswer, sensor.begin)
    chips[rom(1)] = gone
    assert _measured(rig, sensor) == 21.5


def test_each_step__line_falls__raises_line_held_and_comes_back():
    rig = LineRig()
    sensor = _on(rig)
    rig.chips[0].inject("line_low", {})
    _raised(LineHeld, sensor.begin)
    rig.chips[0].inject("line_low", None)
    sensor.begin()
    rig.wait_us(800_000)
    rig.chips[0].inject("line_low", {})
    _raised(LineHeld, sensor.read_c)
    rig.chips[0].inject("line_low", None)
    assert _measured(rig, sensor) == 21.5


def test_read_c__line_falls_in_mid_command__is_no_0_degrees():
    # Zeros come with a CRC of zero.
    rig = LineRig()
    sensor = _on(rig)
    sensor.begin()
    rig.wait_us(800_000)
    chip = rig.chips[0]
    chip._send = lambda out: chip.inject("line_low", {})
    _raised(LineHeld, sensor.read_c)
    _raised(LineHeld, sensor.begin)
    rig = LineRig()
    rig.chips[0]._rom_command = lambda code: rig.chips[0].inject("line_low", {})
    _raised(LineHeld, rig.line(onewire).search)


def test_read_c__beyond_the_range__raises_bad_reading():
    for celsius in (125.5, 127.9375, -55.5):
        rig = LineRig({"source": celsius})
        error = _raised(BadReading, lambda: _measured(rig, _on(rig)))  # noqa: B023
        assert (error.got, error.least, error.most) == (celsius, -55, 125)


def test_times__begin_and_read__hold_the_cpu_for_milliseconds():
    rig = LineRig()
    sensor = _on(rig)
    begin_us = rig.world.now_us()
    sensor.begin()
    assert rig.world.now_us() - begin_us < 16_000
    rig.wait_us(800_000)
    begin_us = rig.world.now_us()
    sensor.read_c()
    assert rig.world.now_us() - begin_us < 13_000
