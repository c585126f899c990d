"""The DS18B20's twin and the 1-Wire line, asked slot by slot without any driver."""

import sys

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from thermometer_rig import ROM, LineRig, rom

from sim import onewire
from sim.faults import schedule
from sim.pin import Pin


def _convert(rig, wait_us=750_000):
    rig.command(0xCC, 0x44)
    rig.wait_us(wait_us)


def _raw(rig):
    low, high = rig.pad()[:2]
    return ((low | high << 8) ^ 0x8000) - 0x8000


def test_crc8__example_of_the_application_note__fits():
    # Maxim application note 27, the example: family 02, serial 1C B8 01 00 00 00, CRC A2
    assert onewire.crc8(b"\x02\x1c\xb8\x01\x00\x00\x00") == 0xA2
    assert onewire.crc8(b"\x02\x1c\xb8\x01\x00\x00\x00\xa2") == 0


def test_reset__chip_on_the_line__presence_after_960_us():
    rig = LineRig()
    assert onewire.reset(rig.pin)
    assert rig.world.now_us() == 960


def test_reset__nobody_on_the_line__no_presence_and_ones():
    rig = LineRig()
    rig.buses[0]["chips"].clear()
    assert not onewire.reset(rig.pin)
    assert rig.read(2) == [0xFF, 0xFF]


def test_reset__pin_without_a_line__as_its_level_says():
    rig = LineRig()
    assert onewire.reset(Pin(3, Pin.OPEN_DRAIN))  # nothing pulls it up: low
    assert not onewire.reset(Pin(4, Pin.OPEN_DRAIN, Pin.PULL_UP))
    assert rig.world.now_us() == 2 * 960


def test_slot__byte__takes_560_us():
    rig = LineRig()
    onewire.writebyte(rig.pin, 0xCC)
    assert rig.world.now_us() == 560
    onewire.readbyte(rig.pin)
    onewire.readbit(rig.pin)
    onewire.writebit(rig.pin, 1)
    assert rig.world.now_us() == 1260


def test_power_on__scratchpad__85_degrees_and_the_eeprom():
    assert LineRig().pad() == [0x50, 0x05, 0x4B, 0x46, 0x7F, 0xFF, 0x0C, 0x10]


def test_read_rom__one_chip__its_code():
    rig = LineRig()
    rig.command(0x33)
    assert bytes(rig.read(8)) == bytes.fromhex(ROM)


def test_read_rom__two_chips__talk_at_once_and_the_crc_fails():
    rig = LineRig({"rom": rom(1)}, {"rom": rom(0x0203)})
    rig.command(0x33)
    assert onewire.crc8(bytes(rig.read(8))) != 0


def test_match_rom__two_chips__only_the_one_that_is_named():
    rig = LineRig({"rom": rom(1), "source": 20}, {"rom": rom(2), "source": 30})
    _convert(rig)
    for index, celsius in enumerate((20, 30)):
        rig.command(0x55, *rig.chips[index].rom)
        onewire.writebyte(rig.pin, 0xBE)
        low, high = rig.read(2)
        assert low | high << 8 == celsius * 16
    rig.command(0x55, *bytes.fromhex(rom(3)))
    onewire.writebyte(rig.pin, 0xBE)
    assert rig.read(9) == [0xFF] * 9


def test_convert__table_1_of_the_data_sheet__digits_of_each_temperature():
    for celsius, raw in (
        (125, 0x07D0),
        (85, 0x0550),
        (25.0625, 0x0191),
        (10.125, 0x00A2),
        (0.5, 0x0008),
        (0, 0x0000),
        (-0.5, 0xFFF8),
        (-10.125, 0xFF5E),
        (-25.0625, 0xFE6F),
        (-55, 0xFC90),
    ):
        rig = LineRig({"source": celsius})
        _convert(rig)
        assert _raw(rig) & 0xFFFF == raw


def test_convert__each_resolution__takes_its_time_and_keeps_its_bits():
    for config, us, step in ((0x1F, 93_750, 8), (0x3F, 187_500, 4), (0x5F, 375_000, 2)):
        rig = LineRig({"source": 21.6})
        rig.command(0xCC, 0x4E, 0, 0, config)
        assert rig.pad()[4] == config
        rig.command(0xCC, 0x44)
        assert rig.bit() == 0
        rig.wait_us(us - 500)
        assert rig.bit() == 0
        assert rig.world.now_us() > 0
        rig.wait_us(500)
        assert rig.bit() == 1
        raw = _raw(rig)
        assert raw & step - 1 == step - 1  # what means nothing is set
        assert abs((raw & ~(step - 1)) / 16 - 21.6) <= step / 32 + 1e-6


def test_convert__read_too_early__the_value_before():
    rig = LineRig()
    _convert(rig, 700_000)
    assert _raw(rig) == 85 * 16


def test_convert__ramp__as_warm_as_at_its_end():
    rig = LineRig({"source": {"from_c": 20, "to_c": 30, "over_s": 10}})
    rig.wait_us(4_000_000)
    _convert(rig)
    assert abs(_raw(rig) / 16 - 24.75) < 0.1
    rig.wait_us(10_000_000)
    _convert(rig)
    assert _raw(rig) == 30 * 16


def test_write_scratchpad__any_configuration__only_r1_and_r0_change():
    rig = LineRig()
    for value, kept in ((0x00, 0x1F), (0xFF, 0x7F), (0x9F, 0x1F), (0x20, 0x3F)):
        rig.command(0xCC, 0x4E, 0x12, 0x34, value)
        assert rig.pad()[2:5] == [0x12, 0x34, kept]


def test_copy_and_recall__registers__survive_the_supply_only_if_copied():
    rig = LineRig()
    rig.command(0xCC, 0x4E, 0x12, 0x34, 0x3F)
    rig.chips[0].inject("unplugged", {})
    assert rig.pad()[2:5] == [0x4B, 0x46, 0x7F]
    rig.command(0xCC, 0x4E, 0x12, 0x34, 0x3F)
    rig.command(0xCC, 0x48)
    assert rig.bit() == 0
    rig.wait_us(10_000)
    assert rig.bit() == 1
    rig.chips[0].inject("unplugged", {})
    assert rig.pad()[2:5] == [0x12, 0x34, 0x3F]
    rig.command(0xCC, 0x4E, 1, 2, 0x7F)
    rig.command(0xCC, 0xB8)
    assert rig.pad()[2:5] == [0x12, 0x34, 0x3F]


def test_read_power_supply__parasite__says_so_and_loses_a_conversion():
    rig = LineRig({"parasite": True})
    rig.command(0xCC, 0xB4)
    assert rig.bit() == 0
    _convert(rig)
    assert _raw(rig) == 85 * 16
    rig = LineRig()
    rig.command(0xCC, 0xB4)
    assert rig.bit() == 1


def test_alarm_search__temperature_beyond_th__takes_part():
    for celsius, first, second in ((30, 0, 1), (20, 1, 1), (-5, 0, 1)):
        rig = LineRig({"source": celsius})
        rig.command(0xCC, 0x4E, 25, 0, 0x7F)
        _convert(rig)
        rig.command(0xEC)
        assert (rig.bit(), rig.bit()) == (first, second)  # bit 0 of family 28


def test_bad_crc__read__does_not_fit():
    rig = LineRig()
    rig.chips[0].inject("bad_crc", {})
    rig.command(0xCC, 0xBE)
    assert onewire.crc8(bytes(rig.read(9))) != 0
    rig.chips[0].inject("bad_crc", None)
    rig.pad()


def test_line_low__line__is_low_for_all():
    rig = LineRig()
    rig.chips[0].inject("line_low", {})
    assert onewire.reset(rig.pin)  # as the C module takes it
    assert rig.pin() == 0 and rig.read(2) == [0, 0]
    rig.chips[0].inject("line_low", None)
    assert rig.pin() == 1
    rig.pad()


def test_init__description_that_cannot_be__names_key_and_value():
    for config, key in (
        ({"rom": "28ff"}, "rom"),
        ({"rom": "28ffffffffffffff"}, "rom"),
        ({"source": None}, "source.from_c"),
        ({"source": {"to_c": 3}}, "source.from_c"),
    ):
        try:
            LineRig(config)
        except ValueError as error:
            assert error.args[0] == key
        else:
            raise AssertionError(config)


def test_schedule__faults_of_a_line__begin_and_end_at_their_time():
    fault = {"kind": "line_low", "chip": "chip0", "from_ms": 100, "to_ms": 200}
    gone = {"kind": "unplugged", "chip": "chip0", "from_ms": 300, "to_ms": 400}
    rig = LineRig()
    schedule({"faults": [fault, gone]}, rig.buses, rig.world)
    levels = []
    for ms in (99, 100, 199, 200, 299, 300, 399, 400):
        rig.world.advance_to(ms * 1000)
        levels.append((rig.pin(), len(rig.buses[0]["chips"])))
    assert levels == [(1, 1), (0, 1), (0, 1), (1, 1), (1, 1), (1, 0), (1, 0), (1, 1)]


def test_schedule__fault_that_a_thermometer_cannot_have__is_refused():
    for kind in ("clipping", "bus_held", "nack", "overrun", "stuck"):
        fault = {"kind": kind, "chip": "chip0", "from_ms": 1, "to_ms": 2, "factor": 2}
        rig = LineRig()
        try:
            schedule({"faults": [fault]}, rig.buses, rig.world)
        except ValueError as error:
            assert error.args[:2] == ("faults.kind", kind)
        else:
            raise AssertionError(kind)
