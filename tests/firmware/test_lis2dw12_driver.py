"""The LIS2DW12's driver on the twin of the chip, and on a bus that has no chip."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from lis_rig import LisRig, Steps, refusal

from node.drivers import bus
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.lis2dw12 import LIS2DW12

RATES = (1600, 800, 400, 200, 100, 50, 25, 12.5)
CODES = (0x94, 0x84, 0x74, 0x64, 0x54, 0x44, 0x34, 0x24)  # tables 29 and 30: CTRL1
BANDWIDTHS_HZ = (400, 400, 200, 100, 50, 25, 12.5, 6.25)  # table 41


def _on(kind="spi", source=None, **config):
    rig = LisRig("lis2dw12", kind, source, **config)
    return rig, rig.sensor(LIS2DW12, bus)


def _blocks(samples):
    return [array("h", bytes(2 * samples)) for _ in range(3)]


def test_init__wrong_id__raises_device_mismatch():
    for kind in ("i2c", "spi"):
        rig = LisRig("lis2dw12", kind)
        for got in (0x00, 0x33, 0xE5, 0xFF):
            rig.chip._regs[0x0F] = got
            try:
                rig.sensor(LIS2DW12, bus)
            except DeviceMismatch as error:
                assert (error.chip, error.expected, error.got) == ("lis2dw12", 0x44, got)
            else:
                raise AssertionError("accepted 0x%02X" % got)


def test_init__nobody_there__raises():
    rig = LisRig("lis2dw12")
    try:
        LIS2DW12(bus.I2CRegisters(rig.i2c, 0x19))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("accepted")
    rig = LisRig("lis2dw12", "spi")
    try:
        LIS2DW12(bus.SPIRegisters(rig.spi, lambda level: None))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_rate_and_range__writes_the_codes_of_the_data_sheet():
    rig, sensor = _on()
    regs = rig.chip._regs
    for i, odr_hz in enumerate(RATES):
        for fs, range_g in enumerate((2, 4, 8, 16)):
            sensor.configure(odr_hz=odr_hz, range_g=range_g)
            sensor.start()
            assert list(regs[0x20:0x26]) == [CODES[i], 0x0C, 0, 0x02, 0, fs << 4 | 0x04]
            assert regs[0x2E] == 0xC0 | sensor.watermark and regs[0x3F] == 0
            assert rig.chip.odr_hz() == sensor.odr_hz == odr_hz
            assert sensor.bandwidth_hz == BANDWIDTHS_HZ[i]
            assert sensor.g_per_digit == range_g / 32768
            # Table 3, mg a digit of 14 bits, in three figures
            table_mg = (0.244, 0.488, 0.976, 1.952)[fs]
            assert abs(sensor.g_per_digit * 4000 / table_mg - 1) < 0.001
            assert (sensor.rail_low, sensor.rail_high) == (-32768, 32764)
            assert sensor.range_g == range_g and 1 <= sensor.watermark <= 16
            assert sensor.period_us == int(1_000_000 / odr_hz)
            sensor.prove_settings()
            sensor.stop()
            assert regs[0x20] == 0


def test_configure__impossible_values__names_key_value_and_allowed():
    rig, sensor = _on("i2c")
    assert refusal(lambda: sensor.configure(odr_hz=3200)) == ("odr_hz", 3200, list(RATES))
    assert refusal(lambda: sensor.configure(range_g=3)) == ("range_g", 3, [2, 4, 8, 16])
    # 54 bits a sample on I2C: 1600 Hz would take 86 % of a slow bus.
    slow = LIS2DW12(bus.I2CRegisters(rig.i2c, 0x18, 100_000))
    assert refusal(lambda: slow.configure(odr_hz=1600)) == ("odr_hz", 1600, list(RATES[1:]))


def test_spi__several_registers__are_asked_for_with_seven_bits_of_address():
    rig, sensor = _on()
    sensor.start()
    regs = sensor._bus
    got = bytearray(4)
    regs.read_into(0x20, got)
    assert list(got) == list(rig.chip._regs[0x20:0x24])
    assert regs.multiple == 0


def test_configure__refused__leaves_everything_as_it_was():
    rig, sensor = _on()
    sensor.configure(400, 8)
    sensor.start()
    before = bytes(rig.chip._regs)
    for odr_hz, range_g in ((401, 2), (100, 5)):
        refusal(lambda: sensor.configure(odr_hz, range_g))  # noqa: B023
    sensor.start()
    assert bytes(rig.chip._regs) == before and sensor.odr_hz == 400


def test_still__range_and_rate__are_judged_only_where_the_noise_shows():
    # 0.6 digits RMS: 90 ug/sqrt(Hz) over the bandwidth against 0.244, 0.488, 0.976, 1.952 mg
    _, sensor = _on()
    for odr_hz, judged in (
        (1600, (True, True, True, True)),
        (400, (True, True, True, True)),
        (100, (True, True, True, False)),
        (12.5, (True, False, False, False)),
    ):
        for range_g, shown in zip((2, 4, 8, 16), judged):  # noqa: B905
            sensor.configure(odr_hz, range_g)
            limits = (sensor.still_samples, sensor.still_frames)
            assert limits == ((64, 16) if shown else (65536, 65536)), (odr_hz, range_g)


def test_noise__range_and_rate__holds_that_of_rounding():
    _, sensor = _on()
    for odr_hz, range_g, g_rthz in (
        (1600, 2, 90.02e-6),
        (1600, 16, 92.18e-6),
        (12.5, 16, 242.8e-6),
    ):
        sensor.configure(odr_hz, range_g)
        assert abs(sensor.noise_g_rthz / g_rthz - 1) < 0.001, (odr_hz, range_g)


def test_read_into__entries__are_the_samples_served_at_their_places():
    for kind, odr_hz in (("i2c", 800), ("spi", 1600)):
        rig, sensor = _on(kind, Steps(16 / 8192))
        sensor.configure(odr_hz, 16)
        sensor.start()
        rig.wait_us(int(20.5e6 / odr_hz))
        assert sensor.entries() == 20 and not sensor.overrun()
        x, y, z = _blocks(40)
        sensor.read_into(x, y, z, 0, 0)
        assert sensor.entries() == 20
        sensor.read_into(x, y, z, 0, 5)
        sensor.read_into(x, y, z, 10, 12)
        assert sensor.entries() >= 3  # and what has come meanwhile
        sensor.stop()
        served = rig.served(1)
        for axis, block in enumerate((x, y, z)):
            digits = served[axis::3]
            assert len(digits) == 17
            assert list(block) == digits[:5] + [0] * 5 + digits[5:] + [0] * 18
        assert list(x[:5]) == [n * 4 for n in range(5)] and min(y) == -16 * 4


def test_read_into__known_acceleration__is_right_in_every_range():
    for range_g in (2, 4, 8, 16):
        rig, sensor = _on("spi", Level(1.5, -1.5, 0.7))
        sensor.configure(800, range_g)
        sensor.start()
        rig.wait_us(20_000)
        x, y, z = _blocks(4)
        sensor.read_into(x, y, z, 0, 4)
        for block, g in ((x, 1.5), (y, -1.5), (z, 0.7)):
            assert abs(block[3] * sensor.g_per_digit - g) <= 2.01 * sensor.g_per_digit, range_g


def test_read_into__extremes__keep_their_sign():
    for range_g in (2, 4, 8, 16):
        rig, sensor = _on("spi", Level(99.0, -99.0, -range_g / 8192))
        sensor.configure(800, range_g)
        sensor.start()
        rig.wait_us(20_000)
        x, y, z = _blocks(1)
        sensor.read_into(x, y, z, 0, 1)  # has not settled
        sensor.read_into(x, y, z, 0, 1)
        assert (x[0], y[0], z[0]) == (32764, -32768, -4)


def test_read_into__outside_the_blocks__is_refused_before_the_bus_is_asked():
    rig, sensor = _on()
    sensor.start()
    rig.wait_us(400_000)
    waiting = sensor.entries()
    x, y, z = _blocks(10)
    for at, count in ((0, 33), (8, 3), (-1, 2), (0, -1)):
        assert refusal(lambda: sensor.read_into(x, y, z, at, count))[0] == "count"  # noqa: B023
    assert refusal(lambda: sensor.read_into(x, array("h", [0]), z, 0, 2))[0] == "count"
    assert sensor.entries() == waiting == 32


def test_overrun__sample_overwritten__is_seen_until_it_is_read():
    for kind in ("i2c", "spi"):
        rig, sensor = _on(kind, Steps(2 / 8192))
        sensor.configure(400, 2)
        sensor.start()
        rig.wait_us(int(32.5 * 2500))
        assert not sensor.overrun() and sensor.entries() == 32  # full, and nothing lost
        rig.wait_us(2500)
        assert sensor.overrun() and sensor.entries() == 32
        x, y, z = _blocks(32)
        sensor.read_into(x, y, z, 0, 32)
        assert not sensor.overrun() and sensor.entries() <= 2
        assert [value // 4 for value in x] == list(range(1, 33))


def test_start__again__empties_the_fifo():
    rig, sensor = _on()
    sensor.start()
    rig.wait_us(600_000)
    sensor.start()
    assert sensor.entries() == 0 and not sensor.overrun()


def test_supply_lost__is_found_and_start_writes_everything_anew():
    rig, sensor = _on()
    sensor.configure(400, 8)
    sensor.start()
    before = bytes(rig.chip._regs)
    rig.chip.inject("unplugged", {})
    try:
        sensor.prove_settings()
    except SensorReset as error:
        assert (error.chip, error.reg, error.expected, error.got) == ("lis2dw12", 0x20, 0x74, 0x00)
    else:
        raise AssertionError("not found")
    sensor.start()
    assert bytes(rig.chip._regs) == before
