"""The KX134's driver on the twin of the chip, and on a bus that has no chip."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import INT1, Level
from kx134_rig import ADDRESS, Counting, Rig134
from lis_rig import refusal

from node.drivers import bus
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.kx134 import KX134

RATES = (25600, 12800, 6400, 3200, 1600, 800, 400, 200, 100, 50, 25, 12.5, 6.25, 3.125, 1.563)
RATES += (0.781,)
LOST = 65536


def _blocks(samples):
    return [array("h", bytes(2 * samples)) for _ in range(3)]


def test_init__wrong_id__raises_device_mismatch():
    for got in (0x00, 0x3D, 0xFF):
        rig = Rig134()
        rig.chip.read_register = lambda reg, got=got: got
        try:
            rig.sensor(KX134, bus)
        except DeviceMismatch as error:
            assert (error.chip, error.expected, error.got) == ("kx134", 0x46, got)
        else:
            raise AssertionError("accepted 0x%02X" % got)


def test_init__nobody_there__raises():
    rig = Rig134()
    try:
        KX134(bus.I2CRegisters(rig.i2c, 0x1F))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("accepted")
    rig = Rig134("spi")
    try:
        KX134(bus.SPIRegisters(rig.spi, lambda level: None))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_rate_and_range__writes_the_codes_of_the_manual():
    for kind in ("spi", "i2c"):
        rig = Rig134(kind, Level(0, 0, 0))
        sensor = rig.sensor(KX134, bus)
        regs = rig.chip._regs
        for step, odr_hz in enumerate(RATES):
            if kind == "i2c" and odr_hz > 3200:
                continue
            for code, range_g in enumerate((8, 16, 32, 64)):
                sensor.configure(odr_hz, range_g)
                sensor.start()
                assert regs[0x1B] == 0xC0 | code << 3 and regs[0x21] == 0x40 | 15 - step
                assert regs[0x22] == 0x30 and regs[0x25] == 0x20
                assert regs[0x5E] == sensor.watermark and regs[0x5F] == 0xE1
                assert sensor.odr_hz == odr_hz and sensor.bandwidth_hz == odr_hz / 2
                assert sensor.g_per_digit == range_g / 32768
                assert (sensor.rail_low, sensor.rail_high) == (-32768, 32767)
                assert 1 <= sensor.watermark <= 43
                sensor.prove_settings()
                sensor.stop()
                assert not regs[0x1B] & 0x80


def test_configure__impossible_values__names_key_value_and_allowed():
    rig = Rig134("spi")
    sensor = rig.sensor(KX134, bus)
    assert refusal(lambda: sensor.configure(26700)) == ("odr_hz", 26700, list(RATES))
    assert refusal(lambda: sensor.configure(800, 4)) == ("range_g", 4, [8, 16, 32, 64])
    slow = KX134(bus.SPIRegisters(rig.spi, rig.cs, 1_000_000))
    assert refusal(lambda: slow.configure(12800)) == ("odr_hz", 12800, list(RATES[2:]))
    sensor = Rig134().sensor(KX134, bus)
    assert refusal(lambda: sensor.configure(6400)) == ("odr_hz", 6400, list(RATES[3:]))
    slow = KX134(bus.I2CRegisters(Rig134().i2c, ADDRESS, 100_000))
    assert refusal(lambda: slow.configure(1600)) == ("odr_hz", 1600, list(RATES[5:]))


def test_configure__little_noise_for_a_digit__does_not_call_stillness_stuck():
    sensor = Rig134("spi").sensor(KX134, bus)
    for odr_hz, range_g, still in (
        (25600, 64, 64),
        (50, 64, 64),
        (25, 64, LOST),
        (0.781, 8, 64),
        (0.781, 16, LOST),
    ):
        sensor.configure(odr_hz, range_g)
        assert sensor.still_samples == still, (odr_hz, range_g)
        assert sensor.still_frames == (16 if still == 64 else LOST)
        rounding_g_rthz = range_g / 32768 / (6 * odr_hz) ** 0.5
        wanted = (300e-6**2 + rounding_g_rthz**2) ** 0.5
        assert abs(sensor.noise_g_rthz / wanted - 1) < 1e-3


def test_read_into__samples__are_those_served_at_their_places():
    for kind, odr_hz in (("i2c", 800), ("spi", 25600)):
        rig = Rig134(kind, Counting())
        sensor = rig.sensor(KX134, bus)
        sensor.configure(odr_hz, 16)
        sensor.start()
        rig.wait_us(int(75.5e6 / odr_hz))
        assert 75 <= sensor.entries() <= 76 and not sensor.overrun()
        x, y, z = _blocks(100)
        sensor.read_into(x, y, z, 0, 1)
        sensor.read_into(x, y, z, 10, 74)
        sensor.read_into(x, y, z, 90, 0)
        sensor.stop()
        served = rig.served(1)
        for axis, block in enumerate((x, y, z)):
            digits = served[axis::3]
            assert len(digits) == 75
            assert list(block) == digits[:1] + [0] * 9 + digits[1:] + [0] * 16
        assert list(x[10:84]) == list(range(1, 75)) and y[83] == -74 and z[10] == 2049


def test_read_into__extremes__keep_their_sign():
    small = 64 / 32768
    ends = {99.0: 32767, -99.0: -32768, -small: -1}
    for g in ((99.0, -99.0, -small), (-99.0, -small, 99.0), (-small, 99.0, -99.0)):
        rig = Rig134("spi", Level(*g))
        sensor = rig.sensor(KX134, bus)
        sensor.configure(25600, 64)
        sensor.start()
        rig.wait_us(1000)
        blocks = _blocks(4)
        sensor.read_into(*blocks, 0, 4)
        assert [list(block) for block in blocks] == [[ends[value]] * 4 for value in g]


def test_read_into__outside_the_blocks__is_refused_before_the_bus_is_asked():
    sensor = Rig134("spi", Counting()).sensor(KX134, bus)
    sensor.start()
    x, y, z = _blocks(10)
    for at, count in ((0, 87), (8, 3), (-1, 2), (0, -1)):
        assert refusal(lambda: sensor.read_into(x, y, z, at, count))[0] == "count"  # noqa: B023
    assert refusal(lambda: sensor.read_into(x, array("h", [0]), z, 0, 2))[0] == "count"


def test_read_into__buffer_below_the_watermark__lets_the_line_fall():
    rig = Rig134("spi", Counting())
    sensor = rig.sensor(KX134, bus)
    sensor.configure(6400, 16)
    sensor.start()
    line = rig.world.pin_state(INT1)
    for _ in range(3):
        rig.wait_us(6000)
        assert line.level == 1
        sensor.read_into(*_blocks(86), 0, sensor.entries())
        assert line.level == 0


def test_overrun__buffer_full__is_seen_until_it_is_read():
    rig = Rig134("spi", Counting())
    sensor = rig.sensor(KX134, bus)
    sensor.configure(6400, 16)
    sensor.start()
    rig.wait_us(20_000)
    assert sensor.overrun() and sensor.entries() == 86
    sensor.read_into(*_blocks(86), 0, 86)
    assert not sensor.overrun() and sensor.entries() < 10


def test_start__again__begins_with_an_empty_buffer_and_a_low_line():
    rig = Rig134("spi", Counting())
    sensor = rig.sensor(KX134, bus)
    for osa, odr_hz in ((13, 6400), (12, 3200), (11, 1600)):  # without a stop in between
        sensor.configure(odr_hz, 16)
        sensor.start()
        assert rig.chip._regs[0x21] == 0x40 | osa
        assert sensor.entries() == 0 and not sensor.overrun()
        assert rig.world.pin_state(INT1).level == 0
        rig.wait_us(30_000)
        rig.exchange(0x80 | 0x63, 0)


def test_start__chip_lost_its_supply__writes_everything_anew():
    rig = Rig134("i2c", Counting())
    sensor = rig.sensor(KX134, bus)
    sensor.configure(400, 32)
    sensor.start()
    before = bytes(rig.chip._regs)
    rig.chip.inject("unplugged", {})
    try:
        sensor.prove_settings()
    except SensorReset as error:
        assert (error.reg, error.expected, error.got) == (0x1B, 0xD0, 0)
    else:
        raise AssertionError("not seen")
    for reg in (0x21, 0x22, 0x25, 0x26, 0x27, 0x5D, 0x5E, 0x5F, 0x65):
        rig.put(reg, 0xCA)
    sensor.start()
    assert bytes(rig.chip._regs) == before
