"""The LIS3DH's driver on the twin of the chip, and on a bus that has no chip."""

import sys
from array import array

from paths import TESTS

sys.path.append(TESTS + "/firmware")

from adxl345_rig import Level
from lis_rig import LisRig, Steps, refusal

from node.drivers import bus
from node.drivers.errors import DeviceMismatch, SensorReset
from node.drivers.lis3dh import LIS3DH

RATES = (5376, 1600, 1344, 400, 200, 100, 50, 25, 10, 1)
# Table 31 with LPen and the three axes: CTRL_REG1
CODES = (0x9F, 0x8F, 0x97, 0x77, 0x67, 0x57, 0x47, 0x37, 0x27, 0x17)
G_PER_DIGIT = (0.0625e-3, 0.125e-3, 0.25e-3, 0.75e-3)  # table 4: 1, 2, 4, 12 mg / 16


def _on(kind="spi", source=None, **config):
    rig = LisRig("lis3dh", kind, source, **config)
    return rig, rig.sensor(LIS3DH, bus)


def _blocks(samples):
    return [array("h", bytes(2 * samples)) for _ in range(3)]


def test_init__wrong_id__raises_device_mismatch():
    for kind in ("i2c", "spi"):
        rig = LisRig("lis3dh", kind)
        for got in (0x00, 0x44, 0xE5, 0xFF):
            rig.chip._regs[0x0F] = got
            try:
                rig.sensor(LIS3DH, bus)
            except DeviceMismatch as error:
                assert (error.chip, error.expected, error.got) == ("lis3dh", 0x33, got)
            else:
                raise AssertionError("accepted 0x%02X" % got)


def test_init__nobody_there__raises():
    rig = LisRig("lis3dh")
    try:
        LIS3DH(bus.I2CRegisters(rig.i2c, 0x19))
    except OSError as error:
        assert error.args[0] == 5
    else:
        raise AssertionError("accepted")
    rig = LisRig("lis3dh", "spi")
    try:
        LIS3DH(bus.SPIRegisters(rig.spi, lambda level: None))
    except DeviceMismatch as error:
        assert error.got == 0
    else:
        raise AssertionError("accepted")


def test_start__every_rate_and_range__writes_the_codes_of_the_data_sheet():
    rig, sensor = _on()
    regs = rig.chip._regs
    for code, odr_hz in zip(CODES, RATES):  # noqa: B905  MicroPython's has no strict
        for fs, range_g in enumerate((2, 4, 8, 16)):
            sensor.configure(odr_hz=odr_hz, range_g=range_g)
            sensor.start()
            assert list(regs[0x20:0x26]) == [code, 0, 0x04, 0x80 | fs << 4, 0x40, 0]
            assert regs[0x2E] == 0x80 | sensor.watermark - 1
            assert rig.chip.odr_hz() == sensor.odr_hz == odr_hz
            assert sensor.bandwidth_hz == odr_hz / 2  # table 10
            assert abs(sensor.g_per_digit / G_PER_DIGIT[fs] - 1) < 1e-6
            assert sensor.range_g == range_g and 1 <= sensor.watermark <= 16
            assert sensor.period_us == 1_000_000 // odr_hz
            sensor.prove_settings()
            sensor.stop()
            assert regs[0x20] == 0


def test_configure__impossible_values__names_key_value_and_allowed():
    _, sensor = _on()
    assert refusal(lambda: sensor.configure(odr_hz=800)) == ("odr_hz", 800, list(RATES))
    assert refusal(lambda: sensor.configure(range_g=3)) == ("range_g", 3, [2, 4, 8, 16])
    # 54 bits a sample on I2C: 5376 Hz would take 73 % of the bus.
    rig, sensor = _on("i2c")
    assert refusal(lambda: sensor.configure(odr_hz=5376)) == ("odr_hz", 5376, list(RATES[1:]))
    slow = LIS3DH(bus.I2CRegisters(rig.i2c, 0x18, 100_000))
    assert refusal(lambda: slow.configure(odr_hz=1344)) == ("odr_hz", 1344, list(RATES[3:]))


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
    # 0.6 digits RMS: 220 ug/sqrt(Hz) over ODR/2 against 4, 8, 16, 48 mg, four times in 8 bits.
    _, sensor = _on()
    for odr_hz, judged in (
        (5376, (True, False, False, False)),
        (1600, (False, False, False, False)),
        (1344, (True, True, False, False)),
        (400, (True, False, False, False)),
        (100, (False, False, False, False)),
    ):
        for range_g, shown in zip((2, 4, 8, 16), judged):  # noqa: B905
            sensor.configure(odr_hz, range_g)
            limits = (sensor.still_samples, sensor.still_frames)
            assert limits == ((64, 16) if shown else (65536, 65536)), (odr_hz, range_g)


def test_noise__range_and_rate__holds_that_of_rounding():
    _, sensor = _on()
    for odr_hz, range_g, g_rthz in (
        (1344, 2, 224.4e-6),
        (1344, 16, 577.9e-6),
        (5376, 16, 1092e-6),
        (100, 2, 274.0e-6),
    ):
        sensor.configure(odr_hz, range_g)
        assert abs(sensor.noise_g_rthz / g_rthz - 1) < 0.001, (odr_hz, range_g)


def test_read_into__entries__are_the_samples_served_at_their_places():
    for kind, odr_hz in (("i2c", 400), ("spi", 1344)):
        rig, sensor = _on(kind, Steps(0.048))
        sensor.configure(odr_hz, 16)
        sensor.start()
        rig.wait_us(int(20.5e6 / odr_hz) + 1600)
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
        assert list(x[:5]) == [n * 64 for n in range(5)] and min(y) == -16 * 64


def test_read_into__known_acceleration__is_right_in_every_range_and_mode():
    for odr_hz in (5376, 1344, 400):
        for range_g in (2, 4, 8, 16):
            rig, sensor = _on("spi", Level(1.5, -1.5, 0.75))
            sensor.configure(odr_hz, range_g)
            sensor.start()
            rig.wait_us(20_000)
            x, y, z = _blocks(4)
            sensor.read_into(x, y, z, 0, 4)
            step_g = sensor.g_per_digit * (256 if odr_hz == 5376 else 64)
            for block, g in ((x, 1.5), (y, -1.5), (z, 0.75)):
                assert abs(block[3] * sensor.g_per_digit - g) <= 0.501 * step_g, (odr_hz, range_g)


def test_read_into__extremes__keep_their_sign_and_lie_beyond_the_rails():
    for odr_hz, high, low in ((1344, 32704, -32768), (5376, 32512, -32768)):
        for range_g in (2, 4, 8, 16):
            rig, sensor = _on("spi", Level(99.0, -99.0, -range_g / 64))
            sensor.configure(odr_hz, range_g)
            sensor.start()
            rig.wait_us(20_000)
            x, y, z = _blocks(1)
            sensor.read_into(x, y, z, 0, 1)
            assert (x[0], y[0]) == (high, low) and z[0] < 0, (odr_hz, range_g)
            assert low <= sensor.rail_low < 0 < sensor.rail_high <= high
            step_g = sensor.g_per_digit * (256 if odr_hz == 5376 else 64)
            for rail in (sensor.rail_high, -sensor.rail_low):
                assert abs(rail * sensor.g_per_digit - range_g) <= 1.01 * step_g


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


def test_overrun__fifo_full__is_seen_until_it_is_read():
    for kind in ("i2c", "spi"):
        rig, sensor = _on(kind, Steps(0.004))
        sensor.configure(400, 2)
        sensor.start()
        rig.wait_us(1600 + int(31.5 * 2500))
        assert not sensor.overrun() and sensor.entries() == 31
        rig.wait_us(2500)
        assert sensor.overrun() and sensor.entries() == 32
        rig.wait_us(100_000)
        assert sensor.overrun() and sensor.entries() == 32
        x, y, z = _blocks(32)
        sensor.read_into(x, y, z, 0, 32)
        assert not sensor.overrun() and sensor.entries() <= 2
        assert [value // 64 for value in x] == list(range(x[0] // 64, x[0] // 64 + 32))


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
        assert (error.chip, error.reg, error.expected, error.got) == ("lis3dh", 0x20, 0x77, 0x07)
    else:
        raise AssertionError("not found")
    sensor.start()
    assert bytes(rig.chip._regs) == before
